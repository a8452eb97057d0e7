"""`warmer report` after real runs: each form, and what JMeter makes of its results file."""

from __future__ import annotations

import contextlib
import csv
import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.servers.django_site import SiteOptions
from tests.servers.jmeter import dashboard
from tests.system.command import warmer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartSite
    from tests.servers.django_site import DjangoSite
    from tests.servers.stores import RedisServer
    from tests.system.command import Result

PATHS = "".join(f"{path}\n" for path in ("/p/1/", "/p/2/", "/p/3/", "/no-store/", "/missing/"))


@pytest.fixture
def site(start_site: StartSite, redis_server: RedisServer) -> DjangoSite:
    return start_site(
        SiteOptions(cache_backend="redis", cache_location=redis_server.url, site_cache=True)
    )


def run(directory: Path, site: DjangoSite, paths: str = PATHS, *arguments: str) -> Result:
    """A crawl of these paths through the site's Redis."""
    where = ("--base-url", site.url, "--connect-to", site.node)
    cache = ("--cache", site.options.cache_location)
    return warmer(directory, "crawl", "-", *where, *cache, *arguments, stdin=paths)


def lines(result: Result) -> list[list[str]]:
    assert result.code == 0, result.stderr
    return [line.split("\t") for line in result.stdout.splitlines()]


def test_jmeter_makes_its_dashboard_of_a_run_and_finds_the_same_figures(
    site: DjangoSite, tmp_path: Path
) -> None:
    files = ("--report", "results.jtl", "--report", "aggregate.csv")
    assert run(tmp_path, site, PATHS, *files).code == 0

    found = dashboard(tmp_path / "results.jtl", tmp_path)

    with (tmp_path / "aggregate.csv").open(encoding="utf-8", newline="") as file:
        ours = {row["Label"]: row for row in csv.DictReader(file)}
    assert set(ours) - {"TOTAL"} == set(found) - {"Total"}
    assert {"warm /p/", "probe /p/", "warm /missing/", "TOTAL"} <= set(ours)
    for label, row in ours.items():
        theirs = found["Total" if label == "TOTAL" else label]
        assert theirs["sampleCount"] == int(row["# Samples"])
        assert theirs["errorPct"] == pytest.approx(float(row["Error %"].rstrip("%")), abs=0.001)
        assert theirs["minResTime"] == int(row["Min"])
        assert theirs["maxResTime"] == int(row["Max"])
        assert theirs["meanResTime"] == pytest.approx(float(row["Average"]), abs=1)


def test_the_results_file_has_each_fetch_with_its_status_times_and_sizes(
    site: DjangoSite, tmp_path: Path
) -> None:
    assert run(tmp_path, site, PATHS, "--report", "results.jtl").code == 0

    with (tmp_path / "results.jtl").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    missing = [row for row in rows if row["URL"] == f"{site.url}/missing/"]
    assert {(row["responseCode"], row["success"]) for row in missing} == {("404", "false")}
    assert {row["success"] for row in rows if "/p/" in row["URL"]} == {"true"}
    assert all(int(row["bytes"]) > 0 and int(row["sentBytes"]) > 100 for row in rows)
    assert all(0 <= int(row["Latency"]) <= int(row["elapsed"]) for row in rows)


def test_requests_can_be_looked_through_one_by_one(site: DjangoSite, tmp_path: Path) -> None:
    run(tmp_path, site)

    failed = lines(warmer(tmp_path, "report", "--failed"))
    assert [(row[2], row[-1]) for row in failed[1:]] == [("404", f"{site.url}/missing/")]
    warm = lines(warmer(tmp_path, "report", "last", "--verdict", "warm", "--url", "/p/1/$"))
    assert {row[1] for row in warm[1:]} == {"warm", "probe"}
    slowest = warmer(tmp_path, "report", "--slowest", "2", "--json").stdout.splitlines()
    times = [json.loads(line)["elapsed_ms"] for line in slowest]
    assert len(times) == 2
    assert times == sorted(times, reverse=True)


def test_two_runs_side_by_side_show_what_broke_and_the_gate_says_no(
    site: DjangoSite, tmp_path: Path
) -> None:
    run(tmp_path, site, "/p/1/\n/p/2/\n")
    run(tmp_path, site, "/p/1/\n/p/2/\n/no-store/\n")

    gate = ("--threshold", "hit_ratio.change>=1", "--threshold", "failed_ratio<=0")
    result = warmer(tmp_path, "report", "--compare", "previous", "last", "--json", *gate)

    assert result.code == 1
    assert result.stderr.startswith("warmer: threshold hit_ratio.change>=1: fail, the value is 0.6")
    assert "failed_ratio" not in result.stderr
    document = json.loads(result.stdout)
    assert [each["verdict"] for each in document["thresholds"]] == ["fail", "pass"]
    assert [each["url"] for each in document["new"]["targets"]] == [f"{site.url}/no-store/"]
    (ratio,) = (each for each in document["metrics"] if each["metric"] == "hit_ratio")
    assert (ratio["before"], ratio["is_worse"]) == (1.0, True)


