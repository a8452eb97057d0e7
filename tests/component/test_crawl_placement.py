"""Kept connections on the wire: workers that have theirs for good, as gunicorn's do."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tests.component.crawl_runs import new_job
from tests.servers.misbehaviour import page
from warmer.crawl.crawl import crawl
from warmer.crawl.placement import Placements

if TYPE_CHECKING:
    from tests.servers.rogue import Exchange, Rogue

PAGE_S = 0.02


class Workers:
    """Two of them, one page at a time each; the first two connections go to one worker."""

    def __init__(self) -> None:
        self.served: list[int] = []
        self._lock = threading.Lock()
        self._busy = (threading.Lock(), threading.Lock())
        self._worker_of: dict[int, int] = {}

    def serve(self, exchange: Exchange) -> None:
        with self._lock:
            count = len(self._worker_of)
            worker = self._worker_of.setdefault(exchange.client, 0 if count < 2 else 1)
        with self._busy[worker]:
            exchange.pause(PAGE_S)
        self.served.append(worker)
        exchange.answer(b"page")


async def test_a_worker_that_idles_is_found_by_connecting_anew(rogue: Rogue) -> None:
    workers = Workers()
    paths = [f"/p/{number}" for number in range(150)]
    for path in paths:
        rogue.on(path, workers.serve)
    job = new_job(paths, connect_to=rogue.node, concurrency=2)
    job.placements = Placements()

    await crawl(job)

    assert set(workers.served[:20]) == {0}
    assert set(workers.served[-20:]) == {0, 1}
    # Whoever left a connection asked for nothing over it.
    assert sorted(request.target for request in rogue.requests()) == sorted(paths)
    assert rogue.peak_in_flight == 2


async def test_connections_stay_where_nobody_chooses(rogue: Rogue) -> None:
    rogue.on("/", page())

    await crawl(new_job(["/"] * 200, connect_to=rogue.node, concurrency=2))

    assert rogue.connections == 2
