"""Passes after the first: the origin counts what they cost, a real nginx is the cache."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.servers import fronts
from tests.servers.misbehaviour import in_turn, page
from tests.servers.rogue import ARRIVAL_LIMIT_S
from tests.system.command import crawl, started, warmer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartNginx
    from tests.servers.rogue import Exchange, Rogue

SITE = "http://www.example.test"
PAGES = 12
KEPT = page(headers={"Cache-Control": "max-age=600"})
PRIVATE = page(headers={"Cache-Control": "private"})
BUSY = page(status="503 Service Unavailable")
BROKEN = page(status="500 Internal Server Error")

Arguments = list[str]


@pytest.fixture
def arguments(rogue: Rogue, start_nginx: StartNginx, tmp_path: Path) -> Arguments:
    """A crawl of twelve pages that nginx keeps, without retries of its own."""
    proxy = start_nginx(fronts.nginx_cache(rogue.port))
    paths = [f"/p/{number}/" for number in range(1, PAGES + 1)]
    for path in paths:
        rogue.on(path, KEPT)
    (tmp_path / "urls.txt").write_text("\n".join(paths), encoding="utf-8")
    (tmp_path / "site.toml").write_text(
        f"""
        base_url = "{SITE}"
        connect_to = "{proxy.node}"
        [[source]]
        path = "urls.txt"
        [crawl]
        retries = 0
        concurrency = 1
        """,
        encoding="utf-8",
    )
    return ["-c", "site.toml"]


def counts(rogue: Rogue) -> dict[int, int]:
    """How often the origin rendered each page, where that was not once."""
    found = {number: rogue.count(f"/p/{number}/") for number in range(1, PAGES + 1)}
    return {number: count for number, count in found.items() if count != 1}


def test_a_page_that_failed_is_fetched_again_and_no_page_that_is_warm(
    arguments: Arguments, rogue: Rogue, tmp_path: Path
) -> None:
    rogue.on("/p/5/", in_turn(BUSY, BUSY, KEPT))
    rogue.on("/p/9/", in_turn(BROKEN, KEPT))
    result = crawl(tmp_path, *arguments, "--passes", "3")
    assert result.report["counts"]["warm"] == PAGES, result.stderr
    assert counts(rogue) == {5: 3, 9: 2}


def test_one_pass_is_what_a_run_has_unless_it_is_asked_for_more(
    arguments: Arguments, rogue: Rogue, tmp_path: Path
) -> None:
    rogue.on("/p/5/", in_turn(BUSY, KEPT))
    result = crawl(tmp_path, *arguments)
    assert result.verdicts()["/p/5/"] == ("failed", "status-503")
    assert counts(rogue) == {}


def test_a_page_that_may_not_be_kept_is_not_fetched_again(
    arguments: Arguments, rogue: Rogue, tmp_path: Path
) -> None:
    rogue.on("/p/5/", PRIVATE)
    result = crawl(tmp_path, *arguments, "--passes", "5")
    assert result.verdicts()["/p/5/"][0] == "uncacheable"
    assert counts(rogue) == {}


def test_passes_that_gain_nothing_end_by_themselves(
    arguments: Arguments, rogue: Rogue, tmp_path: Path
) -> None:
    rogue.on("/p/5/", BROKEN)
    result = crawl(tmp_path, *arguments, "--until-stable", "-v")
    assert counts(rogue) == {5: 2}
    assert "no pass 3: the last pass changed nothing" in result.stderr
    assert (result.code, result.report["run"]["status"]) == (0, "finished")


def test_a_pass_that_mostly_fails_is_given_up_and_what_was_warmed_counts(
    arguments: Arguments, rogue: Rogue, tmp_path: Path
) -> None:
    (tmp_path / "urls.txt").write_text(
        "\n".join(f"/p/{number}/" for number in range(1, 61)), encoding="utf-8"
    )
    for number in range(1, 61):
        rogue.on(f"/p/{number}/", KEPT if number % 3 else BROKEN)
    result = crawl(tmp_path, *arguments, "--passes", "2")
    assert (result.code, result.report["run"]["status"]) == (0, "finished"), result.stderr
    assert result.report["counts"]["warm"] == 40
    assert result.report["counts"]["failed"] == 20
    assert {row.reason for row in result.rows if row.verdict == "failed"} == {"status-500"}
    (warning,) = (each for each in result.report["warnings"] if each.startswith("pass 2"))
    assert warning.startswith("pass 2 was given up: 10 of the last 10 requests failed")


def test_a_run_killed_in_its_second_pass_goes_on_and_renders_no_warm_page_again(
    arguments: Arguments, rogue: Rogue, tmp_path: Path
) -> None:
    arrived = threading.Event()

    def hang(exchange: Exchange) -> None:
        arrived.set()
        exchange.pause()

    rogue.on("/p/5/", in_turn(BUSY, KEPT))
    rogue.on("/p/9/", in_turn(BUSY, hang, KEPT))
    with started(tmp_path, "crawl", *arguments, "--passes", "2") as process:
        assert arrived.wait(timeout=ARRIVAL_LIMIT_S)
        process.kill()
        process.wait()
    assert warmer(tmp_path, "runs").stdout.splitlines()[1].split("\t")[3] == "interrupted"
    result = crawl(tmp_path, "--resume", "last")
    assert result.report["counts"]["warm"] == PAGES, result.stderr
    assert counts(rogue) == {5: 2, 9: 3}


def test_each_decision_is_one_line_with_v(
    arguments: Arguments, rogue: Rogue, tmp_path: Path
) -> None:
    rogue.on(
        "/p/5/", in_turn(page(status="503 Service Unavailable", headers={"Retry-After": "0"}), KEPT)
    )
    site = (tmp_path / "site.toml").read_text(encoding="utf-8")
    (tmp_path / "site.toml").write_text(site.replace("retries = 0", "retries = 1"))
    result = crawl(tmp_path, *arguments, "--passes", "2", "-v")
    said = result.stderr.splitlines()
    assert f"{SITE}/p/5/: status 503, again in 0.0 s, as Retry-After asks" in said
    assert f"{PAGES} second fetches, 0 where no cache said a word" in said
    assert "no pass 2: nothing is left that another fetch may change" in said
