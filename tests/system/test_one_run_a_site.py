"""One run of a site at a time: the second renders nothing, and says which one is under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers.misbehaviour import page
from tests.system.command import crawl, started, warmer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.rogue import Rogue

SITE = "http://www.example.test"
HIT = page(headers={"X-Cache": "HIT from proxy"})


@pytest.fixture
def arguments(rogue: Rogue, tmp_path: Path) -> list[str]:
    (tmp_path / "urls.txt").write_text("/1\n/2\n", encoding="utf-8")
    for path in ("/1", "/2"):
        rogue.on(path, HIT)
    return ["urls.txt", "--base-url", SITE, "--connect-to", f"127.0.0.1:{rogue.port}"]


def test_a_second_crawl_of_a_site_is_refused_and_fetches_nothing(
    arguments: list[str], rogue: Rogue, tmp_path: Path
) -> None:
    with started(tmp_path, "crawl", *arguments) as first, rogue.hold("/1") as held:
        held.wait_until_arrived()
        second = crawl(tmp_path, *arguments)
        assert (second.code, rogue.count()) == (3, 1)
        held.__exit__()
        assert first.wait(timeout=60) == 0
    (line,) = second.stderr.splitlines()
    assert line.startswith("warmer: run 2")
    assert line.endswith(
        " of www.example.test is under way, and two at once would render each page twice;"
        " expected to be alone, so try again when it has ended"
    )
    assert len(warmer(tmp_path, "runs").stdout.splitlines()) == 2
    assert list(tmp_path.glob("*.lock")) == []


def test_verify_and_another_site_are_not_kept_waiting(
    arguments: list[str], rogue: Rogue, tmp_path: Path
) -> None:
    rogue.on("/3", HIT)
    with started(tmp_path, "crawl", *arguments) as first, rogue.hold("/1") as held:
        held.wait_until_arrived()
        assert crawl(tmp_path, *arguments, word="verify").code == 0
        other = ["-", "--base-url", "http://other.test", *arguments[3:]]
        assert crawl(tmp_path, *other, stdin="/3\n").code == 0
        held.__exit__()
        assert first.wait(timeout=60) == 0


def test_a_run_that_was_killed_keeps_nobody_waiting(
    arguments: list[str], rogue: Rogue, tmp_path: Path
) -> None:
    with started(tmp_path, "crawl", *arguments) as first, rogue.hold("/1") as held:
        held.wait_until_arrived()
        first.kill()
        first.wait()
    assert crawl(tmp_path, *arguments).code == 0


@pytest.mark.parametrize("command", [["runs"], ["report", "last"], ["crawl", "--resume", "last"]])
def test_where_there_is_no_store_none_is_made_and_that_is_said(
    command: list[str], tmp_path: Path
) -> None:
    result = warmer(tmp_path, *command)
    assert result.code == 2
    assert result.stderr == (
        "warmer: warmer.db: no such file; expected the store that `warmer crawl` makes, or one"
        " named by --store FILE or -c SITE.toml\n"
    )
    assert list(tmp_path.iterdir()) == []
