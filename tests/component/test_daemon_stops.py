"""A stop of one site's service, in the middle of a run and at its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.component.daemon_site import serving
from tests.servers.misbehaviour import page
from warmer.model import Trigger

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.rogue import Exchange, Rogue

SAVE = Trigger.INVALIDATION
PATHS = [f"/p/{number}/" for number in range(1, 6)]


@pytest.fixture
def site(rogue: Rogue) -> str:
    """Five pages, fetched one after the other, debounced by 0 s."""
    for path in PATHS:
        rogue.on(path, page())
    return f"""
    name = "shop"
    base_url = "{rogue.url}"
    [verify]
    probe = "never"
    [crawl]
    concurrency = 1
    [invalidation]
    debounce_s = 0
    """


async def test_a_stop_lets_the_page_on_the_wire_end_and_the_rest_is_done_after_the_next_start(
    site: str, rogue: Rogue, tmp_path: Path
) -> None:
    async with serving(tmp_path, site) as daemon:
        with rogue.hold("/p/2/") as held:
            number = daemon.accept(SAVE, *PATHS)
            await held.arrived()
            daemon.service.stop()
    assert [rogue.count(path) for path in PATHS] == [1, 1, 0, 0, 0]
    assert daemon.runs() == [("invalidation", "interrupted", 5)]
    async with serving(tmp_path, site) as daemon:
        await daemon.done(number)
    assert [rogue.count(path) for path in PATHS] == [2, 2, 1, 1, 1]
    assert daemon.runs() == [("invalidation", "interrupted", 5), ("invalidation", "finished", 5)]


@pytest.mark.parametrize("is_answered", [False, True])
async def test_a_stop_that_comes_as_a_run_ends_leaves_its_trigger_done_or_waiting(
    site: str,
    rogue: Rogue,
    tmp_path: Path,
    is_answered: bool,
) -> None:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    async with serving(tmp_path, site) as daemon:

        def stop() -> None:
            daemon.service.stop()
            stopped.set()

        def behave(exchange: Exchange) -> None:
            if is_answered:
                exchange.answer(b"page")
            loop.call_soon_threadsafe(stop)
            if not is_answered:
                exchange.answer(b"page")

        rogue.on("/p/1/", behave)
        number = daemon.accept(SAVE, "/p/1/")
        await stopped.wait()
    ((status,),) = daemon.rows("SELECT status FROM runs")
    ((is_done,),) = daemon.rows("SELECT finished_at IS NOT NULL FROM triggers")
    assert (status, is_done) in {("finished", 1), ("interrupted", 0)}
    rogue.on("/p/1/", page())
    if not is_done:
        async with serving(tmp_path, site) as daemon:
            await daemon.done(number)