def test_a_crawl_is_held_to_the_run_before_it(site: DjangoSite, tmp_path: Path) -> None:
    gate = ("--threshold", "hit_ratio.change>=1")
    first = run(tmp_path, site, "/p/1/\n", *gate)
    assert (first.code, "NO DATA" in first.stdout) == (1, True)
    assert run(tmp_path, site, "/p/1/\n", *gate).code == 0
    third = run(tmp_path, site, "/p/1/\n/no-store/\n", *gate)
    assert third.code == 1
    assert "FAIL     hit_ratio.change>=1  is 0.5" in third.stdout


def test_the_trend_has_a_line_for_each_run_and_marks_the_worse(
    site: DjangoSite, tmp_path: Path
) -> None:
    run(tmp_path, site, "/p/1/\n")
    run(tmp_path, site, "/p/1/\n/no-store/\n")

    header, first, second = lines(warmer(tmp_path, "report", "--trend"))
    assert (header[0], header[-1]) == ("run", "worse")
    assert "hit_ratio" not in first[-1].split(",")
    assert "hit_ratio" in second[-1].split(",")
    gate = ("--threshold", "hit_ratio.change>=1", "--threshold", "failed_ratio<=0")
    gated = warmer(tmp_path, "report", "--trend", *gate)
    assert gated.code == 1
    # A table that is all there is to standard output has no place for them.
    assert gated.stderr.splitlines() == [
        "warmer: threshold hit_ratio.change>=1: fail, the value is 0.5",
        "warmer: threshold failed_ratio<=0: pass, the value is 0.0",
    ]


def test_the_trend_reads_what_runs_came_to_and_none_of_their_targets(
    site: DjangoSite, tmp_path: Path
) -> None:
    run(tmp_path, site, "/p/1/\n")
    run(tmp_path, site, "/p/1/\n/no-store/\n")
    told = lines(warmer(tmp_path, "report", "--trend"))
    with contextlib.closing(sqlite3.connect(tmp_path / "warmer.db")) as db, db:
        for table in ("targets", "outcomes", "verdicts"):
            db.execute(f"DELETE FROM {table}")
    assert lines(warmer(tmp_path, "report", "--trend")) == told
    assert [line[2] for line in told] == ["hit_ratio", "1", "0.5"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--trend", "--failed"), "--trend and requests: expected one of"),
        (("last", "--compare", "last", "last"), '"last": --compare has its runs behind it'),
        (("--compare", "previous", "last"), "no finished run of"),
        (("--aggregate", "--label-by", "host"), '--label-by "host"'),
        (("--report", "report.pdf"), "no report format has the suffix"),
        (("--threshold", "hit_ratio.chance>=1"), "did you mean hit_ratio.change?"),
        (("--url", "("), '--url "("'),
    ],
)
def test_what_cannot_be_shown_is_one_line_and_exit_code_2(
    site: DjangoSite, tmp_path: Path, arguments: tuple[str, ...], named: str
) -> None:
    run(tmp_path, site, "/p/1/\n")
    result = warmer(tmp_path, "report", *arguments)
    assert result.code == 2
    assert result.stderr.count("\n") == 1
    assert named in result.stderr


def test_no_secret_of_a_run_is_in_any_of_its_reports(site: DjangoSite, tmp_path: Path) -> None:
    secret = "Zx9-top-secret-Qw"
    header = ("--header", f"Authorization: Bearer {secret}", "--header", f"Cookie: a={secret}")
    files = [f"out{suffix}" for suffix in (".json", ".jsonl", ".html", ".xml", ".jtl", ".csv")]
    asked = [word for file in files for word in ("--report", file)]
    result = run(tmp_path, site, PATHS, *header, *asked)
    shown = [
        warmer(tmp_path, "report", *view).stdout
        for view in (("--json",), ("--aggregate",), ("--trend", "--json"), ("--slowest", "9"))
    ]
    texts = [(tmp_path / file).read_text(encoding="utf-8") for file in files]
    for text in (result.stdout, result.stderr, *shown, *texts):
        assert text
        assert secret not in text
