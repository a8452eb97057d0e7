"""What a crawl sends, counted and read by the server: once, in order, as a browser does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.component.crawl_runs import HOST, Notebook, new_job, warm
from tests.component.wiretap import Wiretap
from tests.servers.misbehaviour import page
from warmer.config import VariantConfig
from warmer.crawl.crawl import crawl
from warmer.crawl.refresh import refresh_line
from warmer.model import Target

if TYPE_CHECKING:
    from tests.servers.rogue import Rogue

PAGES = [f"/p/{number}" for number in range(40)]

PLAIN_PROFILE = b"""\
GET /p/1?q=a%20b HTTP/1.1\r
Host: www.example.com\r
User-Agent: Mozilla/5.0 (compatible; warmer/0.1.0)\r
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,\
image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7\r
Accept-Language: en-US,en;q=0.9\r
Upgrade-Insecure-Requests: 1\r
Accept-Encoding: gzip, deflate\r
X-Warmer-Run: run-1\r
\r
"""


async def test_each_target_is_asked_for_once_and_by_rank(rogue: Rogue) -> None:
    for path in PAGES:
        rogue.on(path, page())

    seen = await warm(PAGES, connect_to=rogue.node, concurrency=1)

    assert [request.target for request in rogue.requests()] == PAGES
    assert {request.method for request in rogue.requests()} == {"GET"}
    assert [call.rank for call in seen.calls] == list(range(1, 41))


async def test_no_more_are_in_flight_than_the_limit_and_no_fewer(rogue: Rogue) -> None:
    rogue.on("/held", page())
    job = new_job(["/held"] * 20, connect_to=rogue.node, concurrency=5)
    async with rogue.hold("/held") as held:
        crawling = asyncio.create_task(crawl(job))
        await held.arrived(5)
        assert job.live.in_flight == 5

    await crawling

    assert (rogue.count(), rogue.peak_in_flight) == (20, 5)


async def test_connections_are_kept_for_as_many_as_the_limit_may_grow_to(rogue: Rogue) -> None:
    rogue.on("/", page())

    seen = await warm(["/"] * 200, connect_to=rogue.node, concurrency="auto", max_concurrency=4)

    assert len(seen.calls) == 200
    assert rogue.peak_in_flight <= 4
    assert rogue.connections <= 4


async def test_the_rate_is_not_passed_and_a_burst_goes_at_once(rogue: Rogue) -> None:
    rogue.on("/", page())

    await warm(["/"] * 24, connect_to=rogue.node, concurrency=8, rate=40.0, burst=4)

    times = [request.at for request in rogue.requests()]
    # Twenty of them waited for a token of 25 ms each; the network may take 100 ms off. When
    # each was sent is held to the bucket by its own tests: here it is when each was read.
    assert times[-1] - times[0] > 0.4


async def test_the_request_is_a_browsers_to_the_byte() -> None:
    async with Wiretap() as wire:
        await warm(["/p/1?q=a%20b"], connect_to=f"127.0.0.1:{wire.port}")
    assert wire.heads == [PLAIN_PROFILE]


async def test_without_a_profile_only_what_was_asked_for_is_sent() -> None:
    variant = VariantConfig(name="default", profile="none", headers={"User-Agent": ""})
    async with Wiretap() as wire:
        await warm(["/"], connect_to=f"127.0.0.1:{wire.port}", variant=variant)
    assert wire.heads == [b"GET / HTTP/1.1\r\nHost: www.example.com\r\nX-Warmer-Run: run-1\r\n\r\n"]


async def test_a_header_given_in_another_spelling_is_sent_once() -> None:
    headers = {"accept-LANGUAGE": "de", "x-warmer-run": "mine"}
    async with Wiretap() as wire:
        await warm(["/"], connect_to=f"127.0.0.1:{wire.port}", headers=headers)
    (head,) = wire.heads
    assert head.lower().count(b"accept-language:") == 1
    assert b"accept-LANGUAGE: de\r\n" in head
    assert head.lower().count(b"x-warmer-run:") == 1
    assert b"X-Warmer-Run: run-1\r\n" in head


async def test_a_value_beyond_ascii_is_sent_as_it_is_written() -> None:
    async with Wiretap() as wire:
        seen = await warm(
            ["/"], connect_to=f"127.0.0.1:{wire.port}", headers={"X-Secret": "Schlüssel"}
        )
    assert seen.only().status == 200
    assert "X-Secret: Schlüssel\r\n".encode() in wire.heads[0]


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/a/../b", b"GET /a/../b HTTP/1.1"),
        ("/caf%C3%A9", b"GET /caf%C3%A9 HTTP/1.1"),
        ("/a%2fb", b"GET /a%2fb HTTP/1.1"),
        ("/?a=1&a=2&b=", b"GET /?a=1&a=2&b= HTTP/1.1"),
        ("/p#part", b"GET /p HTTP/1.1"),
        ("/p?", b"GET /p? HTTP/1.1"),
    ],
)
async def test_the_path_is_sent_as_it_is_planned(path: str, sent: bytes) -> None:
    async with Wiretap() as wire:
        await warm([path], connect_to=f"127.0.0.1:{wire.port}")
    assert wire.heads[0].splitlines()[0] == sent


async def test_a_refresh_is_signed_for_the_url_that_is_asked_for() -> None:
    async with Wiretap() as wire:
        job = new_job(["/p/1"], connect_to=f"127.0.0.1:{wire.port}")
        job.refresh_secret = "secret"
        await crawl(job)
    (line,) = [each for each in wire.heads[0].split(b"\r\n") if each.startswith(b"X-Warmer-Ref")]
    moment = float(line.partition(b": ")[2].partition(b".")[0])
    assert line.decode() == refresh_line(f"http://{HOST}/p/1", "secret", moment)


async def test_the_body_is_read_to_its_end_and_its_beginning_is_kept(rogue: Rogue) -> None:
    rogue.on("/", page(bytes(300_000)))
    seen = await warm(["/"], connect_to=rogue.node)
    fetch = seen.only().fetch
    assert fetch is not None
    assert (fetch.body_bytes, fetch.body) == (300_000, bytes(1000))
    assert 0 < fetch.first_byte_ms <= fetch.total_ms


async def test_an_address_of_version_6_is_connected_to() -> None:
    async with Wiretap(host="::1") as wire:
        seen = await warm(["/"], connect_to=f"[::1]:{wire.port}")
    assert seen.only().status == 200
    assert b"\r\nHost: www.example.com\r\n" in wire.heads[0]


async def test_a_site_may_itself_be_an_address_of_version_6() -> None:
    async with Wiretap(host="::1") as wire:
        site = {"hosts": frozenset({"2001:db8::1"})}
        seen = await warm(
            ["/"],
            base_url="http://[2001:db8::1]:8000",
            connect_to=f"[::1]:{wire.port}",
            origin=site,
        )
    assert seen.only().status == 200
    assert b"\r\nHost: [2001:db8::1]:8000\r\n" in wire.heads[0]


async def test_variants_of_one_url_are_different_targets(rogue: Rogue) -> None:
    rogue.on("/", page())
    notebook = Notebook()
    job = new_job([], connect_to=rogue.node, observer=notebook)
    german = [*job.headers["default"], "X-Language: de"]
    job.headers = {"en": job.headers["default"], "de": german}
    job.targets = iter([Target(1, f"http://{HOST}/", "en"), Target(2, f"http://{HOST}/", "de")])

    await crawl(job)

    languages = [request.headers.get("x-language") for request in rogue.requests()]
    assert sorted(map(str, languages)) == ["None", "de"]
    assert len(notebook.calls) == 2
