"""Circumstances in which a warmer is easily wrong; a verdict must still not say warm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.servers.django_site import SiteOptions
from tests.system.command import address, assert_proven, crawl, read_reports, started
from tests.system.under_way import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartMemcached, StartRedis, StartSite
    from tests.servers.stores import RedisServer

PAGES = 8
PRODUCTS = [f"/p/{number}/" for number in range(1, PAGES + 1)]


def options(redis: RedisServer) -> SiteOptions:
    return SiteOptions(
        cache_backend="redis", cache_location=redis.url, site_cache=True, pages=PAGES
    )


def test_a_cache_that_is_not_the_sites_is_no_evidence(
    start_site: StartSite, start_redis: StartRedis, redis_server: RedisServer, tmp_path: Path
) -> None:
    site = start_site(options(redis_server))
    other = start_redis()
    arguments = [*address(site), "--cache", other.url]
    result = crawl(tmp_path, "-", *arguments, stdin="\n".join(PRODUCTS))
    assert result.code == 0, result.stderr
    assert not any("key" in row.evidence for row in result.rows)
    assert_proven((row for row in result.rows if row.verdict == "warm"), site, site.node)


def test_a_flush_during_the_run_leaves_only_what_came_after_it_warm(
    start_site: StartSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    site = start_site(options(redis_server))
    (tmp_path / "urls.txt").write_text("\n".join([*PRODUCTS, "/slow/"]), encoding="utf-8")
    reports = ["--report", "report.json", "--report", "report.jsonl"]
    arguments = ["urls.txt", *address(site), "--cache", redis_server.url, *reports]
    with started(tmp_path, "crawl", *arguments, "--concurrency", "1") as process:
        until(lambda: site.renders("/slow/") > 0, process)
        redis_server.flush()
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    report, rows = read_reports(tmp_path)
    assert [row.target for row in rows if row.verdict == "warm"] == ["/slow/"]
    assert report["caches"][0]["note"] is not None
    assert_proven(rows, site, site.node)


def test_a_cache_server_that_goes_away_during_the_run_is_unreachable_and_no_ratio(
    start_site: StartSite, start_redis: StartRedis, tmp_path: Path
) -> None:
    redis = start_redis()
    site = start_site(options(redis))
    (tmp_path / "urls.txt").write_text("\n".join([*PRODUCTS, "/slow/"]), encoding="utf-8")
    reports = ["--report", "report.json", "--report", "report.jsonl"]
    arguments = ["urls.txt", *address(site), "--cache", redis.url, *reports]
    with started(tmp_path, "crawl", *arguments, "--concurrency", "1") as process:
        until(lambda: site.renders("/slow/") > 0, process)
        redis.server.stop()
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 3, errors
    assert "Traceback" not in errors
    assert redis.node in errors
    _, rows = read_reports(tmp_path)
    assert [row.target for row in rows if row.verdict == "warm"] == []


def test_a_memcached_that_is_too_small_is_not_called_warm_where_it_has_evicted(
    start_site: StartSite, start_memcached: StartMemcached, tmp_path: Path
) -> None:
    memcached = start_memcached("-m", "2")
    site = start_site(
        SiteOptions(
            cache_backend="pymemcache",
            cache_location=memcached.node,
            cache_page=True,
            pages=60,
            padding=60_000,
        )
    )
    sitemap = f"{site.url}/sitemap.xml"

    result = crawl(tmp_path, sitemap, *address(site), "--cache", memcached.url)

    assert result.code == 0, result.stderr
    assert 0 < result.report["counts"]["warm"] < 60
    assert result.report["caches"][0]["evictions"] > 0
    assert_proven(result.rows, site, site.node)
