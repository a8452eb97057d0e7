"""`warmer crawl` against a Django site on Redis and memcached; its renders are the judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers.django_site import Backend, DjangoSite, SiteOptions
from tests.system.command import Result, assert_proven, crawl

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartRedis, StartSite
    from tests.servers.stores import MemcachedServer, RedisServer

PAGES = 12
PRODUCTS = [f"/p/{number}/" for number in range(1, PAGES + 1)]
AWKWARD = [
    *("/private/", "/no-store/", "/cookie/", "/session/", "/csrf/", "/ua/", "/stream/"),
    *("/404", "/500/", "/redirect/3/", "/loop/", "/away/", "/p/1/?page=2", "/p/2/?b=1&a=%C3%BC"),
]
BACKENDS: list[Backend] = ["redis", "django-redis", "django-redis-zlib", "pymemcache"]
MODES = ["site_cache", "cache_page"]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    chosen: Backend = request.param
    return chosen


@pytest.fixture(params=MODES)
def options(
    request: pytest.FixtureRequest,
    backend: Backend,
    redis_server: RedisServer,
    memcached_server: MemcachedServer,
) -> SiteOptions:
    location = memcached_server.node if backend == "pymemcache" else redis_server.url
    return SiteOptions(
        cache_backend=backend,
        cache_location=location,
        site_cache=request.param == "site_cache",
        cache_page=request.param == "cache_page",
        pages=PAGES,
    )


@pytest.fixture
def cache_url(
    backend: Backend, redis_server: RedisServer, memcached_server: MemcachedServer
) -> str:
    return memcached_server.url if backend == "pymemcache" else redis_server.url


def crawl_site(tmp_path: Path, site: DjangoSite, *arguments: str, stdin: str = "") -> Result:
    address = ("--base-url", site.url, "--connect-to", site.node)
    return crawl(tmp_path, *arguments, *address, stdin=stdin)


def test_a_cold_site_is_warm_after_a_run_and_the_next_run_renders_nothing(
    start_site: StartSite, options: SiteOptions, cache_url: str, tmp_path: Path
) -> None:
    site = start_site(options, workers=2, threads=4)
    arguments = [f"{site.url}/sitemap.xml", "--cache", cache_url, "--threshold", "hit_ratio>=1"]

    first = crawl_site(tmp_path, site, *arguments)

    assert first.code == 0, first.stderr
    assert first.report["hit_ratio"] == 1.0
    assert first.warm() == sorted(PRODUCTS)
    assert [site.renders(page) for page in PRODUCTS] == [1] * PAGES
    assert {tuple(row.evidence[:1]) for row in first.rows} == {("key",)}
    assert_proven(first.rows, site, site.node)

    second = crawl_site(tmp_path, site, *arguments)

    assert second.code == 0, second.stderr
    assert site.total_renders() == PAGES


def test_no_page_is_called_warm_that_renders_for_the_next_visitor(
    start_site: StartSite, options: SiteOptions, cache_url: str, tmp_path: Path
) -> None:
    site = start_site(options, workers=2, threads=4)
    (tmp_path / "urls.txt").write_text("\n".join([*PRODUCTS, *AWKWARD]), encoding="utf-8")

    result = crawl_site(tmp_path, site, "urls.txt", "--cache", cache_url)

    assert result.code == 0, result.stderr
    assert {row.target for row in result.rows} == {*PRODUCTS, *AWKWARD}
    assert set(PRODUCTS) <= set(result.warm())
    assert [site.renders(page) for page in PRODUCTS] == [1] * PAGES
    assert_proven(result.rows, site, site.node)


def test_only_the_most_important_pages_are_rendered(
    start_site: StartSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    site = start_site(
        SiteOptions(cache_backend="redis", cache_location=redis_server.url, site_cache=True)
    )
    sitemap = f"{site.url}/sitemap.xml"
    result = crawl_site(tmp_path, site, sitemap, "--cache", redis_server.url, "--top", "3")
    assert result.warm() == ["/p/1/", "/p/2/", "/p/3/"]
    assert site.total_renders() == 3


def test_a_site_behind_a_tls_proxy_with_every_part_of_the_key_set_is_warmed(
    start_site: StartSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    site = start_site(
        SiteOptions(
            cache_backend="redis",
            cache_location=redis_server.database(3),
            site_cache=True,
            key_prefix="shop",
            version=7,
            page_prefix="pages",
            i18n=True,
            i18n_patterns=True,
            time_zone="Europe/Berlin",
            ssl_header=True,
            pages=4,
        )
    )
    proxied = {"X-Forwarded-Proto": "https"}
    header = "X-Forwarded-Proto: https"
    pages = [f"/{language}/p/{number}/" for language in ("de", "en") for number in (1, 2, 3, 4)]
    (tmp_path / "urls.txt").write_text("\n".join(pages), encoding="utf-8")

    result = crawl_site(
        tmp_path, site, "urls.txt", "--cache", redis_server.database(3), "--header", header
    )

    assert result.warm() == pages, result.stderr
    assert {render.scheme for render in site.rendered()} == {"https"}
    assert_proven(result.rows, site, site.node, {"default": proxied})


def test_languages_chosen_by_header_are_warmed_as_variants(
    start_site: StartSite, memcached_server: MemcachedServer, tmp_path: Path
) -> None:
    site = start_site(
        SiteOptions(
            cache_backend="pymemcache",
            cache_location=memcached_server.node,
            site_cache=True,
            i18n=True,
            pages=4,
        )
    )
    (tmp_path / "shop.toml").write_text(
        f"""
        name = "shop"
        base_url = "{site.url}"
        connect_to = "{site.node}"
        [[source]]
        url = "/sitemap.xml"
        [[variant]]
        name = "english"
        headers = {{ "Accept-Language" = "en" }}
        [[variant]]
        name = "german"
        headers = {{ "Accept-Language" = "de-AT,de;q=0.8" }}
        [[cache]]
        url = "{memcached_server.url}"
        """,
        encoding="utf-8",
    )

    result = crawl(tmp_path, "-c", "shop.toml")

    assert result.code == 0, result.stderr
    assert result.report["counts"]["warm"] == 8
    languages = {
        "english": {"Accept-Language": "en"},
        "german": {"Accept-Language": "de-AT,de;q=0.8"},
    }
    assert_proven(result.rows, site, site.node, languages)


def test_with_gzip_below_the_cache_a_browsers_encoding_is_warmed(
    start_site: StartSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    site = start_site(
        SiteOptions(
            cache_backend="redis",
            cache_location=redis_server.url,
            site_cache=True,
            gzip="inside",
            pages=4,
        )
    )
    sitemap = f"{site.url}/sitemap.xml"
    result = crawl_site(tmp_path, site, sitemap, "--cache", redis_server.url)
    assert result.code == 0, result.stderr
    assert result.report["counts"]["warm"] == 4
    assert_proven(result.rows, site, site.node)


def test_pages_that_expire_too_soon_are_not_called_warm(
    start_site: StartSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    site = start_site(
        SiteOptions(cache_backend="redis", cache_location=redis_server.url, site_cache=True)
    )
    (tmp_path / "shop.toml").write_text(
        f"""
        base_url = "{site.url}"
        connect_to = "{site.node}"
        [[cache]]
        url = "{redis_server.url}"
        [verify]
        min_ttl_s = 60
        """,
        encoding="utf-8",
    )
    result = crawl(tmp_path, "-c", "shop.toml", "-", stdin="/p/1/\n/short/\n")
    assert result.verdicts() == {
        "/p/1/": ("warm", None),
        "/short/": ("uncacheable", "expires-before-next-run"),
    }, result.stderr


def test_a_page_that_is_busy_at_first_is_asked_for_again_and_warmed(
    start_site: StartSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    site = start_site(
        SiteOptions(cache_backend="redis", cache_location=redis_server.url, cache_page=True)
    )
    result = crawl_site(tmp_path, site, "-", "--cache", redis_server.url, stdin="/flaky/1/\n")
    assert result.warm() == ["/flaky/1/"], result.stderr
    assert site.renders("/flaky/1/") == 2


def test_a_cache_that_is_too_small_is_not_called_warm_where_it_has_evicted(
    start_site: StartSite, start_redis: StartRedis, tmp_path: Path
) -> None:
    redis = start_redis("--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru")
    site = start_site(
        SiteOptions(
            cache_backend="redis",
            cache_location=redis.url,
            site_cache=True,
            pages=60,
            padding=60_000,
        )
    )
    sitemap = f"{site.url}/sitemap.xml"

    result = crawl_site(tmp_path, site, sitemap, "--cache", redis.url)

    # Reading takes memory too: a visit would evict what the next one is to find.
    redis.client().config_set("maxmemory", 0)
    assert result.code == 0, result.stderr
    assert 0 < result.report["counts"]["warm"] < 60
    assert result.report["caches"][0]["evictions"] > 0
    assert "evict" in result.stdout + result.stderr
    assert_proven(result.rows, site, site.node)
