"""How a crawl ends: by abort, by stop, by an error of our own; and what it leaves behind."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.component.crawl_runs import Landing, Notebook, new_job, targets, warm
from tests.servers.misbehaviour import in_turn, page, redirect
from tests.servers.process import HOST, free_port
from warmer.crawl.crawl import crawl
from warmer.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import StartNginx
    from tests.servers.rogue import Rogue
    from warmer.model import Target

MANY = [f"/p/{number}" for number in range(300)]
BROKEN = page(status="500 Internal Server Error")


class FullDisk(Notebook):
    """An observer whose store cannot be written from some call on."""

    def __init__(self, *, good: int) -> None:
        super().__init__()
        self._good = good

    def fetched(self, *args: Any, **kwargs: Any) -> None:
        super().fetched(*args, **kwargs)
        if len(self.calls) > self._good:
            raise StoreError("warmer.db: no space left on device")

    def failed(self, *args: Any, **kwargs: Any) -> None:
        super().failed(*args, **kwargs)
        raise StoreError("warmer.db: no space left on device")


async def test_an_origin_that_fails_is_given_up(rogue: Rogue) -> None:
    for path in MANY:
        rogue.on(path, BROKEN)
    notebook = Notebook()
    job = new_job(MANY, connect_to=rogue.node, observer=notebook, concurrency=4)

    await crawl(job)

    assert job.aborted == (
        "10 of the last 10 requests failed, more than abort_ratio 0.5 allows; the last: status-500"
    )
    # Ten that tripped the rule, and at most three that were on the wire with the tenth.
    assert 10 <= rogue.count() <= 13
    assert len(notebook.calls) == rogue.count()
    assert [call.attempts for call in notebook.calls] == [1] * rogue.count()


async def test_an_unreachable_origin_is_given_up_though_it_is_tried_again() -> None:
    notebook = Notebook()
    job = new_job(MANY, connect_to=f"127.0.0.1:{free_port()}", observer=notebook, concurrency=4)
    await crawl(job)
    assert job.aborted is not None
    assert {call.reason for call in notebook.calls} == {"connect"}
    assert len({call.rank for call in notebook.calls}) == len(notebook.calls) <= 13


async def test_after_an_abort_what_is_in_flight_comes_to_its_end(rogue: Rogue) -> None:
    rogue.on("/slow", page())
    for path in MANY:
        rogue.on(path, BROKEN)
    notebook = Notebook()
    job = new_job(["/slow", *MANY], connect_to=rogue.node, observer=notebook, concurrency=2)

    async with rogue.hold("/slow"):
        crawling = asyncio.create_task(crawl(job))
        await job.stopped.wait()
    await crawling

    assert notebook.results()["/slow"] == 200
    assert rogue.count() == len(notebook.calls) == 11


async def test_failures_below_the_share_stop_nothing(rogue: Rogue) -> None:
    for number, path in enumerate(MANY):
        rogue.on(path, BROKEN if number % 3 == 0 else page())
    notebook = Notebook()
    job = new_job(MANY, connect_to=rogue.node, observer=notebook)
    await crawl(job)
    assert (job.aborted, len(notebook.calls), rogue.count()) == (None, 300, 300)


async def test_missing_pages_do_not_count_as_a_failing_origin(rogue: Rogue) -> None:
    notebook = Notebook()
    job = new_job(MANY, connect_to=rogue.node, observer=notebook)
    await crawl(job)
    assert job.aborted is None
    assert {call.status for call in notebook.calls} == {404}


async def test_a_stop_lets_what_is_on_the_wire_end_and_sends_no_more(rogue: Rogue) -> None:
    rogue.on("/held", page())
    notebook = Notebook()
    job = new_job(["/held"] * 50, connect_to=rogue.node, observer=notebook, concurrency=3)

    async with rogue.hold("/held") as held:
        crawling = asyncio.create_task(crawl(job))
        await held.arrived(3)
        job.stop()
    await crawling

    assert rogue.count() == 3
    assert sorted(call.rank for call in notebook.calls) == [1, 2, 3]
    assert job.aborted is None


async def test_a_job_stopped_before_it_began_sends_nothing(rogue: Rogue) -> None:
    notebook = Notebook()
    job = new_job(MANY, connect_to=rogue.node, observer=notebook)
    job.stop()
    await crawl(job)
    assert (rogue.count(), notebook.calls) == (0, [])


async def test_a_stop_in_a_redirect_follows_it_no_further_and_tells_nothing(rogue: Rogue) -> None:
    rogue.on("/old", redirect("/new"))
    notebook = Notebook()
    job = new_job(["/old"], connect_to=rogue.node, observer=notebook)

    async with rogue.hold("/old") as held:
        crawling = asyncio.create_task(crawl(job))
        await held.arrived()
        job.stop()
    await crawling

    assert [request.target for request in rogue.requests()] == ["/old"]
    assert notebook.calls == []


async def test_a_stop_ends_the_wait_for_a_turn_at_once(rogue: Rogue) -> None:
    rogue.on("/p/0", page())
    notebook = Notebook()
    job = new_job(MANY, connect_to=rogue.node, observer=notebook, rate=0.01, concurrency=4)
    job.live = landing = Landing()
    crawling = asyncio.create_task(crawl(job))
    await landing.landed.wait()

    job.stop()
    await asyncio.wait_for(crawling, 5)

    assert rogue.count() == 1
    assert notebook.results() == {"/p/0": 200}


async def test_what_a_stopped_job_left_can_be_taken_again_and_nothing_twice(rogue: Rogue) -> None:
    busy = page(status="503 Service Unavailable", headers={"Retry-After": "1"})
    for number, path in enumerate(MANY):
        rogue.on(path, (page(), in_turn(busy, page()), redirect("/p/0"))[number % 3])
    first = Notebook()
    job = new_job(MANY, connect_to=rogue.node, observer=first, concurrency=8, abort_ratio=1.0)
    async with rogue.hold(MANY[12]) as held:
        crawling = asyncio.create_task(crawl(job))
        await held.arrived()
        job.stop()
    await crawling
    told = set(first.results())

    rest = [path for path in MANY if path not in told]
    second = await warm(
        rest,
        connect_to=rogue.node,
        concurrency=8,
        backoff_s=0.001,
        abort_ratio=1.0,
        max_retry_after_s=0,
    )

    assert told.isdisjoint(second.results())
    assert sorted([*told, *second.results()]) == sorted(MANY)


@pytest.mark.parametrize("good", [0, 20])
async def test_an_observer_that_cannot_write_ends_the_crawl_and_is_heard(
    rogue: Rogue, good: int
) -> None:
    for path in MANY:
        rogue.on(path, page())
    observer = FullDisk(good=good)

    with pytest.raises(StoreError, match="no space left on device"):
        await crawl(new_job(MANY, connect_to=rogue.node, observer=observer, concurrency=4))

    assert good < rogue.count() <= good + 8
    assert len(observer.calls) == rogue.count()


async def test_an_observer_that_cannot_write_a_failure_is_heard(rogue: Rogue) -> None:
    rogue.on("/", redirect("/"))
    with pytest.raises(StoreError, match="no space left on device"):
        await crawl(new_job(["/"] * 9, connect_to=rogue.node, observer=FullDisk(good=0)))


@pytest.mark.parametrize("good", [0, 1, 20])
async def test_a_plan_that_cannot_be_read_ends_the_crawl_and_is_heard(
    rogue: Rogue, good: int
) -> None:
    def broken() -> Iterator[Target]:
        yield from targets(MANY[:good])
        raise StoreError("warmer.db: disk image is malformed")

    job = new_job([], connect_to=rogue.node)
    job.targets = broken()

    with pytest.raises(StoreError, match="disk image is malformed"):
        await crawl(job)

    assert rogue.count() <= good


async def test_an_error_in_our_own_machinery_is_heard(rogue: Rogue) -> None:
    job = new_job(MANY, connect_to=rogue.node)
    job.headers = {}
    with pytest.raises(KeyError, match="default"):
        await crawl(job)


async def test_a_cancelled_crawl_ends_with_what_is_on_the_wire(rogue: Rogue) -> None:
    rogue.on("/held", page())
    notebook = Notebook()
    job = new_job(["/held"] * 9, connect_to=rogue.node, observer=notebook, concurrency=2)
    before = asyncio.all_tasks()

    async with rogue.hold("/held") as held:
        crawling = asyncio.create_task(crawl(job))
        await held.arrived(2)
        crawling.cancel()
        await job.stopped.wait()
    with pytest.raises(asyncio.CancelledError):
        await crawling

    assert (rogue.count(), len(notebook.calls)) == (2, 2)
    assert await leftovers(before) == set()


QUICK_AND_SLOW = f"""
    server {{
        listen {HOST}:@PORT@;
        location / {{ return 200 "page"; }}
        location /slow {{ limit_rate 1; return 200 "{"x" * 2000}"; }}
    }}
