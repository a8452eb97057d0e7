"""What is measured of each request, beside its time: against what the server saw."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.component.crawl_runs import Notebook, new_job, warm
from tests.component.wiretap import Wiretap
from tests.servers.misbehaviour import page, redirect, silence
from warmer.crawl.crawl import crawl

if TYPE_CHECKING:
    from tests.component.crawl_runs import Seen
    from tests.servers.rogue import Rogue


def in_flight_of(call: Seen) -> int:
    assert call.fetch is not None
    return call.fetch.in_flight


async def test_only_the_first_request_on_a_connection_pays_for_it(rogue: Rogue) -> None:
    rogue.on("/", page())

    seen = await warm(["/"] * 3, connect_to=f"{rogue.host}:{rogue.port}", concurrency=1)

    first, *others = [call.fetch for call in seen.calls if call.fetch is not None]
    assert 0 < first.connect_ms <= first.total_ms
    assert [fetch.connect_ms for fetch in others] == [0.0, 0.0]


async def test_the_bytes_sent_are_those_that_went_over_the_wire() -> None:
    async with Wiretap() as wire:
        seen = await warm(["/p/1?q=a%20b"], connect_to=f"127.0.0.1:{wire.port}")

    fetch = seen.only().fetch
    assert fetch is not None
    assert [fetch.sent_bytes] == [len(head) for head in wire.heads]


async def test_each_request_knows_how_many_were_on_the_wire_with_it(rogue: Rogue) -> None:
    rogue.on("/held", page())
    notebook = Notebook()
    job = new_job(
        ["/held"] * 5, connect_to=f"{rogue.host}:{rogue.port}", observer=notebook, concurrency=5
    )
    async with rogue.hold("/held") as held:
        crawling = asyncio.create_task(crawl(job))
        await held.arrived(5)
    await crawling

    counts = [in_flight_of(call) for call in notebook.calls]
    assert counts[0] == 5
    assert all(1 <= count <= 5 for count in counts)


async def test_a_request_without_an_answer_tells_how_long_was_waited_for_it(rogue: Rogue) -> None:
    rogue.on("/", silence())

    seen = await warm(["/"], connect_to=f"{rogue.host}:{rogue.port}", retries=0, timeout_s=0.2)

    call = seen.only()
    assert call.reason == "timeout"
    assert call.failed_after_ms is not None
    assert call.failed_after_ms >= 200


async def test_a_redirect_that_is_not_followed_has_its_time(rogue: Rogue) -> None:
    rogue.on("/", redirect("https://elsewhere.example/"))

    call = (await warm(["/"], connect_to=f"{rogue.host}:{rogue.port}")).only()

    assert call.reason == "redirect-offsite"
    assert call.failed_after_ms is not None
    assert call.failed_after_ms > 0


async def test_a_request_that_was_never_sent_has_no_time(rogue: Rogue) -> None:
    rogue.on("/robots.txt", page(b"User-agent: *\nDisallow: /no\n"))

    seen = await warm(["/no"], connect_to=f"{rogue.host}:{rogue.port}", robots=True)

    call = seen.only()
    assert (call.reason, call.failed_after_ms) == ("robots", None)
