"""Popularity from where it really comes: nginx's own log, robots.txt, links on pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers import fronts
from tests.servers.django_site import DjangoSite, SiteOptions
from tests.servers.visitor import visit
from tests.system.command import address, assert_proven, crawl, warmer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartNginx, StartSite
    from tests.servers.stores import RedisServer

PAGES = 6
PRODUCTS = [f"/p/{number}/" for number in range(1, PAGES + 1)]


@pytest.fixture
def site(start_site: StartSite, redis_server: RedisServer) -> DjangoSite:
    return start_site(
        SiteOptions(
            cache_backend="redis", cache_location=redis_server.url, site_cache=True, pages=PAGES
        )
    )


def test_what_nginx_has_logged_most_often_is_warmed_first(
    site: DjangoSite, start_nginx: StartNginx, redis_server: RedisServer, tmp_path: Path
) -> None:
    live = start_nginx(fronts.nginx_cache(site.port))
    for page in ["/p/3/"] * 5 + ["/p/1/?utm_source=mail"] * 3 + ["/p/6/", "/404", "/private/"]:
        visit(live.node, site.url + page)
    for _ in range(9):
        visit(live.node, f"{site.url}/p/2/", method="HEAD")
    # nginx writes its line after the response; what has ended has written all.
    live.server.stop()
    redis_server.flush()
    site.reset()

    log = str(live.access_log)
    arguments = [log, *address(site), "--cache", redis_server.url, "--top", "2"]
    result = crawl(tmp_path, *arguments)

    assert [(row.target, row.verdict) for row in result.rows] == [
        ("/p/3/", "warm"),
        ("/p/1/", "warm"),
    ], result.stderr
    assert result.report["traffic_hit_ratio"] == pytest.approx(8 / 10)
    assert_proven(result.rows, site, site.node)


def test_the_sitemap_named_in_robots_txt_is_warmed(
    site: DjangoSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    robots = f"robots:{site.url}/robots.txt"
    result = crawl(tmp_path, robots, *address(site), "--cache", redis_server.url)
    assert result.warm() == PRODUCTS, result.stderr
    assert [site.renders(page) for page in PRODUCTS] == [1] * PAGES
    assert_proven(result.rows, site, site.node)


def test_a_site_with_no_list_at_all_is_warmed_by_following_its_links(
    site: DjangoSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    start = f"discover:{site.url}/p/1/"
    result = crawl(tmp_path, start, *address(site), "--cache", redis_server.url)
    assert result.warm() == PRODUCTS, result.stderr
    assert [site.renders(page) for page in PRODUCTS] == [1] * PAGES
    assert_proven(result.rows, site, site.node)


def test_verify_alone_tells_warm_from_cold_and_fetches_nothing(
    site: DjangoSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    for page in PRODUCTS[:4]:
        visit(site.node, site.url + page)
    arguments = ["-", *address(site), "--cache", redis_server.url]
    result = crawl(tmp_path, *arguments, stdin="\n".join(PRODUCTS), word="verify")
    assert result.warm() == PRODUCTS[:4], result.stderr
    assert site.total_renders() == 4
    assert_proven(result.rows, site, site.node)


def test_only_missing_leaves_alone_what_is_warm(
    site: DjangoSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    for page in PRODUCTS[:4]:
        visit(site.node, site.url + page)
    arguments = ["-", *address(site), "--cache", redis_server.url, "--only-missing"]
    result = crawl(tmp_path, *arguments, stdin="\n".join(PRODUCTS))
    assert result.warm() == PRODUCTS, result.stderr
    assert [site.renders(page) for page in PRODUCTS] == [1] * PAGES
    # The first three are pilots, by which the site shows that it reads the keys that were
    # found; the fourth was not fetched and has no status.
    assert [row.status for row in result.rows] == [200, 200, 200, None, 200, 200]
    assert_proven(result.rows, site, site.node)


def test_a_run_can_be_listed_and_rendered_again(
    site: DjangoSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    cache = ("--cache", redis_server.url)
    first = crawl(tmp_path, "-", *address(site), *cache, stdin="/p/1/\n/no-store/\n")
    identifier = first.report["run"]["id"]
    assert identifier in warmer(tmp_path, "runs").stdout
    again = warmer(tmp_path, "report", identifier, "--report", "again.xml")
    assert again.code == 0, again.stderr
    assert "1 of 2" in again.stdout
    assert "no-store" in (tmp_path / "again.xml").read_text(encoding="utf-8")
