"""A run from its planned rows to its report: warm, verify, probe, verify, conclude.

The order is that of docs/architecture.md. Whatever ends a run early, its row says so
and what was done is kept.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from warmer.crawl.fetch import SILENT_REASONS, UNREACHABLE_REASONS
from warmer.model import Pass, Verdict
from warmer.run.cache_results import CacheLog
from warmer.run.conclusion import carry_out, conclude
from warmer.run.passes import Passes
from warmer.run.pilots import Pilots
from warmer.run.probe_pass import ProbePass
from warmer.run.repetition import Repetition
from warmer.run.shared_sessions import look_for_leaks
from warmer.run.standing import Standing
from warmer.run.verification import Verification
from warmer.run.visitor_watch import Looks, visitor_watch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.config import SiteConfig
    from warmer.errors import ExitCode
    from warmer.model import Target
    from warmer.report.snapshot import Progress
    from warmer.report.summary import Report
    from warmer.run.cache_keys import CacheKeys
    from warmer.run.logins import Logins
    from warmer.run.reach import Reach
    from warmer.run.stopping import Stop
    from warmer.store import Store

_SEVERAL = 3
"""One page or two that nobody answers for may be slow; of more, it is the origin."""


class Mode(StrEnum):
    """What a run may fetch."""

    CRAWL = "crawl"
    ONLY_MISSING = "only-missing"
    VERIFY = "verify"


@dataclass(slots=True, kw_only=True)
class Execution:
    """One run under way. `run()` returns its report and the exit code.

    Of a run that is `resumed` after any time, nothing is taken for warm unseen.
    """

    store: Store
    run_id: str
    site: SiteConfig
    reach: Reach
    keys: CacheKeys
    logins: Logins
    mode: Mode
    progress: Progress
    stop: Stop
    refresh: bool = False
    resumed: bool = False
    warnings: list[str] = field(default_factory=list)

    async def run(self) -> tuple[Report, ExitCode]:
        """Never raises after the run has begun but for a store that cannot be written."""
        began = time.monotonic()
        looks = Looks()
        log = CacheLog(self.site.cache, self.keys, looks=lambda: looks.count)
        watch = visitor_watch(self.site, self.reach, self.run_id, self.progress.note, looks)
        passes = Passes(
            store=self.store,
            run_id=self.run_id,
            reach=self.reach,
            logins=self.logins,
            config=self.site.crawl,
            progress=self.progress,
            stopping=self.stop.event,
            refresh_secret=self.site.crawl.refresh_secret if self.refresh else None,
            watch=watch,
        )
        try:
            ending = await carry_out(
                lambda: self._work(passes, log),
                log,
                self.stop,
                if_stopped=f"`warmer crawl --resume {self.run_id}` goes on",
            )
        finally:
            if watch is not None:
                watch.close()
        self.warnings += log.warnings() + self.keys.notes + passes.warnings()
        return conclude(
            self.store,
            self.run_id,
            ending,
            log=log,
            moves=passes.trace.moves,
            thresholds=self.site.thresholds.all,
            warnings=self.warnings,
            began=began,
        )

    async def _work(self, passes: Passes, log: CacheLog) -> str:
        """Warm and verify; returns why the run was aborted, "" if it was not."""
        verification = Verification(
            self.store,
            self.run_id,
            self.reach,
            self.keys,
            self.site.verify,
            logins=self.logins,
            refresh=self.refresh,
        )
        pilots = Pilots(
            store=self.store,
            run_id=self.run_id,
            keys=self.keys,
            passes=passes,
            verification=verification,
            stopped=lambda: self._stopped(passes),
        )
        probing = ProbePass(
            store=self.store,
            run_id=self.run_id,
            config=self.site.verify,
            passes=passes,
            verification=verification,
            stopped=lambda: self._stopped(passes),
        )
        standing = Standing(self.store, self.run_id, verification)
        if self.mode is Mode.VERIFY:
            await pilots.settle_without_fetch()
            await standing.open_again(every=self.resumed)
            await verification.judge_all()
            await log.after_warm()
            return ""
        await self.logins.open()
        began, since = time.monotonic(), time.time()
        await pilots.learn()
        await standing.open_again(every=self.resumed)
        if self.mode is Mode.ONLY_MISSING:
            warm = await verification.skip_present()
            self.progress.note(f"{warm} targets are in the cache already and are left alone")
        await self._warm(passes)
        if self.mode is Mode.ONLY_MISSING and await standing.open_again(every=False):
            await self._warm(passes)
        first_s = time.monotonic() - began
        await log.after_warm()
        cut_short = self._stopped(passes)
        await probing.run()
        if not cut_short:
            await self._hear_witnesses(passes, verification)
            await log.after_probe()
            doubt = log.doubt(self.store.probed_by_key_alone(self.run_id, since=since))
            self.warnings += [doubt] if doubt else []
            if await self._repeat(passes, probing, standing, first_s):
                await self._hear_witnesses(passes, verification)
                await log.after_repeats()
            doubt = verification.doubt_sharing()
            self.warnings += [doubt] if doubt else []
            await self._look_for_leaks(passes)
        await standing.take_back(every=log.evicted)
        return passes.aborted or ""

    async def _hear_witnesses(self, passes: Passes, verification: Verification) -> None:
        if not self._stopped(passes):
            await verification.hear_witnesses(passes)

    async def _look_for_leaks(self, passes: Passes) -> None:
        if not self._stopped(passes):
            self.warnings += await look_for_leaks(self.store, self.run_id, self.reach, passes)

    async def _repeat(
        self, passes: Passes, probing: ProbePass, standing: Standing, first_s: float
    ) -> int:
        """Passes over what is not warm yet, as far as they are asked for; how many there were."""

        async def settle() -> None:
            await probing.run()
            await standing.take_back(every=True)

        repetition = Repetition(
            store=self.store,
            run_id=self.run_id,
            config=self.site.crawl,
            passes=passes,
            progress=self.progress,
            settle=settle,
            stopped=lambda: self._stopped(passes),
            warnings=self.warnings,
        )
        return await repetition.run(first_s)

    async def _warm(self, passes: Passes) -> None:
        left = sum(1 for _ in self._unfetched())
        if left and not self._stopped(passes):
            counters = await passes.run(Pass.WARM, self._unfetched(), total=left, what="warm")
            passes.check_reached(counters)
        errors = self.store.errors_of_all(self.run_id)
        if errors.total() >= _SEVERAL and errors.keys() <= SILENT_REASONS | UNREACHABLE_REASONS:
            most, _ = errors.most_common(1)[0]
            passes.aborted = passes.aborted or f"the origin answers no request: {most}"

    def _unfetched(self) -> Iterator[Target]:
        return self.store.unfetched(self.run_id, Pass.WARM)

    def _stopped(self, passes: Passes) -> bool:
        return self.stop.event.is_set() or passes.aborted is not None


def reopen(store: Store, run_id: str) -> None:
    """Let a resumed run try again what failed or could not be verified.

    What was warm or uncacheable stays as it is, and what was fetched is not fetched again.
    """
    open_again: list[int] = []
    failed: list[int] = []
    for result in store.results(run_id):
        judgement, warm = result.judgement, result.warm
        if judgement is None or judgement.verdict in (Verdict.FAILED, Verdict.UNVERIFIED):
            open_again.append(result.target.rank)
            if warm is not None and (warm.status is None or warm.status >= 500):
                failed.append(result.target.rank)
    store.forget_verdicts(run_id, open_again)
    store.forget_outcomes(run_id, failed)
