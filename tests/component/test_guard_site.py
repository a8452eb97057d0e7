"""The visitor guard on the wire: what it looks at, and when the crawl waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from collections import Counter
from typing import TYPE_CHECKING

from tests.component.crawl_runs import Notebook, new_job
from tests.component.watched_crawls import HOT, judged, pages, script, watched_job
from tests.servers.misbehaviour import in_turn, page, slow
from tests.servers.process import HOST
from tests.servers.rogue import Rogue
from warmer.crawl.crawl import crawl
from warmer.crawl.servers import Servers, Spread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.rogue import Exchange


async def test_a_canary_that_turns_slow_pauses_the_crawl_until_it_is_fast_again(
    rogue: Rogue,
) -> None:
    paths = pages(4000)
    script(rogue, paths)
    rogue.on("/", HOT)
    # At its own pace the crawl would be over before the third slow look.
    job, seen = watched_job(paths, rogue, canary="/", max_concurrency=2, rate=400.0)
    crawling = asyncio.create_task(crawl(job))
    await seen.until(2)

    rogue.on("/", slow(0.5, HOT))
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
    await asyncio.wait_for(crawling, 30)


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


async def test_one_line_says_so_where_no_page_can_be_hot(rogue: Rogue) -> None:
    paths = pages(60)
    for path in paths:
        rogue.on(path, page(headers={"Cache-Control": "no-store"}))
    job, seen = watched_job(paths, rogue)
    await crawl(job)
    job.targets = new_job(paths, connect_to=rogue.node).targets
    await crawl(job)
    (note,) = seen.notes
    assert note == (
        "visitors are not watched yet: too few of the first 20 pages can be hot; name one under"
        " [guard] url, or choose a --concurrency"
    )


async def test_a_canary_that_disappears_is_left_for_one_of_the_plan(rogue: Rogue) -> None:
    paths = pages(2000)
    for path in paths:
        rogue.on(path, in_turn(page(), HOT))
    rogue.on("/", in_turn(*[HOT] * 7, page(status="404 Not Found")))
    job, seen = watched_job(paths, rogue, canary="/", max_concurrency=1, rate=400.0)
    await crawl(job)
    (note,) = seen.notes
    named = "http://www.example.com/ under [guard] url is no hot page (status 404)"
    assert note == f"{named}: one of the plan's is watched"
    assert 0 not in {move.limit for move in seen.moves}
    looks = Counter(request.target for request in rogue.requests())
    (watched,) = [path for path in paths if looks[path] > 1]
    assert looks[watched] > 6


async def test_the_canary_stays_away_for_as_long_as_it_is_asked_to(rogue: Rogue) -> None:
    paths = pages(4000)
    script(rogue, paths)
    busy = page(status="429 Too Many Requests", headers={"Retry-After": "1"})
    looked_again = threading.Event()

    def hot_again(exchange: Exchange) -> None:
        looked_again.set()
        HOT(exchange)

    rogue.on("/", in_turn(*[HOT] * 7, busy, hot_again))
    job, _ = watched_job(paths, rogue, canary="/", max_concurrency=1, rate=400.0)
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
    with running_rogue() as second:
        for server in (rogue, second):
            script(server, paths)
            for path in paths[:3]:
                server.on(path, in_turn(page(), HOT))
        job, seen = watched_job(paths, rogue, max_concurrency=2, abort_ratio=1.0)
        # The canary is the first page, whose rank is odd: the second server gave it.
        addresses = [f"{HOST}:{each.port}" for each in (rogue, second)]
        job.route = Spread(Servers(addresses))
        assert job.watch is not None
        job.watch.servers = tuple(addresses)
        crawling = asyncio.create_task(crawl(job))
        async with second.hold("/p/100") as held:
            await held.arrived()
    await asyncio.wait_for(crawling, 60)
    assert [move.why for move in seen.moves if move.why.startswith("visitors wait")] == []
    assert seen.notes == []
    assert sum(each.status == 200 for each in judged(job)) > 2900


async def test_above_four_it_waits_for_a_look_that_finds_visitors_served_well(
    rogue: Rogue,
) -> None:
    paths = pages(4000)
    for path in paths:
        rogue.on(path, slow(0.02, page()))
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
    crawling = asyncio.create_task(crawl(job))
    assert await asyncio.to_thread(reached.wait, 30)
    assert max(move.limit for move in seen.moves) <= 4
    let_go.set()
    await seen.until(8)
    job.stop()
    await crawling


@contextlib.contextmanager
def running_rogue() -> Iterator[Rogue]:
    server = Rogue()
    server.start()
    try:
        yield server
    finally:
        server.stop()
