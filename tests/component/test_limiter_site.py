"""The limiter and the visitor guard on the wire: what the origin itself sees of them."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.component.crawl_runs import BASE_URL, Notebook, new_job
from tests.servers.misbehaviour import in_turn, page, redirect
from tests.servers.process import HOST
from tests.servers.rogue import Rogue
from warmer.crawl.crawl import crawl
from warmer.crawl.governor import Governor, wake
from warmer.crawl.guard import Tolerance
from warmer.crawl.job import CrawlJob, Page
from warmer.crawl.servers import Servers, Spread
from warmer.crawl.watch import Brake, Candidate, Watch
from warmer.run.visitor_watch import is_hot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.servers.rogue import Exchange
    from warmer.model import LimitMove

HOT = page(headers={"Age": "7"})


def pages(count: int) -> list[str]:
    return [f"/p/{number}" for number in range(count)]


@dataclass(slots=True)
class Seen:
    """What a watched crawl tells of itself."""

    moves: list[LimitMove] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, move: LimitMove) -> None:
        self.moves.append(move)
        self.moved.set()

    async def until(self, limit: int) -> LimitMove:
        """Wait for the next move to this limit."""
        start = len(self.moves)
        while all(move.limit != limit for move in self.moves[start:]):
            self.moved.clear()
            await asyncio.wait_for(self.moved.wait(), 20)
        return next(move for move in self.moves[start:] if move.limit == limit)


class Judging(Notebook):
    """An observer that says what came, as that of a run does."""

    def fetched(self, *args: Any, **kwargs: Any) -> Page:  # type: ignore[override]  # it tells more
        super().fetched(*args, **kwargs)
        return Page.HOT if is_hot(args[1].headers) else Page.STORABLE


def watched_job(
    paths: Sequence[str], rogue: Rogue, *, canary: str | None = None, **options: Any
) -> tuple[CrawlJob, Seen]:
    """A job that looks ten times a second, with or without a canary that was chosen."""
    seen = Seen()
    job = new_job(
        paths,
        connect_to=f"{rogue.host}:{rogue.port}",
        observer=Judging(),
        concurrency="auto",
        **options,
    )
    job.moved = seen.take
    lines = job.headers["default"]
    job.watch = Watch(
        origin=job.origin,
        tolerance=Tolerance(2.0, 10.0, 1000.0),
        every_s=0.1,
        is_hot=is_hot,
        note=seen.notes.append,
        chosen=None if canary is None else Candidate(BASE_URL + canary, lines, None),
    )
    return job, seen


def script(rogue: Rogue, paths: Sequence[str]) -> None:
    for path in paths:
        rogue.on(path, page())


async def test_it_never_has_more_in_flight_than_its_bound(rogue: Rogue) -> None:
    paths = pages(400)
    for path in paths:
        rogue.on(path, _takes(0.005))
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


async def test_a_canary_that_turns_slow_pauses_the_crawl_until_it_is_fast_again(
    rogue: Rogue,
) -> None:
    paths = pages(4000)
    script(rogue, paths)
    rogue.on("/", HOT)
    job, seen = watched_job(paths, rogue, canary="/", max_concurrency=2)
    crawling = asyncio.create_task(crawl(job))
    await seen.until(2)

    rogue.on("/", _takes(0.1, headers={"Age": "7"}))
    paused = await seen.until(0)
    assert paused.why.startswith("visitors wait: ")
    sent = sum(request.target != "/" for request in rogue.requests())
    rogue.on("/", HOT)
    resumed = await seen.until(1)
    assert resumed.why.startswith("visitors are served again: ")
    # What was on the wire when the pause began has ended; nothing else was sent in it.
    assert sum(request.target != "/" for request in rogue.requests()) <= sent + 1
    job.stop()
    await crawling


async def test_a_connection_that_idled_is_not_used_again(rogue: Rogue) -> None:
    paths = pages(2)
    script(rogue, paths)
    await crawl(new_job(paths, connect_to=f"{rogue.host}:{rogue.port}", rate=0.4))
    assert rogue.connections == 2


async def test_a_crawl_that_is_stopped_in_a_pause_ends(rogue: Rogue) -> None:
    paths = pages(4000)
    script(rogue, paths)
    rogue.on("/", HOT)
    job, seen = watched_job(paths, rogue, canary="/", max_concurrency=1)
    async with rogue.hold("/p/20") as held:
        crawling = asyncio.create_task(crawl(job))
        await held.arrived()
        rogue.on("/", page(status="503 Service Unavailable"))
    await seen.until(0)
    job.stop()
    await asyncio.wait_for(crawling, 3)


async def test_the_first_pages_are_tried_as_canaries_while_nothing_else_is_sent(
    rogue: Rogue,
) -> None:
    paths = pages(60)
    script(rogue, paths)
    for path in paths[:3]:
        rogue.on(path, in_turn(page(), HOT))
    job, seen = watched_job(paths, rogue)
    await crawl(job)
    assert seen.notes == []
    order = [request.target for request in rogue.requests()]
    looks = [place for place, path in enumerate(order) if path == "/p/0"][1:7]
    assert looks == list(range(looks[0], looks[0] + 6))


async def test_pages_that_no_cache_gives_are_left_and_one_line_says_so(rogue: Rogue) -> None:
    paths = pages(60)
    for path in paths:
        rogue.on(path, page(headers={"X-Cache": "MISS"}))
    job, seen = watched_job(paths, rogue)
    await crawl(job)
    (note,) = seen.notes
    last = re.search(r"/p/\d+", note)  # of the first ones, that which ended last: two are in flight
    assert last is not None
    assert note == (
        f"visitors are not watched: http://www.example.com{last[0]} is no hot page (its responses"
        " come from no cache); name one under [guard] url, or choose a --concurrency"
    )
    assert isinstance(job.observer, Notebook)
    assert len(job.observer.calls) == 60


async def test_a_canary_that_disappears_is_left_and_the_crawl_goes_on(rogue: Rogue) -> None:
    paths = pages(2000)
    script(rogue, paths)
    rogue.on("/", in_turn(*[HOT] * 7, page(status="404 Not Found")))
    job, seen = watched_job(paths, rogue, canary="/", max_concurrency=1)
    await crawl(job)
    assert [note.partition(";")[0] for note in seen.notes] == [
        "visitors are not watched: http://www.example.com/ is no hot page (status 404)"
    ]
    assert 0 not in {move.limit for move in seen.moves}


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


def _takes(seconds: float, *, headers: dict[str, str] | None = None) -> Any:
    answer = page(headers=headers)

    def behave(exchange: Exchange) -> None:
        exchange.pause(seconds)
        answer(exchange)

    return behave


async def test_the_canary_stays_away_for_as_long_as_it_is_asked_to(rogue: Rogue) -> None:
    paths = pages(4000)
    script(rogue, paths)
    busy = page(status="429 Too Many Requests", headers={"Retry-After": "1"})
    looked_again = threading.Event()

    def hot_again(exchange: Exchange) -> None:
        looked_again.set()
        HOT(exchange)

    rogue.on("/", in_turn(*[HOT] * 7, busy, hot_again))
    job, _ = watched_job(paths, rogue, canary="/", max_concurrency=1)
    crawling = asyncio.create_task(crawl(job))
    assert await asyncio.to_thread(looked_again.wait, 30)
    job.stop()
    await crawling
    refused, next_look = rogue.requests("/")[7:9]
    assert next_look.at - refused.at >= 1.0


async def test_a_server_that_goes_down_holds_nobody_up_where_others_are_left(
    rogue: Rogue,
) -> None:
    paths = pages(3000)
    script(rogue, paths)
    with running_rogue() as second:
        script(second, paths)
        job, seen = watched_job(paths, rogue, max_concurrency=2, abort_ratio=1.0)
        addresses = [f"{HOST}:{each.port}" for each in (second, rogue)]
        job.route = Spread(Servers(addresses))
        assert job.watch is not None
        job.watch.servers = tuple(addresses)
        crawling = asyncio.create_task(crawl(job))
        async with second.hold("/p/101") as held:
            await held.arrived()
    await asyncio.wait_for(crawling, 60)
    assert [move for move in seen.moves if move.limit == 0] == []
    assert seen.notes == []
    assert sum(each.status == 200 for each in judged(job)) > 2900


class Restless(Watch):
    """Has the engine asked for requests at each turn of the loop, as a limit that grows may."""

    async def run(self, brake: Brake) -> None:
        assert isinstance(brake, Governor)
        while True:
            wake(brake.crawler)
            await asyncio.sleep(0)


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


async def test_above_four_it_waits_for_a_look_that_finds_visitors_served_well(
    rogue: Rogue,
) -> None:
    paths = pages(4000)
    for path in paths:
        rogue.on(path, _takes(0.02))
    reached, let_go = threading.Event(), threading.Event()

    def tell(exchange: Exchange) -> None:
        reached.set()
        HOT(exchange)

    def wait(exchange: Exchange) -> None:
        let_go.wait(30)
        HOT(exchange)

    rogue.on("/p/150", tell)
    rogue.on("/", in_turn(*[HOT] * 6, wait, HOT))
    job, seen = watched_job(paths, rogue, canary="/", max_concurrency=8)
    assert job.watch is not None
    job.watch.tolerance = dataclasses.replace(job.watch.tolerance, max_ms=60_000.0)
    crawling = asyncio.create_task(crawl(job))
    assert await asyncio.to_thread(reached.wait, 30)
    assert max(move.limit for move in seen.moves) <= 4
    let_go.set()
    await seen.until(8)
    job.stop()
    await crawling


def judged(job: CrawlJob) -> list[Any]:
    observer: Any = job.observer
    return list(observer.calls)


@contextlib.contextmanager
def running_rogue() -> Iterator[Rogue]:
    server = Rogue()
    server.start()
    try:
        yield server
    finally:
        server.stop()
