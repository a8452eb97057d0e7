"""A run from its planned rows to its report: warm, verify, probe, verify, conclude.

The order is that of docs/architecture.md. Whatever ends a run early, its row says so
and what was done is kept.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from warmer.errors import ExitCode, WarmerError
from warmer.model import Pass, RunStatus, Verdict
from warmer.report.summary import Report, concluded, summarise, values
from warmer.run.cache_results import CacheLog
from warmer.run.passes import Passes
from warmer.run.verification import Verification
from warmer.thresholds import evaluate, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.config import SiteConfig
    from warmer.model import Target
    from warmer.report.progress import Progress
    from warmer.run.cache_keys import CacheKeys
    from warmer.run.observe import Counters
    from warmer.run.reach import Reach
    from warmer.run.stopping import StopSignals
    from warmer.store import Store, TargetResult

PILOTS = 3
PILOT_ROUNDS = 4
"""So many targets are fetched one by one first, to learn how keys are made from them."""


class Mode(StrEnum):
    """What a run may fetch."""

    CRAWL = "crawl"
    ONLY_MISSING = "only-missing"
    VERIFY = "verify"


@dataclass(slots=True, kw_only=True)
class Execution:
    """One run under way. `run()` returns its report and the exit code."""

    store: Store
    run_id: str
    site: SiteConfig
    reach: Reach
    keys: CacheKeys
    mode: Mode
    progress: Progress
    signals: StopSignals
    refresh: bool = False
    warnings: list[str] = field(default_factory=list)

    async def run(self) -> tuple[Report, ExitCode]:
        """Never raises after the run has begun but for a store that cannot be written."""
        started = time.monotonic()
        log = CacheLog(self.site.cache, self.keys)
        passes = Passes(
            store=self.store,
            run_id=self.run_id,
            reach=self.reach,
            config=self.site.crawl,
            progress=self.progress,
            stopping=self.signals.event,
            refresh_secret=self.site.crawl.refresh_secret if self.refresh else None,
        )
        status, note, code = RunStatus.FINISHED, "", ExitCode.OK
        try:
            await log.begin()
            note = await self._work(passes, log)
            if self.signals.exit_code is not None:
                status, code = RunStatus.INTERRUPTED, self.signals.exit_code
                note = f"`warmer crawl --resume {self.run_id}` goes on"
            elif note:
                status, code = RunStatus.ABORTED, ExitCode.UNREACHABLE
            await log.end()
        except WarmerError as error:
            status, code, note = RunStatus.ABORTED, error.exit_code, str(error)
        finally:
            self.warnings += log.warnings() + self.keys.notes
        self.store.set_cache_results(self.run_id, log.results())
        report = self._gate(summarise(self.store, self.run_id), log)
        self.store.finish_run(
            self.run_id,
            status=status,
            duration_s=time.monotonic() - started,
            note=note,
            warnings=self.warnings,
        )
        report = concluded(report, self.store)
        if code is ExitCode.OK and any(each["verdict"] != "pass" for each in report.thresholds):
            code = ExitCode.THRESHOLD
        return report, code

    async def _work(self, passes: Passes, log: CacheLog) -> str:
        """Warm and verify; returns why the run was aborted, "" if it was not."""
        verification = Verification(
            self.store, self.run_id, self.reach, self.keys, self.site.verify
        )
        if self.mode is Mode.VERIFY:
            await self._settle_keys_without_fetch(verification)
            await verification.judge_all()
            await log.after_warm()
            return ""
        if self.mode is Mode.ONLY_MISSING:
            await self._settle_keys_without_fetch(verification)
            warm = await verification.skip_present()
            self.progress.note(f"{warm} targets are in the cache already and are left alone")
        await self._warm(passes, verification)
        await log.after_warm()
        probing = self.site.verify.probe != "never" and not self._stopped(passes)
        to_probe = await verification.settle(probing=probing)
        if to_probe:
            targets = self.store.unfetched(self.run_id, Pass.PROBE)
            await passes.run(Pass.PROBE, targets, total=to_probe, what="probe")
            await verification.conclude()
            await log.after_probe()
        return passes.aborted or ""

    async def _warm(self, passes: Passes, verification: Verification) -> None:
        total = self._left()
        done = 0
        for _ in range(PILOT_ROUNDS):
            if self.keys.is_settled or self._stopped(passes):
                break
            pilots = list(itertools.islice(self._unfetched(), PILOTS))
            if not pilots:
                break
            passes.check_reached(await self._pilot(pilots, passes, verification))
            done += len(pilots)
        if not self._stopped(passes) and done < total:
            passes.check_reached(
                await passes.run(Pass.WARM, self._unfetched(), total=total - done, what="warm")
            )
        if not self.keys.is_settled:
            self.keys.give_up()

    async def _pilot(
        self, pilots: list[Target], passes: Passes, verification: Verification
    ) -> Counters:
        """Fetch a few targets alone, and learn from them how this site's keys are made."""
        ranks = {target.rank for target in pilots}
        await self.keys.before([verification.question(each) for each in self._results(ranks)])
        counters = await passes.run_alone(Pass.WARM, pilots, what="pilot")
        fetched = [each for each in self._results(ranks) if each.warm and each.warm.status == 200]
        await self.keys.after([verification.question(each) for each in fetched])
        return counters

    async def _settle_keys_without_fetch(self, verification: Verification) -> None:
        first = itertools.islice(self.store.results(self.run_id), 50)
        await self.keys.settle_without_fetch([verification.question(each) for each in first])

    def _results(self, ranks: set[int]) -> Iterator[TargetResult]:
        found = self.store.results(self.run_id, after=min(ranks) - 1)
        upto = max(ranks)
        return (
            each
            for each in itertools.takewhile(lambda each: each.target.rank <= upto, found)
            if each.target.rank in ranks
        )

    def _unfetched(self) -> Iterator[Target]:
        return self.store.unfetched(self.run_id, Pass.WARM)

    def _left(self) -> int:
        return sum(1 for _ in self._unfetched())

    def _stopped(self, passes: Passes) -> bool:
        return self.signals.event.is_set() or passes.aborted is not None

    def _gate(self, report: Report, log: CacheLog) -> Report:
        results = evaluate([parse(each) for each in self.site.thresholds.all], values(report))
        rows: list[dict[str, object]] = [
            {"expr": each.expr, "value": each.value, "verdict": str(each.verdict)}
            for each in results
        ]
        self.store.set_threshold_results(self.run_id, rows + log.pattern_results())
        return report


def forget_failures(store: Store, run_id: str) -> None:
    """Let a resumed run fetch again what failed; what was verified stays as it is."""
    failed = (
        result.target.rank
        for result in store.results(run_id)
        if result.judgement is None or result.judgement.verdict is Verdict.FAILED
        if result.warm is not None and (result.warm.status is None or result.warm.status >= 500)
    )
    store.forget_outcomes(run_id, list(failed))
