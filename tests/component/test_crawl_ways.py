"""Ways to the origin other than straight: proxies, a unix socket; and who gets credentials."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from tests.component.crawl_runs import HOST, warm
from tests.component.wiretap import Tunnel, Wiretap, server_tls
from tests.servers.certificates import Authority
from tests.servers.misbehaviour import page, redirect
from tests.servers.process import free_port
from warmer.config import CrawlConfig
from warmer.crawl.origin import Origin
from warmer.crawl.source_crawl import crawl_source
from warmer.sources.skipped import Skipped

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.servers.rogue import Rogue

BASIC = "Basic " + b64encode("user:pässword".encode()).decode()
SITEMAP = b"""<?xml version="1.0"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<url><loc>http://www.example.com/p</loc></url></urlset>"""


async def test_a_proxy_is_given_the_whole_url_as_it_was_planned() -> None:
    async with Wiretap() as proxy:
        seen = await warm(["/a%2fb"], origin={"proxy": f"http://127.0.0.1:{proxy.port}"})
    assert seen.only().status == 200
    (head,) = proxy.heads
    assert head.startswith(b"GET http://www.example.com/a%2fb HTTP/1.1\r\nHost: www.example.com")


async def test_a_site_over_tls_is_reached_through_a_tunnel(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with Wiretap(tls=server_tls(authority.issue(HOST))) as site, Tunnel(site.port) as proxy:
        seen = await warm(
            ["/"],
            base_url=f"https://{HOST}",
            headers={"X-Secret": "ours"},
            origin={
                "proxy": f"http://me:word@127.0.0.1:{proxy.port}",
                "ca_file": str(authority.ca_file),
            },
        )
    call = seen.only()
    assert (call.status, call.fetch and call.fetch.headers) == (200, [("content-length", "2")])
    (head,) = proxy.heads
    assert head.startswith(b"CONNECT www.example.com:443 HTTP/1.1\r\n")
    assert b"\r\nProxy-Authorization: Basic bWU6d29yZA==\r\n" in head
    assert b"X-Secret" not in head
    assert b"User-Agent" not in head
    assert site.names == [HOST]
    assert b"\r\nX-Secret: ours\r\n" in site.heads[0]
    assert b"Proxy-Authorization" not in site.heads[0]


async def test_a_proxy_and_another_machine_go_together() -> None:
    async with Wiretap() as site, Tunnel(site.port) as proxy:
        seen = await warm(
            ["/p?a=1"],
            connect_to="10.9.8.7:8080",
            origin={"proxy": f"http://127.0.0.1:{proxy.port}"},
        )
    assert seen.only().status == 200
    assert proxy.heads[0].startswith(b"CONNECT 10.9.8.7:8080 HTTP/1.1\r\n")
    assert site.heads[0].startswith(b"GET /p?a=1 HTTP/1.1\r\nHost: www.example.com\r\n")


async def test_a_proxy_that_refuses_is_named_and_not_asked_again() -> None:
    async with Tunnel(0, refuse=True) as proxy:
        seen = await warm(
            ["/"],
            base_url=f"https://{HOST}",
            origin={"proxy": f"http://127.0.0.1:{proxy.port}"},
        )
    call = seen.only()
    assert (call.reason, call.attempts, len(proxy.heads)) == ("proxy", 1, 1)
    assert "403" in call.detail


async def test_proxies_of_the_environment_are_ignored(
    rogue: Rogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    rogue.on("/", page())
    nobody = f"http://127.0.0.1:{free_port()}"
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, nobody)
    seen = await warm(["/"], connect_to=rogue.node)
    assert seen.only().status == 200


async def test_exceptions_of_the_environment_do_not_go_round_our_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    async with Wiretap() as proxy:
        seen = await warm(["/"], origin={"proxy": f"http://127.0.0.1:{proxy.port}"})
    assert seen.only().status == 200
    assert len(proxy.heads) == 1


async def test_a_unix_socket_is_connected_to(tmp_path: Path) -> None:
    path = tmp_path / "gunicörn.sock"
    async with Wiretap(path=path) as wire:
        seen = await warm(["/p"], origin={"unix_socket": str(path)})
    assert seen.only().status == 200
    assert wire.heads[0].startswith(b"GET /p HTTP/1.1\r\nHost: www.example.com\r\n")


async def test_basic_credentials_go_to_the_site(rogue: Rogue) -> None:
    rogue.on("/old", redirect("/new"))
    rogue.on("/new", page())
    await warm(["/old"], connect_to=rogue.node, origin={"basic_auth": "user:pässword"})
    sent = [request.headers.get("authorization") for request in rogue.requests()]
    assert sent == [BASIC, BASIC]


async def test_a_sitemap_on_another_host_gets_nothing_of_the_sites_own(rogue: Rogue) -> None:
    for path in ("/site.xml", "/cdn.xml"):
        rogue.on(path, page(SITEMAP, headers={"Content-Type": "application/xml"}))
    origin = Origin(
        base_url=f"http://{HOST}",
        hosts=frozenset({HOST}),
        headers={"x-secret": "ours"},
        connect_to=rogue.node,
        basic_auth="user:pässword",
    )
    found: list[object] = []

    await crawl_source(
        "sitemap",
        origin,
        CrawlConfig(retries=0),
        {"User-Agent": "warmer", "Accept-Language": "en"},
        start_urls=(f"http://{HOST}/site.xml", f"http://127.0.0.1:{rogue.port}/cdn.xml"),
        sink=found.append,
        skipped=Skipped(),
    )

    (own,), (foreign,) = rogue.requests("/site.xml"), rogue.requests("/cdn.xml")
    assert (own.headers["x-secret"], own.headers["authorization"]) == ("ours", BASIC)
    assert own.headers["host"] == HOST
    assert foreign.headers["host"] == f"127.0.0.1:{rogue.port}"
    assert not {"x-secret", "authorization"} & set(foreign.headers)
    assert own.headers["accept-language"] == foreign.headers["accept-language"] == "en"


async def test_a_target_of_another_host_is_not_asked_for_in_the_sites_name(rogue: Rogue) -> None:
    seen = await warm(
        ["/"],
        base_url=f"http://127.0.0.1:{rogue.port}",
        headers={"X-Secret": "ours"},
        origin={"basic_auth": "user:pässword"},
    )
    assert seen.only().reason == "redirect-offsite"
    assert rogue.count() == 0
