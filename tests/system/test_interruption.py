"""Runs that something ends early: one line says why, what was done is kept, the run goes on."""

from __future__ import annotations

import re
import resource
import signal
from typing import TYPE_CHECKING

import pytest

from tests.servers.django_site import SiteOptions
from tests.servers.misbehaviour import page, reset
from tests.system.command import crawl, read_reports, started, warmer
from tests.system.under_way import kept, until

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.conftest import StartRedis, StartSite
    from tests.servers.rogue import Rogue

SITE = "http://www.example.test"
HIT = page(headers={"X-Cache": "HIT from proxy", "Cache-Control": "max-age=600"})
REPORTS = ("--report", "report.json", "--report", "report.jsonl")


@pytest.fixture
def arguments(rogue: Rogue, tmp_path: Path) -> list[str]:
    """Forty pages that a proxy has, fetched one by one."""
    pages(rogue, tmp_path, 40)
    where = ["--base-url", SITE, "--connect-to", f"127.0.0.1:{rogue.port}"]
    return ["crawl", "urls.txt", *where, "--concurrency", "1", *REPORTS]


def pages(rogue: Rogue, directory: Path, count: int) -> None:
    for number in range(1, count + 1):
        rogue.on(f"/p/{number}/", HIT)
    paths = "".join(f"/p/{number}/\n" for number in range(1, count + 1))
    (directory / "urls.txt").write_text(paths, encoding="utf-8")


def counts(rogue: Rogue, first: int, last: int) -> list[int]:
    return [rogue.count(f"/p/{number}/") for number in range(first, last + 1)]


