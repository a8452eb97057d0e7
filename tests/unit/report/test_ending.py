"""The end of a run on the command line: which files are said to be written, and how it goes on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.report.runs import finish, new_run, page, shop
from warmer.cli_ending import conclude
from warmer.errors import ExitCode
from warmer.model import RunStatus
from warmer.report.summary import summarise

if TYPE_CHECKING:
    from warmer.store import Store


def test_only_what_was_written_is_said_to_be_and_the_rest_is_tried(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = summarise(store, shop(store))
    paths = [tmp_path / "gone" / "a.html", tmp_path / "b.json", tmp_path / "gone" / "c.xml"]
    code = conclude(
        found, ExitCode.OK, store_path=tmp_path / "warmer.db", reports=paths, quiet=False
    )
    told = capsys.readouterr()
    assert code is ExitCode.USAGE
    assert paths[1].exists()
    assert told.out.splitlines()[-1] == f"Written: {paths[1]}"
    assert [line.count("cannot be written") for line in told.err.splitlines()] == [1, 1]


@pytest.mark.parametrize(
    ("place", "besides"),
    [
        ("warmer.db", ""),
        ("/srv/shop/warmer.db", ", with --store /srv/shop/warmer.db or the same -c"),
    ],
)
def test_who_was_interrupted_is_told_where_the_run_is_kept(
    place: str, besides: str, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = new_run(store, [page(1, "/")])
    onward = f"`warmer crawl --resume {run_id}` goes on"
    finish(store, run_id, status=RunStatus.INTERRUPTED, note=onward)
    found = summarise(store, run_id)
    conclude(found, ExitCode.INTERRUPTED, store_path=Path(place), reports=(), quiet=True)
    told = capsys.readouterr().err.splitlines()[-1]
    assert told == f"warmer: run {run_id} was interrupted: {onward}{besides}"
