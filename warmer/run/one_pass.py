"""One pass on its way: shown as it goes, its outcomes written in time, ended by the stop signal.

What is sent and how says the job, what an answer means is the observer's.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from warmer.crawl.crawl import crawl
from warmer.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from warmer.crawl.plan_job import PlanJob
    from warmer.report.snapshot import Progress
    from warmer.run.observe import OutcomeObserver

_TICK_S = 0.2


async def carry_out(
    job: PlanJob,
    observer: OutcomeObserver,
    *,
    total: int,
    what: str,
    progress: Progress,
    stopping: asyncio.Event,
) -> None:
    """Send all that the job has, `total` targets, or until `stopping` is set.

    Raises StoreError where outcomes cannot be written, else as `crawl`.
    """
    started = time.monotonic()

    def show() -> None:
        elapsed_s = time.monotonic() - started
        progress.update(observer.counters.snapshot(job.live, total, elapsed_s))

    progress.start(total, what)
    following = asyncio.ensure_future(_follow(job, observer, stopping, show))
    try:
        await crawl(job)
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
        show()
        progress.stop()
        observer.flush()


async def _follow(
    job: PlanJob, observer: OutcomeObserver, stopping: asyncio.Event, show: Callable[[], None]
) -> None:
    while True:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), _TICK_S)
        if stopping.is_set() and not job.stopped.is_set():
            job.stop()
        try:
            observer.flush_old()
        except StoreError as error:
            job.fail(error)
        show()
        if stopping.is_set():
            await asyncio.sleep(_TICK_S)
