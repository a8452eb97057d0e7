"""Pages that plain http redirects to https: warmed as a browser asks for them there."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from tests.servers import fronts
from tests.servers.certificates import Authority
from tests.servers.django_site import PUBLIC_HOST, SiteOptions
from tests.servers.misbehaviour import redirect
from tests.servers.visitor import visit
from tests.system.command import crawl

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartNginx, StartSite
    from tests.servers.rogue import Rogue
    from tests.servers.stores import RedisServer

OVER_TLS = "gzip, deflate, br, zstd"
PAGES = 3


def test_a_page_that_moves_to_https_is_warm_for_browsers_that_come_there(
    start_site: StartSite,
    start_nginx: StartNginx,
    rogue: Rogue,
    redis_server: RedisServer,
    tmp_path: Path,
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
    secure = f"https://{PUBLIC_HOST}:{proxy.port}"
    paths = [f"/p/{number}/" for number in range(1, PAGES + 1)]
    for path in paths:
        rogue.on(path, redirect(f"{secure}{path}", status="301 Moved Permanently"))
    (tmp_path / "site.toml").write_text(
        f"""
        base_url = "http://{PUBLIC_HOST}"
        connect_to = "127.0.0.1:{rogue.port}"
        [[source]]
        path = "urls.txt"
        [[cache]]
        url = "{redis_server.url}"
        [crawl]
        ca_file = "{authority.ca_file}"
        """,
        encoding="utf-8",
    )
    (tmp_path / "urls.txt").write_text("\n".join(paths), encoding="utf-8")

    result = crawl(tmp_path, "-c", "site.toml")

    assert result.warm() == paths, result.stderr
    assert {render.encoding for render in site.rendered()} == {OVER_TLS}
    before = site.total_renders()
    trust = ssl.create_default_context(cafile=authority.ca_file)
    for path in paths:
        visit(proxy.node, f"{secure}{path}", {"Accept-Encoding": OVER_TLS}, tls=trust)
    assert site.total_renders() == before
