"""A replay from its source to its report: send, judge, conclude.

The order is a run's: a reading of the caches, the requests, another reading, the gate.
Whatever ends it early, its row says so and what was sent is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import json
import math
import os
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from warmer.crawl.replay import replay
from warmer.crawl.replay_job import ReplayJob
from warmer.crawl.token_bucket import TokenBucket
from warmer.errors import WarmerError
from warmer.model import RunKind, Trigger
from warmer.replay.header_lines import HeaderLines
from warmer.replay.recorder import Recorder
from warmer.replay.timetable import Timetable
from warmer.replay.visitors import Visitors
from warmer.replay.writer import Writer
from warmer.replay.writes import Watch, Writes
from warmer.run.cache_keys import CacheKeys
from warmer.run.cache_results import CacheLog
from warmer.run.conclusion import carry_out, conclude
from warmer.run.limit_trace import LimitTrace
from warmer.run.logins import new_role
from warmer.run.reach import reach
from warmer.run.stopping import StopSignals
from warmer.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.crawl.replay_job import Due
    from warmer.errors import ExitCode
    from warmer.model import Outcome
    from warmer.replay.prepare import Prepared
    from warmer.report.snapshot import Progress, Snapshot
    from warmer.report.summary import Report
    from warmer.run.reach import Reach

_TICK_S = 0.2
_LATE_MS = 50.0
"""A request that is sent later than this is worth a warning."""
_GARBAGE = 1_000_000
"""So many objects more than before are looked through after all, lest failures fill the memory."""


async def run_replay(prepared: Prepared, progress: Progress) -> tuple[Report, ExitCode]:
    """Carry a prepared replay out; the exit code is a run's."""
    resolved = prepared.resolved
    keys = CacheKeys(resolved.site.cache, resolved.site.first_server)
    store = Store(resolved.store_path)
    try:
        record = json.loads(resolved.record) | {"replay": asdict(prepared.options)}
        run = store.create_run(
            site=resolved.site.name or prepared.base_url.partition("//")[2],
            trigger=Trigger.MANUAL,
            base_url=prepared.base_url,
            config=json.dumps(record),
            now=datetime.now(UTC),
            whole=False,
            kind=RunKind.REPLAY,
        )
        with StopSignals(progress.note) as stop:
            execution = _Execution(prepared, store, run.id, keys, progress, stop)
            return await execution.run()
    finally:
        store.close()
        keys.close()