"""


async def test_crawls_side_by_side_and_in_a_row_leave_nothing_behind(
    start_nginx: StartNginx,
) -> None:
    # Not the rogue server: its sockets would be among ours.
    node = start_nginx(QUICK_AND_SLOW).node
    await warm(MANY[:3], connect_to=node)  # what is opened once and kept
    tasks, descriptors = asyncio.all_tasks(), open_descriptors()

    for _ in range(3):
        notebooks = await asyncio.gather(
            *(warm(MANY[:30], connect_to=node, concurrency=n) for n in (1, 4, 9))
        )
        assert [len(notebook.calls) for notebook in notebooks] == [30, 30, 30]

    assert await leftovers(tasks) == set()
    assert open_descriptors() == descriptors


async def test_a_stopped_crawl_leaves_nothing_behind_either(start_nginx: StartNginx) -> None:
    node = start_nginx(QUICK_AND_SLOW).node
    await warm(["/"], connect_to=node)
    tasks, descriptors = asyncio.all_tasks(), open_descriptors()
    notebook = Notebook()
    job = new_job(["/", *["/slow"] * 9], connect_to=node, observer=notebook, timeout_s=0.3)
    job.live = landing = Landing()
    crawling = asyncio.create_task(crawl(job))
    await landing.landed.wait()

    job.stop()
    await crawling

    assert {call.reason for call in notebook.calls} <= {None, "timeout"}
    assert await leftovers(tasks) == set()
    assert open_descriptors() == descriptors


async def leftovers(before: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    """Tasks that were not there before and are not about to end."""
    for _ in range(5):
        await asyncio.sleep(0)  # a turn of the loop for those that are about to end
    return asyncio.all_tasks() - before


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
