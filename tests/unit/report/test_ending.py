"""The end of a run on the command line: which files are said to be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.report.runs import shop
from warmer.cli_ending import conclude
from warmer.errors import ExitCode
from warmer.report.summary import summarise

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

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