@dataclass(slots=True)
class _Execution:
    prepared: Prepared
    store: Store
    run_id: str
    keys: CacheKeys
    progress: Progress
    stop: StopSignals
    reach: Reach = field(init=False)
    trace: LimitTrace = field(default_factory=LimitTrace)
    warnings: list[str] = field(default_factory=list)
    writes: Writes | None = None

    def __post_init__(self) -> None:
        self.reach = reach(self.prepared.resolved.site, self.prepared.base_url)

    async def run(self) -> tuple[Report, ExitCode]:
        began = time.monotonic()
        site = self.prepared.resolved.site
        log = CacheLog(site.cache, self.keys)

        async def send() -> str:
            aborted = await self._send()
            await log.after_warm()
            return aborted

        ending = await carry_out(
            send, log, self.stop, if_stopped="what was sent until then is kept"
        )
        self.warnings += log.warnings()
        self.store.conclude_replay(self.run_id, skipped=self.prepared.skipped.as_dict())
        if self.writes is not None:
            self.store.set_write_results(self.run_id, self.writes.results())
            self.warnings += self.writes.warnings()
        return conclude(
            self.store,
            self.run_id,
            ending,
            log=log,
            moves=self.trace.moves,
            thresholds=site.thresholds.all,
            warnings=self.warnings,
            began=began,
        )

    async def _send(self) -> str:
        """Send what is due; returns why it was aborted, "" if it was not."""
        watch = Watch()
        self.writes = await self._open_writes(watch)
        writer = Writer(self.store.path, self.run_id)

        def seen(due: Due, outcome: Outcome) -> None:
            watch.answered(due.target.url, outcome)

        recorder = Recorder(writer.put, self.reach.own[self._variant], seen)
        schedule = self._schedule()
        job = self._job(schedule, recorder)
        aside = [asyncio.ensure_future(self._follow(job, recorder))]
        if self.writes is not None:
            aside.append(asyncio.ensure_future(self.writes.run()))
        for task in aside:
            task.add_done_callback(partial(_ends_with, job))
        self.progress.start(0, "replay")
        # A look through all objects takes longer than a request may be late, and finds nothing:
        # what a request leaves behind holds no cycle.
        gc.disable()
        try:
            await replay(job)
        finally:
            gc.enable()
            for task in aside:
                task.cancel()
            await asyncio.gather(*aside, return_exceptions=True)
            self.progress.update(self._snapshot(job, recorder))
            self.progress.stop()
            recorder.flush()
            writer.close()
        self._warn(job, recorder, schedule)
        return job.aborted or self._unreached(recorder)

    async def _open_writes(self, watch: Watch) -> Writes | None:
        site, base_url = self.prepared.resolved.site, self.prepared.base_url
        if not site.write or not self.prepared.options.unsafe_methods:
            return None
        wanted = {step.login for step in site.write}
        roles = {
            login.name: new_role(site, login, base_url, os.environ)
            for login in site.logins
            if login.name in wanted
        }
        writes = Writes(site.write, roles, watch, self.progress.note)
        await writes.open()
        return writes

    @property
    def _variant(self) -> str:
        return self.reach.variants[0].name

    def _schedule(self) -> Iterator[Due]:
        prepared, site = self.prepared, self.prepared.resolved.site
        lines = HeaderLines(
            self.run_id,
            browser=self.reach.sent[self._variant],
            site=site.headers,
            user_agent=site.crawl.user_agent,
        )
        timetable = Timetable(
            prepared.options,
            lines=lines,
            visitors=Visitors(prepared.options.users),
            columns=prepared.columns,
        )
        return timetable.due(prepared.again)

    def _job(self, schedule: Iterator[Due], recorder: Recorder) -> ReplayJob:
        config = msgspec.structs.replace(self.prepared.resolved.site.crawl, ramp_up_s=0.0)
        return ReplayJob(
            schedule=schedule,
            origin=self.reach.origin,
            config=config,
            observer=recorder,
            keep_bytes=0,
            # The timetable says how hard; the limiter only holds back.
            start_limit=config.max_concurrency,
            bucket=TokenBucket(config.rate, config.burst) if config.rate else None,
            moved=self.trace.add,
        )

    async def _follow(self, job: ReplayJob, recorder: Recorder) -> None:
        """Show how it goes, hand on what waits, and stop it on a signal, or when time is over.

        An origin that has asked for a pause must not hold a replay of `--for` seconds.
        """
        for_s = self.prepared.options.for_s
        over_s = math.inf if for_s is None else for_s + job.config.timeout_s
        while not self.stop.event.is_set() and time.monotonic() - job.started < over_s:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stop.event.wait(), _TICK_S)
            try:
                recorder.flush()
            except WarmerError as error:
                job.fail(error)
            self.progress.update(self._snapshot(job, recorder))
            if gc.get_count()[0] > _GARBAGE:
                gc.collect()
        job.stop()

    def _snapshot(self, job: ReplayJob, recorder: Recorder) -> Snapshot:
        return recorder.counters.snapshot(job.live, 0, time.monotonic() - job.started)

    def _warn(self, job: ReplayJob, recorder: Recorder, schedule: Iterator[Due]) -> None:
        if recorder.waited_ms > _LATE_MS:
            self.warnings.append(
                f"requests were sent up to {recorder.waited_ms / 1000:.1f} s after their time, for"
                f" no more than {job.live.limit} may be in flight; their latencies count from"
                " their time. Raise --concurrency, or send fewer"
            )
        if not job.stopped.is_set():
            return
        elapsed_s = time.monotonic() - job.started
        unsent = sum(1 for _ in itertools.takewhile(lambda due: due.due_s < elapsed_s, schedule))
        if unsent:
            self.warnings.append(f"{unsent} requests were due and not sent when it was stopped")

    def _unreached(self, recorder: Recorder) -> str:
        counters = recorder.counters
        if counters.done and counters.unreachable == counters.done:
            return f"the origin cannot be reached: {counters.last_error}"
        return ""


def _ends_with(job: ReplayJob, task: asyncio.Future[None]) -> None:
    """What goes wrong beside the requests ends the replay, instead of being forgotten."""
    if task.cancelled():
        return
    error = task.exception()
    if isinstance(error, Exception):
        job.fail(error)
