"""Single requests, as checks send them: a real server, the site's own way to it."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from tests.component.wiretap import Wiretap, server_tls
from tests.servers.certificates import Authority
from tests.servers.misbehaviour import close_at_once, page
from tests.servers.rogue import Rogue
from warmer.crawl.fetch import FetchError
from warmer.crawl.first_reachable import FirstReachable
from warmer.crawl.origin import Origin
from warmer.crawl.single import Single

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "www.example.com"


def new_single(*ports: int) -> Single:
    """Of a site whose servers listen there."""
    origin = Origin(base_url=f"http://{HOST}", hosts=frozenset({HOST}), timeout_s=5)
    return Single(FirstReachable(origin, [f"127.0.0.1:{port}" for port in ports]))


async def test_a_made_up_host_is_sent_where_the_site_is() -> None:
    async with Wiretap() as wire:
        single = new_single(wire.port)
        exchange = await single.fetch_one(f"http://{HOST}/", ["Accept:"], host="other.invalid")
        single.close()
    assert exchange.expires_at is None
    assert b"\r\nHost: other.invalid\r\n" in wire.heads[0]
    assert wire.heads[0].count(b"Host:") == 1


@pytest.mark.parametrize(
    ("url", "line"),
    [
        (f"http://{HOST}", b"GET / HTTP/1.1"),
        (f"http://{HOST}/caf\u00e9 1#top", b"GET /caf%C3%A9%201 HTTP/1.1"),
        (f"http://{HOST}/%2f?q=%c3", b"GET /%2f?q=%c3 HTTP/1.1"),
        (f"http://{HOST}/a\r\nX: y", b"GET /a%0D%0AX:%20y HTTP/1.1"),
    ],
)
async def test_a_url_is_asked_for_as_a_browser_does(url: str, line: bytes) -> None:
    async with Wiretap() as wire:
        single = new_single(wire.port)
        await single.fetch_one(url, ["Accept:"])
        single.close()
    assert wire.heads[0].partition(b"\r\n")[0] == line


@pytest.mark.parametrize("url", ["http://other.example.com/", "http://[/", "/path"])
async def test_what_is_no_url_of_the_site_is_not_asked_for(url: str) -> None:
    async with Wiretap() as wire:
        single = new_single(wire.port)
        with pytest.raises(FetchError):
            await single.fetch_one(url, ["Accept:"])
        single.close()
    assert wire.heads == []


async def test_a_version_of_tls_is_tried_without_a_request(tmp_path: Path) -> None:
    certificate = Authority(tmp_path).issue("other.example.com", expired=True)
    async with Wiretap(tls=server_tls(certificate)) as wire:
        single = new_single(wire.port)
        accepted = {
            version: await single.accepts_tls(f"https://{HOST}:{wire.port}/", version)
            for version in ("1.0", "1.3")
        }
        single.close()
    assert accepted == {"1.0": False, "1.3": True}
    assert wire.heads == []


async def test_where_nobody_listens_no_version_is_refused() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    single = new_single(port)
    with pytest.raises(FetchError) as failed:
        await single.accepts_tls(f"https://{HOST}:{port}/", "1.2")
    single.close()
    assert failed.value.reason == "connect"


@pytest.fixture
def dead() -> Iterator[int]:
    """A port that refuses connections, and that nobody else takes meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


async def test_a_request_goes_to_the_first_server_that_can_be_reached(dead: int) -> None:
    async with Wiretap() as wire, Wiretap() as other:
        single = new_single(dead, wire.port, other.port)
        for _ in range(2):
            await single.fetch_one(f"http://{HOST}/", ["Accept:"])
        single.close()
    assert (len(wire.heads), len(other.heads)) == (2, 0)


async def test_a_form_that_was_sent_to_one_server_goes_to_no_other(rogue: Rogue, dead: int) -> None:
    rogue.on("/", close_at_once())
    async with Wiretap() as other:
        single = new_single(dead, rogue.port, other.port)
        with pytest.raises(FetchError) as failed:
            await single.post_form(f"http://{HOST}/", ["Accept:"], b"a=1")
        single.close()
    assert (failed.value.reason, failed.value.sent) == ("closed-early", True)
    assert (rogue.count("/"), other.heads) == (1, [])


async def test_a_server_whose_certificate_is_not_trusted_is_passed_over(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    wrong, right = (server_tls(authority.issue(name)) for name in ("other.example.com", HOST))
    async with Wiretap(tls=wrong) as first, Wiretap(tls=right) as second:
        origin = Origin(
            base_url=f"https://{HOST}", hosts=frozenset({HOST}), ca_file=str(authority.ca_file)
        )
        site = FirstReachable(origin, [f"127.0.0.1:{each.port}" for each in (first, second)])
        single = Single(site)
        await single.connect(f"https://{HOST}/")
        single.close()
    assert site.server == f"127.0.0.1:{second.port}"
    assert [error.reason for error in site.unreachable.values()] == ["tls"]
    assert (first.heads, second.heads) == ([], [])


async def test_a_server_that_is_back_is_told_of_no_longer_once_it_was_asked(rogue: Rogue) -> None:
    rogue.on("/", page())
    other = Rogue()
    other.on("/", page())
    other.start()
    origin = Origin(base_url=f"http://{HOST}", hosts=frozenset({HOST}), new_connections=True)
    site = FirstReachable(origin, [other.node, rogue.node])
    single = Single(site)
    await single.fetch_one(f"http://{HOST}/", [])
    other.stop()
    await single.fetch_one(f"http://{HOST}/", [])
    assert (site.server, list(site.unreachable)) == (rogue.node, [other.node])

    back = Rogue(port=other.port)
    back.on("/", page())
    back.start()
    await single.fetch_one(f"http://{HOST}/", [])
    # Who answered last is asked first.
    assert (back.count(), rogue.count()) == (0, 2)
    rogue.stop()
    await single.fetch_one(f"http://{HOST}/", [])
    back.stop()
    single.close()
    assert (back.count(), list(site.unreachable)) == (1, [rogue.node])
