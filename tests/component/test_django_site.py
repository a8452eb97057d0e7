"""The test shop counts its renders rightly: the oracle that other tests rely on."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest

from tests.servers import fronts
from tests.servers.certificates import Authority
from tests.servers.django_site import PUBLIC_HOST, Backend, DjangoSite, SiteOptions
from tests.servers.visitor import visit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartNginx, StartSite, StartVarnish
    from tests.servers.stores import MemcachedServer, RedisServer

UNCACHED = ["/private/", "/no-store/", "/cookie/", "/session/", "/stream/", "/404", "/500/"]


def statuses(site: DjangoSite, path: str, times: int) -> list[int]:
    return [visit(site.node, site.url + path).status for _ in range(times)]


@pytest.mark.parametrize("backend", ["redis", "django-redis", "django-redis-zlib"])
def test_a_page_in_redis_is_rendered_once(
    start_site: StartSite, redis_server: RedisServer, backend: Backend
) -> None:
    site = start_site(
        SiteOptions(cache_backend=backend, cache_location=redis_server.url, site_cache=True)
    )
    assert statuses(site, "/p/1/?a=1", 3) == [200, 200, 200]
    assert (site.renders("/p/1/?a=1"), site.total_renders()) == (1, 1)
    assert redis_server.client().dbsize() == 2


def test_a_page_in_memcached_is_rendered_once(
    start_site: StartSite, memcached_server: MemcachedServer
) -> None:
    site = start_site(
        SiteOptions(
            cache_backend="pymemcache", cache_location=memcached_server.node, cache_page=True
        ),
        workers=2,
    )
    assert statuses(site, "/p/1/", 3) == [200, 200, 200]
    assert site.renders("/p/1/") == 1


def test_a_page_in_a_processs_own_memory_is_rendered_once(start_site: StartSite) -> None:
    site = start_site(SiteOptions(cache_backend="locmem", site_cache=True))
    assert statuses(site, "/p/1/", 3) == [200, 200, 200]
    assert site.renders("/p/1/") == 1


@pytest.mark.parametrize("mode", ["site_cache", "cache_page"])
def test_what_django_does_not_store_is_rendered_each_time(
    start_site: StartSite, redis_server: RedisServer, mode: str
) -> None:
    site = start_site(
        SiteOptions(
            cache_backend="redis",
            cache_location=redis_server.url,
            site_cache=mode == "site_cache",
            cache_page=mode == "cache_page",
        )
    )
    counts = {path: (statuses(site, path, 2)[0], site.renders(path)) for path in UNCACHED}
    # Below cache_page the session's Vary and cookie come after the page was stored.
    session = 2 if mode == "site_cache" else 1
    assert counts == {
        "/private/": (200, 2),
        "/no-store/": (200, 2),
        "/cookie/": (200, 2),
        "/session/": (200, session),
        "/stream/": (200, 2),
        "/404": (404, 2),
        "/500/": (500, 2),
    }


def test_a_form_below_cache_page_is_served_to_everyone_with_one_token(
    start_site: StartSite, redis_server: RedisServer
) -> None:
    site = start_site(
        SiteOptions(cache_backend="redis", cache_location=redis_server.url, cache_page=True)
    )
    first, second = (visit(site.node, f"{site.url}/csrf/") for _ in range(2))
    assert b"csrfmiddlewaretoken" in first.body
    assert (second.body, site.renders("/csrf/")) == (first.body, 1)


def test_each_user_agent_has_its_own_entry_where_the_page_varies(
    start_site: StartSite, redis_server: RedisServer
) -> None:
    site = start_site(
        SiteOptions(cache_backend="redis", cache_location=redis_server.url, site_cache=True)
    )
    for agent in ("one", "two", "one"):
        visit(site.node, f"{site.url}/ua/", {"User-Agent": agent})
    assert [render.agent for render in site.rendered("/ua/")] == ["one", "two"]


def test_languages_zone_and_prefixes_are_in_the_keys(
    start_site: StartSite, redis_server: RedisServer
) -> None:
    site = start_site(
        SiteOptions(
            cache_backend="redis",
            cache_location=redis_server.url,
            site_cache=True,
            i18n=True,
            i18n_patterns=True,
            time_zone="Europe/Berlin",
            key_prefix="shop",
            version=3,
            page_prefix="mw",
            ssl_header=True,
        )
    )
    page = visit(site.node, f"{site.url}/de/p/1/", {"X-Forwarded-Proto": "https"})
    assert page.headers["Content-Language"] == "de"
    (key,) = redis_server.client().scan_iter("*cache_page*")
    start, _, end = key.decode().partition(".GET.")
    assert start == "shop:3:views.decorators.cache.cache_page.mw"
    assert end.endswith(".de.Europe/Berlin")
    assert site.rendered("/de/p/1/")[0].scheme == "https"


@pytest.mark.parametrize(("place", "renders"), [("inside", 2), ("outside", 1)])
def test_gzip_inside_of_the_cache_keeps_an_entry_for_each_encoding(
    start_site: StartSite, redis_server: RedisServer, place: str, renders: int
) -> None:
    site = start_site(
        SiteOptions(
            cache_backend="redis",
            cache_location=redis_server.url,
            site_cache=True,
            gzip="inside" if place == "inside" else "outside",
        )
    )
    for encoding in ("gzip", "gzip, deflate, br, zstd", "gzip"):
        visit(site.node, f"{site.url}/p/1/", {"Accept-Encoding": encoding})
    assert site.renders("/p/1/") == renders


def test_redirects_lead_on_round_and_away(start_site: StartSite) -> None:
    site = start_site(SiteOptions())
    paths = ("/redirect/3/", "/loop/", "/away/")
    targets = [visit(site.node, site.url + path).headers["Location"] for path in paths]
    assert targets == ["/p/3/", "/loop/", "http://elsewhere.example.test/"]


def test_a_flaky_page_recovers_whichever_process_answers(start_site: StartSite) -> None:
    site = start_site(SiteOptions(), workers=2)
    assert statuses(site, "/flaky/2/", 4) == [503, 503, 200, 200]


def test_the_sitemap_lists_the_products_under_the_public_name(start_site: StartSite) -> None:
    site = start_site(SiteOptions(pages=3))
    sitemap = visit(site.node, f"{site.url}/sitemap.xml").body.decode()
    robots = visit(site.node, f"{site.url}/robots.txt").body.decode()
    assert sitemap.count("<loc>") == 3
    assert f"<loc>http://{PUBLIC_HOST}/p/1/</loc>" in sitemap
    assert f"Sitemap: http://{PUBLIC_HOST}/sitemap.xml" in robots
    assert site.total_renders() == 0


def test_another_host_name_is_refused_and_renders_nothing(start_site: StartSite) -> None:
    site = start_site(SiteOptions())
    assert visit(site.node, "http://127.0.0.1/p/1/").status == 400
    assert site.total_renders() == 0


def test_counting_starts_again_after_a_reset(start_site: StartSite) -> None:
    site = start_site(SiteOptions())
    statuses(site, "/p/1/", 2)
    site.reset()
    statuses(site, "/p/1/", 1)
    assert site.renders("/p/1/") == 1


def test_nginx_in_front_says_hit_and_renders_no_more(
    start_site: StartSite, start_nginx: StartNginx
) -> None:
    site = start_site(SiteOptions())
    front = start_nginx(fronts.nginx_cache(site.port))
    pages = [visit(front.node, f"{site.url}/p/1/") for _ in range(2)]
    assert [page.headers["X-Cache-Status"] for page in pages] == ["MISS", "HIT"]
    assert site.renders("/p/1/") == 1


def test_varnish_in_front_says_hit_and_renders_no_more(
    start_site: StartSite, start_varnish: StartVarnish
) -> None:
    site = start_site(SiteOptions())
    front = start_varnish(fronts.varnish(site.port))
    pages = [visit(front.node, f"{site.url}/p/1/") for _ in range(2)]
    assert [len(page.headers["X-Varnish"].split()) for page in pages] == [1, 2]
    assert site.renders("/p/1/") == 1


def test_a_tls_front_makes_the_public_name_secure(
    start_site: StartSite, start_nginx: StartNginx, tmp_path: Path
) -> None:
    authority = Authority(tmp_path / "ca")
    site = start_site(SiteOptions(ssl_header=True))
    front = start_nginx(fronts.nginx_tls(site.port, authority.issue(PUBLIC_HOST)))
    trust = ssl.create_default_context(cafile=authority.ca_file)
    assert visit(front.node, f"https://{PUBLIC_HOST}/p/1/", tls=trust).status == 200
    assert site.rendered("/p/1/")[0].scheme == "https"
