"""What the process tells its caller: the exit codes of the contract, with their one line."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.servers import misbehaviour
from tests.servers.django_site import SiteOptions
from tests.servers.process import free_port
from tests.system.command import address, crawl, read_reports, started, warmer
from tests.system.under_way import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartSite
    from tests.servers.django_site import DjangoSite
    from tests.servers.rogue import Rogue
    from tests.servers.stores import RedisServer

ESCAPE = "\x1b"


@pytest.fixture
def site(start_site: StartSite, redis_server: RedisServer) -> DjangoSite:
    return start_site(
        SiteOptions(cache_backend="redis", cache_location=redis_server.url, site_cache=True)
    )


def test_0_when_every_threshold_is_met(
    site: DjangoSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    thresholds = ("--threshold", "hit_ratio>=0.95", "--threshold", "failed_ratio<=0")
    cache = ("--cache", redis_server.url)
    result = crawl(tmp_path, "-", *address(site), *cache, *thresholds, stdin="/p/1/\n/p/2/\n")
    assert result.code == 0, result.stderr
    assert [entry["verdict"] for entry in result.report["thresholds"]] == ["pass", "pass"]


def test_1_when_a_threshold_fails(
    site: DjangoSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    cache = ("--cache", redis_server.url, "--threshold", "hit_ratio>=0.95")
    result = crawl(tmp_path, "-", *address(site), *cache, stdin="/p/1/\n/no-store/\n")
    assert result.code == 1, result.stderr
    assert result.report["hit_ratio"] == 0.5
    assert result.report["thresholds"] == [
        {"expr": "hit_ratio>=0.95", "value": 0.5, "verdict": "fail"}
    ]


def test_1_when_there_is_no_data_for_a_threshold(site: DjangoSite, tmp_path: Path) -> None:
    threshold = ("--threshold", "evictions<=0")
    result = crawl(tmp_path, "-", *address(site), *threshold, stdin="/p/1/\n")
    assert result.code == 1, result.stderr
    assert result.report["thresholds"] == [
        {"expr": "evictions<=0", "value": None, "verdict": "no_data"}
    ]


@pytest.mark.parametrize(
    ("arguments", "stdin", "named"),
    [
        (["missing.txt"], "", "missing.txt"),
        (["-"], "", "standard input"),
        (["-", "--no-such-option"], "/p/1/\n", "--no-such-option"),
        (["-", "--cache", "mongodb://127.0.0.1"], "/p/1/\n", "mongodb"),
        (["-", "--threshold", "hit_rate>=1"], "/p/1/\n", "hit_ratio"),
        (["-", "--top", "none"], "/p/1/\n", "none"),
        (["-", "--include", "("], "/p/1/\n", "("),
        (["-", "-c", "missing.toml"], "/p/1/\n", "missing.toml"),
    ],
)
def test_2_and_one_line_for_what_was_typed_wrong(
    site: DjangoSite, tmp_path: Path, arguments: list[str], stdin: str, named: str
) -> None:
    result = warmer(tmp_path, "crawl", *arguments, *address(site), stdin=stdin)
    assert (result.code, result.stdout) == (2, "")
    assert named in result.stderr
    assert "Traceback" not in result.stderr
    assert site.total_renders() == 0


def test_2_for_an_unknown_key_with_the_nearest_known_one(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text('base_ulr = "https://www.example.test"\n')
    result = warmer(tmp_path, "check", "shop.toml")
    assert result.code == 2
    assert "base_ulr" in result.stderr
    assert "base_url" in result.stderr


def test_3_when_nothing_listens_at_the_origin(tmp_path: Path) -> None:
    where = ("--base-url", "http://www.example.test", "--connect-to", f"127.0.0.1:{free_port()}")
    result = crawl(tmp_path, "-", *where, stdin="/p/1/\n")
    assert result.code == 3
    assert "Traceback" not in result.stderr


def test_3_when_the_cache_server_is_not_there_and_nothing_is_warmed(
    site: DjangoSite, tmp_path: Path
) -> None:
    cache = ("--cache", f"redis://127.0.0.1:{free_port()}/0")
    result = crawl(tmp_path, "-", *address(site), *cache, stdin="/p/1/\n")
    assert (result.code, site.total_renders()) == (3, 0)
    assert "Traceback" not in result.stderr


def test_results_are_plain_text_where_there_is_no_terminal(
    site: DjangoSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    cache = ("--cache", redis_server.url)
    result = crawl(tmp_path, "-", *address(site), *cache, stdin="/p/1/\n")
    assert ESCAPE not in result.stdout + result.stderr
    assert "warm" in result.stdout


def test_a_dry_run_prints_the_plan_and_renders_nothing(site: DjangoSite, tmp_path: Path) -> None:
    sitemap = f"{site.url}/sitemap.xml"
    result = warmer(tmp_path, "crawl", sitemap, *address(site), "--top", "2", "--dry-run")
    assert result.code == 0, result.stderr
    assert "/p/1/" in result.stdout
    assert "/p/3/" not in result.stdout
    assert site.total_renders() == 0


def test_130_when_interrupted_and_what_was_done_is_kept(rogue: Rogue, tmp_path: Path) -> None:
    for number in range(1, 6):
        rogue.on(f"/p/{number}/", misbehaviour.page())
    (tmp_path / "urls.txt").write_text("".join(f"/p/{number}/\n" for number in range(1, 6)))
    where = ("--base-url", "http://www.example.test", "--connect-to", f"127.0.0.1:{rogue.port}")
    reports = ("--report", "report.json", "--report", "report.jsonl")
    options = [*where, "--concurrency", "1", *reports]
    with started(tmp_path, "crawl", "urls.txt", *options) as process:
        assert process.stderr is not None
        with rogue.hold("/p/3/") as held:
            held.wait_until_arrived()
            process.send_signal(signal.SIGINT)
            errors = next(line for line in process.stderr if "stopping" in line)
        errors += process.communicate(timeout=60)[1]
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert [rogue.count(f"/p/{number}/") for number in range(1, 6)] == [1, 1, 1, 0, 0]
    report, _ = read_reports(tmp_path)
    assert report["run"]["status"] == "interrupted"


def test_a_killed_run_goes_on_where_it_was(
    start_site: StartSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    site = start_site(
        SiteOptions(
            cache_backend="redis",
            cache_location=redis_server.url,
            site_cache=True,
            render_s=0.05,
        )
    )
    sitemap = f"{site.url}/sitemap.xml"
    arguments = [sitemap, *address(site), "--cache", redis_server.url, "--concurrency", "2"]
    with started(tmp_path, "crawl", *arguments) as process:
        until(lambda: site.total_renders() >= 6, process)
        process.kill()
    runs = warmer(tmp_path, "runs")
    assert runs.code == 0, runs.stderr
    run = runs.stdout.splitlines()[-1].split()[0]

    result = crawl(tmp_path, *arguments, "--resume", run)

    assert result.code == 0, result.stderr
    assert result.report["counts"]["warm"] == 20
    assert {site.renders(f"/p/{number}/") for number in range(1, 21)} == {1}
