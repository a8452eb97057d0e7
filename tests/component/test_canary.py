"""A look at a hot page, and at a URL that tells of load, over the wire."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from tests.component.crawl_runs import BASE_URL, new_job
from tests.servers.misbehaviour import page, redirect, silence
from tests.servers.process import free_port
from warmer.crawl.canary import Canary, GoneError
from warmer.crawl.url_signal import UrlSignal
from warmer.run.load_signals import beyond
from warmer.run.visitor_watch import is_hot

if TYPE_CHECKING:
    from tests.servers.rogue import Behaviour, Rogue


def canary(rogue: Rogue, path: str = "/hot", *, max_ms: float = 2000.0) -> Canary:
    job = new_job([], connect_to=f"{rogue.host}:{rogue.port}")
    lines = job.headers["default"]
    return Canary(job.origin, BASE_URL + path, lines, is_hot=is_hot, max_ms=max_ms)


async def test_it_asks_as_the_crawl_does_over_a_connection_of_its_own(rogue: Rogue) -> None:
    rogue.on("/hot", page(headers={"Age": "3"}))
    watched = canary(rogue)
    for _ in range(3):
        assert (await watched.look()).hot is True
    assert rogue.connections == 3
    asked = rogue.requests("/hot")[0].headers
    assert (asked["host"], asked["x-warmer-run"]) == ("www.example.com", "run-1")


@pytest.mark.parametrize(
    ("headers", "hot"), [({}, None), ({"X-Cache": "HIT"}, True), ({"X-Cache": "MISS"}, False)]
)
async def test_it_tells_what_the_response_says_of_a_cache(
    rogue: Rogue, headers: dict[str, str], *, hot: bool | None
) -> None:
    rogue.on("/hot", page(headers=headers))
    assert (await canary(rogue).look()).hot is hot


async def test_delays_of_our_own_event_loop_are_not_in_its_time(rogue: Rogue) -> None:
    rogue.on("/hot", page())
    watched = canary(rogue)
    await watched.look()
    looking = asyncio.ensure_future(watched.look())
    await asyncio.sleep(0)  # lets the look begin
    time.sleep(1.5)  # noqa: ASYNC251 -- this is the delay
    look = await looking
    assert look.took_ms is not None
    assert look.took_ms < 1000


async def test_no_answer_in_time_and_errors_are_looks_without_a_time(rogue: Rogue) -> None:
    rogue.on("/hot", page(status="503 Service Unavailable"))
    assert await canary(rogue).look() == (None, "status 503", None)
    rogue.on("/hot", silence())
    silent = await canary(rogue, max_ms=50.0).look()
    assert silent.took_ms is None
    assert silent.failure.startswith("Operation timed out")


@pytest.mark.parametrize("behaviour", [page(status="404 Not Found"), redirect("/elsewhere")])
async def test_another_status_means_that_the_page_is_gone(
    rogue: Rogue, behaviour: Behaviour
) -> None:
    rogue.on("/hot", behaviour)
    with pytest.raises(GoneError):
        await canary(rogue).look()


async def test_a_look_under_way_ends_soon_when_it_is_closed(rogue: Rogue) -> None:
    rogue.on("/hot", page())
    watched = canary(rogue, max_ms=60_000.0)
    async with rogue.hold("/hot") as held:
        looking = asyncio.ensure_future(watched.look())
        await held.arrived()
        watched.close()
        look = await asyncio.wait_for(looking, 10)
    assert look.took_ms is None


async def test_a_url_tells_of_load_by_its_status_or_by_a_number(rogue: Rogue) -> None:
    rogue.on("/load", page(b'{"load": 3.5}'))
    url = f"{rogue.url}/load"
    assert await UrlSignal(url, lambda _: "").read() == ""
    assert await UrlSignal(url, lambda text: beyond(text, 4.0)).read() == ""
    hot = await UrlSignal(url, lambda text: beyond(text, 3.0)).read()
    assert hot == "guard.command_url: 3.5, more than 3"
    rogue.on("/load", page(status="503 Service Unavailable"))
    assert await UrlSignal(url, lambda _: "").read() == "guard.command_url: status 503"
    nobody = await UrlSignal(f"http://127.0.0.1:{free_port()}/", lambda _: "").read()
    assert nobody.startswith("guard.command_url: Failed to connect to 127.0.0.1")
