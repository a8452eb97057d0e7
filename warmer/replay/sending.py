"""A replay's requests on their way: shown as they go, written down, ended in time.

What is sent and when is the timetable's business, what an answer means is the recorder's.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from warmer.crawl.replay import replay
from warmer.errors import WarmerError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from warmer.crawl.replay_job import ReplayJob
    from warmer.replay.recorder import Recorder
    from warmer.report.snapshot import Progress, Snapshot
    from warmer.run.stopping import Stop

_TICK_S = 0.2
_LATE_MS = 50.0
"""A request that is sent later than this is worth a warning."""
_GARBAGE = 1_000_000
"""So many objects more than before are looked through after all, lest failures fill the memory."""


@dataclass(slots=True, kw_only=True)
class Sending:
    """Sends what a job's schedule holds, for `for_s` seconds at most if that is given."""

    job: ReplayJob
    recorder: Recorder
    progress: Progress
    stop: Stop
    for_s: float | None

    async def run(self, *beside: Coroutine[Any, Any, None]) -> None:
        """Send all; what goes on `beside` it ends with it, or ends it by going wrong."""
        aside = [asyncio.ensure_future(each) for each in (self._follow(), *beside)]
        for task in aside:
            task.add_done_callback(self._ends_with)
        self.progress.start(0, "replay")
        # A look through all objects takes longer than a request may be late, and finds nothing:
        # what a request leaves behind holds no cycle.
        gc.disable()
        try:
            await replay(self.job)
        finally:
            gc.enable()
            for task in aside:
                task.cancel()
            await asyncio.gather(*aside, return_exceptions=True)
            self.progress.update(self._snapshot())
            self.progress.stop()
            self.recorder.flush()

    def warnings(self) -> Iterator[str]:
        """What was sent late, and what was not sent though it was due; reads the schedule on."""
        job, waited_ms = self.job, self.recorder.waited_ms
        if waited_ms > _LATE_MS:
            yield (
                f"requests were sent up to {waited_ms / 1000:.1f} s after their time, for"
                f" no more than {job.live.limit} may be in flight; their latencies count from"
                " their time. Raise --concurrency, or send fewer"
            )
        if not job.stopped.is_set():
            return
        elapsed_s = time.monotonic() - job.started
        due_by_now = itertools.takewhile(lambda due: due.due_s < elapsed_s, job.schedule)
        unsent = sum(1 for _ in due_by_now)
        if unsent:
            yield f"{unsent} requests were due and not sent when it was stopped"

    async def _follow(self) -> None:
        """Show how it goes, hand on what waits, and stop it on a signal, or when time is over.

        An origin that has asked for a pause must not hold a replay of `--for` seconds.
        """
        job, stopping = self.job, self.stop.event
        over_s = math.inf if self.for_s is None else self.for_s + job.config.timeout_s
        while not stopping.is_set() and time.monotonic() - job.started < over_s:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), _TICK_S)
            try:
                self.recorder.flush()
            except WarmerError as error:
                job.fail(error)
            self.progress.update(self._snapshot())
            if gc.get_count()[0] > _GARBAGE:
                gc.collect()
        job.stop()

    def _snapshot(self) -> Snapshot:
        elapsed_s = time.monotonic() - self.job.started
        return self.recorder.counters.snapshot(self.job.live, 0, elapsed_s)

    def _ends_with(self, task: asyncio.Future[None]) -> None:
        """What goes wrong beside the requests ends the replay, instead of being forgotten."""
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, Exception):
            self.job.fail(error)
