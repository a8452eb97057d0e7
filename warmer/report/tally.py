"""Counts, latencies and examples, gathered from the targets of a run one by one. Pure.

Memory: two floats a target, and lists that have an end.
"""

from __future__ import annotations

import heapq
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmer.model import EvidenceKind, Judgement, Target, Verdict
from warmer.report.percentiles import percentiles
from warmer.report.row import cold_ms, elapsed_ms, fetched, hot_ms, judgement_of

if TYPE_CHECKING:
    from warmer.model import Outcome
    from warmer.store_results import TargetResult

PROBLEMS_LISTED = 1000
SLOWEST_LISTED = 5
_STRENGTH = {kind: place for place, kind in enumerate(EvidenceKind)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Targets of a run; `attempted` were fetched at least once.

    warm + uncacheable + failed + unverified = planned: a target without a verdict
    is unverified.
    """

    planned: int
    attempted: int
    warm: int
    uncacheable: int
    failed: int
    unverified: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Percentiles by nearest rank, in milliseconds, of `count` fetches; None if none."""

    count: int
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    max: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A target that is not warm, and why."""

    url: str
    variant: str
    verdict: Verdict
    reason: str | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """How many targets are not warm for one reason; the example is the most popular."""

    verdict: Verdict
    reason: str | None
    count: int
    example: str
    detail: str


@dataclass(frozen=True, slots=True, order=True)
class Slow:
    """One of the slowest warm fetches; `status` is None when no response came."""

    total_ms: float
    url: str
    variant: str
    status: int | None


class Tally:
    """The figures of the targets added so far."""

    def __init__(self) -> None:
        self.attempted = 0
        self.judged = 0
        self.warm_traffic = 0.0
        self.min_ttl_s: float | None = None
        self.in_flight: int | None = None
        self.problems: list[Problem] = []
        self.problems_omitted = 0
        self.warm_by: dict[EvidenceKind, int] = {}
        self.redirects = 0
        self.redirect_example: tuple[str, str] | None = None
        self._by_verdict = dict.fromkeys(Verdict, 0)
        self._cold = array("d")
        self._hot = array("d")
        self._first: dict[tuple[Verdict, str | None], tuple[str, str]] = {}
        self._by_reason: dict[tuple[Verdict, str | None], int] = {}
        self._slowest: list[Slow] = []

    def add(self, result: TargetResult) -> None:
        judgement = judgement_of(result)
        self.judged += result.judgement is not None
        self._by_verdict[judgement.verdict] += 1
        if judgement.verdict is Verdict.WARM:
            self._add_warm(result.target, judgement)
        else:
            self._add_problem(result.target, judgement)
        cold, hot = cold_ms(result), hot_ms(result)
        if cold is not None:
            self._cold.append(cold)
        if hot is not None:
            self._hot.append(hot)
        for each in (result.warm, result.probe):
            if each is not None and each.in_flight is not None:
                self.in_flight = max(each.in_flight, self.in_flight or 0)
        outcome = fetched(result)
        if outcome is not None:
            self.attempted += 1
            self._add_fetch(result.target, outcome)

    def _add_warm(self, target: Target, judgement: Judgement) -> None:
        self.warm_traffic += target.traffic or 0.0
        ttl_s = judgement.ttl_s
        if ttl_s is not None and (self.min_ttl_s is None or ttl_s < self.min_ttl_s):
            self.min_ttl_s = ttl_s
        if judgement.evidence:
            strongest = min(judgement.evidence, key=_STRENGTH.__getitem__)
            self.warm_by[strongest] = self.warm_by.get(strongest, 0) + 1

    def _add_problem(self, target: Target, judgement: Judgement) -> None:
        reason = (judgement.verdict, judgement.reason)
        self._by_reason[reason] = self._by_reason.get(reason, 0) + 1
        self._first.setdefault(reason, (target.url, judgement.detail))
        if len(self.problems) == PROBLEMS_LISTED:
            self.problems_omitted += 1
            return
        self.problems.append(
            Problem(
                url=target.url,
                variant=target.variant,
                verdict=judgement.verdict,
                reason=judgement.reason,
                detail=judgement.detail,
            )
        )

    def _add_fetch(self, target: Target, outcome: Outcome) -> None:
        if outcome.final_url not in ("", target.url):
            self.redirects += 1
            if self.redirect_example is None:
                self.redirect_example = (target.url, outcome.final_url)
        total_ms = elapsed_ms(outcome)
        if total_ms is None:
            return
        if len(self._slowest) < SLOWEST_LISTED:
            heapq.heappush(
                self._slowest, Slow(total_ms, target.url, target.variant, outcome.status)
            )
        elif total_ms > self._slowest[0].total_ms:
            heapq.heapreplace(
                self._slowest, Slow(total_ms, target.url, target.variant, outcome.status)
            )

    def counts(self) -> Counts:
        return Counts(
            planned=sum(self._by_verdict.values()),
            attempted=self.attempted,
            warm=self._by_verdict[Verdict.WARM],
            uncacheable=self._by_verdict[Verdict.UNCACHEABLE],
            failed=self._by_verdict[Verdict.FAILED],
            unverified=self._by_verdict[Verdict.UNVERIFIED],
        )

    def cold(self) -> Latency:
        return _latency(self._cold)

    def hot(self) -> Latency:
        return _latency(self._hot)

    def reasons(self) -> tuple[Reason, ...]:
        """Most frequent first; equally frequent ones as they first came."""
        frequent = sorted(self._by_reason.items(), key=lambda item: -item[1])
        return tuple(
            Reason(
                verdict=verdict,
                reason=reason,
                count=count,
                example=self._first[verdict, reason][0],
                detail=self._first[verdict, reason][1],
            )
            for (verdict, reason), count in frequent
        )

    def slowest(self) -> tuple[Slow, ...]:
        """Slowest first."""
        return tuple(sorted(self._slowest, key=lambda slow: -slow.total_ms))


def _latency(times_ms: array[float]) -> Latency:
    p50, p90, p95, p99, largest = percentiles(times_ms, (50, 90, 95, 99, 100))
    return Latency(count=len(times_ms), p50=p50, p90=p90, p95=p95, p99=p99, max=largest)
