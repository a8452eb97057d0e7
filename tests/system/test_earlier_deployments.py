"""What an earlier deployment left in the cache is not proof that the present one uses it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.servers.django_site import DjangoSite, SiteOptions
from tests.servers.visitor import visit
from tests.system.command import assert_proven, crawl

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartSite
    from tests.servers.stores import RedisServer

PAGES = 8
PRODUCTS = [f"/p/{number}/" for number in range(1, PAGES + 1)]


def options(redis: RedisServer) -> SiteOptions:
    return SiteOptions(
        cache_backend="redis", cache_location=redis.url, site_cache=True, pages=PAGES
    )


def address(site: DjangoSite) -> tuple[str, ...]:
    return ("--base-url", site.url, "--connect-to", site.node)


def visited_and_gone(start_site: StartSite, earlier: SiteOptions) -> None:
    """An earlier deployment, of which nothing is left but its entries in the cache."""
    site = start_site(earlier)
    for page in PRODUCTS:
        visit(site.node, site.url + page)
    site.server.stop()


@pytest.mark.parametrize("mode", [(), ("--only-missing",)], ids=["all", "only-missing"])
def test_entries_of_an_earlier_deployment_prove_nothing_where_the_cache_is_off_now(
    start_site: StartSite, redis_server: RedisServer, tmp_path: Path, mode: tuple[str, ...]
) -> None:
    visited_and_gone(start_site, options(redis_server))
    site = start_site(replace(options(redis_server), site_cache=False))
    pages = "\n".join(PRODUCTS)

    result = crawl(tmp_path, "-", *address(site), "--cache", redis_server.url, *mode, stdin=pages)

    assert result.warm() == []
    assert_proven(result.rows, site, site.node)


@pytest.mark.parametrize("mode", [(), ("--only-missing",)], ids=["all", "only-missing"])
def test_entries_of_an_earlier_deployment_with_another_prefix_prove_nothing(
    start_site: StartSite, redis_server: RedisServer, tmp_path: Path, mode: tuple[str, ...]
) -> None:
    visited_and_gone(start_site, replace(options(redis_server), key_prefix="old"))
    site = start_site(replace(options(redis_server), key_prefix="new"))
    pages = "\n".join(PRODUCTS)

    result = crawl(tmp_path, "-", *address(site), "--cache", redis_server.url, *mode, stdin=pages)

    assert_proven(result.rows, site, site.node)
