"""What an earlier deployment left in the cache is not proof that the present one uses it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tests.servers.django_site import SiteOptions
from tests.servers.visitor import visit
from tests.system.command import address, assert_proven, crawl

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartRedis, StartSite
    from tests.servers.stores import MemcachedServer

PAGES = 8
PRODUCTS = [f"/p/{number}/" for number in range(1, PAGES + 1)]


@dataclass(frozen=True, slots=True)
class Cache:
    """A cache server, and a site that keeps its pages in it."""

    url: str
    site: SiteOptions


@pytest.fixture(params=["redis", "redis-lfu", "memcached"])
def cache(
    request: pytest.FixtureRequest, start_redis: StartRedis, memcached_server: MemcachedServer
) -> Cache:
    plain = SiteOptions(site_cache=True, pages=PAGES)
    if request.param == "memcached":
        location = memcached_server.node
        site = replace(plain, cache_backend="pymemcache", cache_location=location)
        return Cache(memcached_server.url, site)
    # Under LFU a Redis does not tell how long a key has been idle.
    lfu = ("--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lfu")
    redis = start_redis(*(lfu if request.param == "redis-lfu" else ()))
    return Cache(redis.url, replace(plain, cache_backend="redis", cache_location=redis.url))


def visited_and_gone(start_site: StartSite, earlier: SiteOptions) -> None:
    """An earlier deployment, of which nothing is left but its entries in the cache."""
    site = start_site(earlier)
    for page in PRODUCTS:
        visit(site.node, site.url + page)
    site.server.stop()


@pytest.mark.parametrize("mode", [(), ("--only-missing",)], ids=["all", "only-missing"])
def test_entries_of_an_earlier_deployment_prove_nothing_where_the_cache_is_off_now(
    start_site: StartSite, cache: Cache, tmp_path: Path, mode: tuple[str, ...]
) -> None:
    visited_and_gone(start_site, cache.site)
    site = start_site(replace(cache.site, site_cache=False))
    pages = "\n".join(PRODUCTS)

    result = crawl(tmp_path, "-", *address(site), "--cache", cache.url, *mode, stdin=pages)

    assert result.warm() == []
    assert_proven(result.rows, site, site.node)


def test_verifying_alone_warns_that_entries_may_be_of_an_earlier_deployment(
    start_site: StartSite, cache: Cache, tmp_path: Path
) -> None:
    visited_and_gone(start_site, replace(cache.site, key_prefix="old"))
    site = start_site(replace(cache.site, key_prefix="new"))
    where = (*address(site), "--cache", cache.url)
    pages = "\n".join(PRODUCTS)
    warning = "WARNING: keys are taken from entries that are there, which may be older"

    alone = crawl(tmp_path, "-", *where, stdin=pages, word="verify")
    assert warning in alone.stdout

    pins = 'prefix = "new", version = 1, page_prefix = "", language = "", time_zone = ""'
    (tmp_path / "site.toml").write_text(
        f'[[cache]]\nurl = "{cache.url}"\nkeys = {{ {pins} }}\n', encoding="utf-8"
    )
    pinned = crawl(tmp_path, "-", "-c", "site.toml", *address(site), stdin=pages, word="verify")
    assert warning not in pinned.stdout
    assert_proven(pinned.rows, site, site.node)


@pytest.mark.parametrize("mode", [(), ("--only-missing",)], ids=["all", "only-missing"])
def test_entries_of_an_earlier_deployment_with_another_prefix_prove_nothing(
    start_site: StartSite, cache: Cache, tmp_path: Path, mode: tuple[str, ...]
) -> None:
    visited_and_gone(start_site, replace(cache.site, key_prefix="old"))
    site = start_site(replace(cache.site, key_prefix="new"))
    pages = "\n".join(PRODUCTS)

    result = crawl(tmp_path, "-", *address(site), "--cache", cache.url, *mode, stdin=pages)

    assert_proven(result.rows, site, site.node)
