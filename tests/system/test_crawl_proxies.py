"""`warmer crawl` where the cache is a proxy: nginx and Varnish; the origin is the judge."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest

from tests.servers import fronts
from tests.servers.certificates import Authority
from tests.servers.django_site import PUBLIC_HOST, SiteOptions
from tests.system.command import assert_proven, crawl

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartNginx, StartSite, StartVarnish
    from tests.servers.stores import RedisServer

PAGES = 8
PRODUCTS = [f"/p/{number}/" for number in range(1, PAGES + 1)]
AWKWARD = ["/private/", "/no-store/", "/cookie/", "/ua/", "/404", "/500/", "/away/", "/loop/"]


@pytest.fixture(params=["nginx", "varnish"])
def front(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


def test_a_proxy_is_warm_after_a_run_and_says_so_itself(
    front: str,
    start_site: StartSite,
    start_nginx: StartNginx,
    start_varnish: StartVarnish,
    tmp_path: Path,
) -> None:
    site = start_site(SiteOptions(pages=PAGES))
    proxy = (
        start_nginx(fronts.nginx_cache(site.port))
        if front == "nginx"
        else start_varnish(fronts.varnish(site.port))
    )
    address = ("--base-url", site.url, "--connect-to", proxy.node)
    arguments = [f"{site.url}/sitemap.xml", *address, "--threshold", "hit_ratio>=1"]

    first = crawl(tmp_path, *arguments)

    assert (first.code, first.warm()) == (0, sorted(PRODUCTS)), first.stderr
    assert [site.renders(page) for page in PRODUCTS] == [1] * PAGES
    assert {tuple(row.evidence) for row in first.rows} <= {("response",), ("probe",)}
    assert_proven(first.rows, site, proxy.node)

    second = crawl(tmp_path, *arguments)

    assert (second.code, site.total_renders()) == (0, PAGES), second.stderr


def test_no_page_is_called_warm_that_the_proxy_does_not_keep(
    front: str,
    start_site: StartSite,
    start_nginx: StartNginx,
    start_varnish: StartVarnish,
    tmp_path: Path,
) -> None:
    site = start_site(SiteOptions(pages=PAGES))
    proxy = (
        start_nginx(fronts.nginx_cache(site.port))
        if front == "nginx"
        else start_varnish(fronts.varnish(site.port))
    )
    address = ("--base-url", site.url, "--connect-to", proxy.node)
    # Varnish keeps a 404 for two minutes: it does not render, but is no page to be warm.
    awkward = [path for path in AWKWARD if (front, path) != ("varnish", "/404")]

    result = crawl(tmp_path, "-", *address, stdin="\n".join([*PRODUCTS, *awkward]))

    assert set(PRODUCTS) <= set(result.warm()), result.stderr
    assert [site.renders(page) for page in PRODUCTS] == [1] * PAGES
    assert_proven(result.rows, site, proxy.node)


def test_https_is_warmed_at_the_new_machine_under_the_public_name(
    start_site: StartSite, start_nginx: StartNginx, redis_server: RedisServer, tmp_path: Path
) -> None:
    authority = Authority(tmp_path / "ca")
    site = start_site(
        SiteOptions(
            cache_backend="redis",
            cache_location=redis_server.url,
            site_cache=True,
            ssl_header=True,
            gzip="inside",
            pages=PAGES,
        )
    )
    proxy = start_nginx(fronts.nginx_tls(site.port, authority.issue(PUBLIC_HOST)))
    (tmp_path / "shop.toml").write_text(
        f"""
        base_url = "https://{PUBLIC_HOST}"
        connect_to = "{proxy.node}"
        [[source]]
        url = "/sitemap.xml"
        [[cache]]
        url = "{redis_server.url}"
        [crawl]
        ca_file = "{authority.ca_file}"
        """,
        encoding="utf-8",
    )

    result = crawl(tmp_path, "-c", "shop.toml")

    assert result.warm() == sorted(PRODUCTS), result.stderr
    trust = ssl.create_default_context(cafile=authority.ca_file)
    assert_proven(result.rows, site, proxy.node, tls=trust)


def test_a_certificate_of_an_unknown_authority_is_refused(
    start_site: StartSite, start_nginx: StartNginx, tmp_path: Path
) -> None:
    site = start_site(SiteOptions(pages=PAGES))
    certificate = Authority(tmp_path / "ca").issue(PUBLIC_HOST)
    proxy = start_nginx(fronts.nginx_tls(site.port, certificate))
    address = ("--base-url", f"https://{PUBLIC_HOST}", "--connect-to", proxy.node)
    result = crawl(tmp_path, "-", *address, stdin="/p/1/\n")
    assert (result.code, site.total_renders()) == (3, 0)