def said(process: subprocess.Popen[str], word: str) -> str:
    """What was said on standard error up to the line with this word."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if word in line:
            return "".join(lines)
    raise AssertionError("".join(lines))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_a_run_in_order_with_a_summary_and_it_can_be_resumed(
    rogue: Rogue, arguments: list[str], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with started(tmp_path, *arguments) as process:
        with rogue.hold("/p/7/") as held:
            held.wait_until_arrived()
            process.send_signal(number)
            errors = said(process, "stopping")
        output, rest = process.communicate(timeout=60)
    assert process.returncode == code, errors + rest
    # What was on the wire came to its end, and nothing new was begun.
    assert counts(rogue, 1, 9) == [1, 1, 1, 1, 1, 1, 1, 0, 0]
    report, rows = read_reports(tmp_path)
    assert report["run"]["status"] == "interrupted"
    assert report["counts"] == {
        "planned": 40, "attempted": 7, "warm": 7, "uncacheable": 0, "failed": 0, "unverified": 33,
    }  # fmt: skip
    assert {row.reason for row in rows[7:]} == {"not-attempted"}
    assert output.startswith("7 of 40 targets are warm (17.5 %).\n")
    identifier = report["run"]["id"]
    assert rest.splitlines()[-1] == (
        f"warmer: run {identifier} was interrupted: `warmer crawl --resume {identifier}` goes on"
    )

    again = crawl(tmp_path, "--resume", "last")

    assert again.code == 0, again.stderr
    assert again.report["run"]["id"] == identifier
    assert again.report["counts"]["warm"] == 40
    # What had its verdict is left alone; the others are fetched, and asked for again.
    assert counts(rogue, 1, 40) == [1] * 7 + [2] * 33
    assert list(tmp_path.glob("*.lock")) == []


def test_a_second_signal_ends_it_at_once(
    rogue: Rogue, arguments: list[str], tmp_path: Path
) -> None:
    with started(tmp_path, *arguments) as process, rogue.hold("/p/7/") as held:
        held.wait_until_arrived()
        process.send_signal(signal.SIGTERM)
        said(process, "stopping")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
        assert (process.returncode, output) == (130, "")
    assert warmer(tmp_path, "runs").stdout.splitlines()[1].split("\t")[3] == "interrupted"
    again = crawl(tmp_path, "--resume", "last")
    assert (again.code, again.report["counts"]["warm"]) == (0, 40), again.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_while_sources_are_read_ends_it_with_one_line(
    rogue: Rogue, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    where = ("--base-url", SITE, "--connect-to", f"127.0.0.1:{rogue.port}")
    with (
        rogue.hold("/sitemap.xml") as held,
        started(tmp_path, "crawl", f"{SITE}/sitemap.xml", *where) as process,
    ):
        held.wait_until_arrived()
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (code, "", "warmer: interrupted\n")


def test_an_origin_that_dies_aborts_the_run_and_what_was_done_is_kept(
    rogue: Rogue, arguments: list[str], tmp_path: Path
) -> None:
    (tmp_path / "site.toml").write_text("[crawl]\nretries = 0\nabort_window = 20\n")
    with started(tmp_path, *arguments, "-c", "site.toml") as process:
        with rogue.hold("/p/11/") as held:
            held.wait_until_arrived()
            for number in range(11, 41):
                rogue.on(f"/p/{number}/", reset())
            rogue.stop()
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 3, errors
    report, rows = read_reports(tmp_path)
    assert report["run"]["status"] == "aborted"
    assert [row.verdict for row in rows[:10]] == ["warm"] * 10
    # More than half of the last twenty: the eleventh failure ends it.
    assert [row.verdict for row in rows[10:]] == ["failed"] * 11 + ["unverified"] * 19
    assert report["hit_ratio"] == 0.25
    assert errors.splitlines()[-1].startswith(
        f"warmer: run {report['run']['id']} was aborted:"
        " 11 of the last 20 requests failed, more than abort_ratio 0.5 allows; the last: c"
    )
    assert output.startswith("10 of 40 targets are warm (25.0 %).\n")


def test_an_origin_that_is_not_there_is_told_at_once_and_nothing_else_is_tried(
    rogue: Rogue, arguments: list[str], tmp_path: Path
) -> None:
    rogue.stop()
    (tmp_path / "site.toml").write_text("[crawl]\nretries = 0\n")
    result = warmer(tmp_path, *arguments, "-c", "site.toml")
    assert result.code == 3
    report, _ = read_reports(tmp_path)
    assert report["counts"]["warm"] == 0
    last = result.stderr.splitlines()[-1]
    assert last.startswith(f"warmer: run {report['run']['id']} was aborted: ")
    assert "Traceback" not in result.stderr


def test_a_redis_that_dies_is_unreachable_and_no_ratio_of_0(
    start_site: StartSite, start_redis: StartRedis, tmp_path: Path
) -> None:
    redis = start_redis()
    site = start_site(
        SiteOptions(
            cache_backend="redis", cache_location=redis.url, site_cache=True, pages=9, slow_s=0.5
        )
    )
    (tmp_path / "urls.txt").write_text("".join(f"/p/{n}/\n" for n in range(1, 10)) + "/slow/\n")
    where = ("--base-url", site.url, "--connect-to", site.node)
    options = [*where, "--cache", redis.url, "--concurrency", "1", *REPORTS]
    threshold = ("--threshold", "hit_ratio>=0")
    with started(tmp_path, "crawl", "urls.txt", *options, *threshold) as process:
        until(lambda: site.renders("/slow/") > 0, process)
        redis.server.stop()
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 3, errors
    report, rows = read_reports(tmp_path)
    assert report["run"]["status"] == "aborted"
    last = errors.splitlines()[-1]
    assert last.startswith(f"warmer: run {report['run']['id']} was aborted: cache {redis.url}: ")
    assert "Traceback" not in errors
    # Fetched and kept, not judged; and what was not measured is no number.
    assert [row.status for row in rows[:9]] == [200] * 9
    assert {row.verdict for row in rows} == {"unverified"}
    assert (report["hit_ratio"], report["cacheable_hit_ratio"]) == (None, None)
    assert report["thresholds"] == [{"expr": "hit_ratio>=0", "value": None, "verdict": "no_data"}]
    (cache,) = report["caches"]
    assert (cache["hits"], cache["misses"], cache["hit_ratio"]) == (None, None, None)
    assert cache["trusted"] is False
    assert output.startswith("None of 10 targets was verified.\n")
    assert "Hit ratio" not in output


def test_a_disk_that_fills_up_ends_the_run_at_once_and_what_was_written_is_kept(
    rogue: Rogue, arguments: list[str], tmp_path: Path
) -> None:
    pages(rogue, tmp_path, 3000)
    with started(tmp_path, *arguments[: -len(REPORTS)]) as process:
        with rogue.hold("/p/300/") as held:
            held.wait_until_arrived()
            until(lambda: kept(tmp_path) == 299, process)
            largest = max(each.stat().st_size for each in tmp_path.glob("warmer.db*"))
            limit = largest + 30_000
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, limit))
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 3, errors
    # SQLite's words depend on what it was about to do.
    assert re.search(
        r"warmer\.db: cannot be written: (database or disk is full|disk I/O error);"
        " what was done before is kept$",
        errors.splitlines()[-1],
    )
    assert "Traceback" not in errors
    # It does not go on rendering pages of which nothing is kept.
    assert rogue.count() < 2500
    done = kept(tmp_path)
    assert 299 <= done < rogue.count()

    again = crawl(tmp_path, "--resume", "last", "--concurrency", "4")

    assert again.code == 0, again.stderr
    assert again.report["counts"]["warm"] == 3000
    # Once to warm it, and once to see that it is.
    assert counts(rogue, 1, 299) == [2] * 299


def test_a_report_that_cannot_be_written_in_the_end_hides_neither_summary_nor_exit_code(
    rogue: Rogue, arguments: list[str], tmp_path: Path
) -> None:
    (tmp_path / "reports").mkdir()
    where = ("--report", "reports/report.json")
    for is_interrupted, code in ((False, 2), (True, 143)):
        with started(tmp_path, *arguments[: -len(REPORTS)], *where) as process:
            with rogue.hold("/p/7/") as held:
                held.wait_until_arrived()
                (tmp_path / "reports").rename(tmp_path / "moved")
                if is_interrupted:
                    process.terminate()
                    said(process, "stopping")
            output, errors = process.communicate(timeout=60)
        (tmp_path / "moved").rename(tmp_path / "reports")
        assert process.returncode == code, errors
        assert "reports/report.json: the report cannot be written: " in errors
        assert "of 40 targets are warm" in output
