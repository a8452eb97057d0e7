"""The limiter on the wire: what the origin itself sees of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.component.crawl_runs import Notebook, new_job
from tests.component.watched_crawls import Seen, judged, pages, script, watched_job
from tests.servers.misbehaviour import in_turn, page, redirect, slow
from warmer.crawl.crawl import crawl
from warmer.crawl.governor import Governor, wake
from warmer.crawl.watch import Watch
from warmer.run.visitor_watch import is_hot

if TYPE_CHECKING:
    from tests.servers.rogue import Rogue
    from warmer.crawl.brake import Brake
    from warmer.model import LimitMove


async def test_it_never_has_more_in_flight_than_its_bound(rogue: Rogue) -> None:
    paths = pages(400)
    for path in paths:
        rogue.on(path, slow(0.005, page()))
    job = new_job(
        paths,
        connect_to=f"{rogue.host}:{rogue.port}",
        concurrency="auto",
        max_concurrency=3,
    )
    moves: list[LimitMove] = []
    job.moved = moves.append
    await crawl(job)
    assert {move.limit for move in moves} <= {1, 2, 3}
    assert 2 <= rogue.peak_in_flight <= 3


async def test_a_connection_that_idled_is_not_used_again(rogue: Rogue) -> None:
    paths = pages(2)
    script(rogue, paths)
    await crawl(new_job(paths, connect_to=f"{rogue.host}:{rogue.port}", rate=0.4))
    assert rogue.connections == 2


async def test_a_brown_out_pauses_and_the_run_survives_it(rogue: Rogue) -> None:
    paths = pages(300)
    script(rogue, paths)
    job = new_job(paths, connect_to=f"{rogue.host}:{rogue.port}", concurrency="auto", retries=0)
    seen = Seen()
    job.moved = seen.take
    async with rogue.hold("/p/100") as held:
        crawling = asyncio.create_task(crawl(job))
        await held.arrived()
        for path in paths:
            rogue.on(path, page(status="503 Service Unavailable"))
    await seen.until(0)
    script(rogue, paths)
    await crawling
    assert job.aborted is None
    assert isinstance(job.observer, Notebook)
    failed = [call for call in job.observer.calls if call.status == 503]
    assert 5 <= len(failed) <= 25


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_retry_after_holds_back_all_requests(rogue: Rogue, status: str) -> None:
    paths = pages(50)
    script(rogue, paths)
    refused = page(status=status, headers={"Retry-After": "1"})
    rogue.on("/p/10", in_turn(refused, page()))
    job = new_job(paths, connect_to=f"{rogue.host}:{rogue.port}", concurrency="auto")
    moves: list[LimitMove] = []
    job.moved = moves.append
    await crawl(job)
    paused = [move.why for move in moves if move.limit == 0]
    assert paused == [f"pause of 1 s: status-{status[:3]}, with Retry-After"]
    first, second = (request.at for request in rogue.requests("/p/10"))
    between = [each for each in rogue.requests() if first < each.at < second - 0.05]
    assert len(between) <= 16
    assert isinstance(job.observer, Notebook)
    assert {call.status for call in job.observer.calls} == {200}


class Restless(Watch):
    """Has the engine asked for requests at each turn of the loop, as a limit that grows may."""

    async def run(self, brake: Brake) -> None:
        assert isinstance(brake, Governor)
        while True:
            wake(brake.crawler)
            await asyncio.sleep(0)  # one turn of the loop


@pytest.mark.parametrize("last", ["redirected", "tried again"])
async def test_what_goes_out_once_more_is_not_lost_to_an_engine_that_finds_itself_idle(
    rogue: Rogue, last: str
) -> None:
    rogue.on("/old", redirect("/new"))
    rogue.on("/new", page())
    path = {"redirected": "/old", "tried again": "/busy"}[last]
    for _ in range(20):
        rogue.on("/busy", in_turn(page(status="503 Service Unavailable"), page()))
        job, _ = watched_job([path], rogue)
        watch = job.watch
        assert watch is not None
        job.watch = Restless(
            origin=job.origin,
            tolerance=watch.tolerance,
            every_s=watch.every_s,
            is_hot=is_hot,
            note=watch.note,
        )
        await crawl(job)
        assert [call.status for call in judged(job)] == [200]
