"""A replay from its source to its report: send, judge, conclude.

The order is a run's: a reading of the caches, the requests, another reading, the gate.
Whatever ends it early, its row says so and what was sent is kept.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from warmer.crawl.replay_job import ReplayJob
from warmer.crawl.token_bucket import TokenBucket
from warmer.model import RunKind, Trigger
from warmer.replay.header_lines import HeaderLines
from warmer.replay.recorder import Recorder
from warmer.replay.sending import Sending
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
    from warmer.report.snapshot import Progress
    from warmer.report.summary import Report
    from warmer.run.reach import Reach


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

        kept = "what was sent until then is kept"
        ending = await carry_out(send, log, self.stop, if_stopped=kept)
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
        job = self._job(recorder)
        sending = Sending(
            job=job,
            recorder=recorder,
            progress=self.progress,
            stop=self.stop,
            for_s=self.prepared.options.for_s,
        )
        beside = [] if self.writes is None else [self.writes.run()]
        try:
            await sending.run(*beside)
        finally:
            writer.close()
        self.warnings += sending.warnings()
        return job.aborted or recorder.counters.unreached()

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

    def _job(self, recorder: Recorder) -> ReplayJob:
        config = msgspec.structs.replace(self.prepared.resolved.site.crawl, ramp_up_s=0.0)
        return ReplayJob(
            schedule=self._schedule(),
            origin=self.reach.origin,
            config=config,
            observer=recorder,
            keep_bytes=0,
            # The timetable says how hard; the limiter only holds back.
            start_limit=config.max_concurrency,
            bucket=TokenBucket(config.rate, config.burst) if config.rate else None,
            moved=self.trace.add,
        )
