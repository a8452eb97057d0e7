"""One run as a Report, from the store alone: what every format is written from.

Reads the targets once, in rank order. Renders nothing, evaluates no threshold.
A value that was not measured is None, never 0.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmer.report.tally import Problem, Reason, Slow, Tally
from warmer.thresholds import METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from warmer.model import EvidenceKind, LimitMove, RunRecord
    from warmer.report.tally import Counts, Latency
    from warmer.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that a run found out. Ratios are 0 to 1, times as the names say.

    All ratios are None where no target has a verdict: what ended before it was verified
    has not failed. `hit_ratio` is warm / planned, `cacheable_hit_ratio` warm / (planned -
    uncacheable), `traffic_hit_ratio` the share of the observed traffic that goes
    to warm targets. `evictions` is the sum over all caches, None if one of them
    does not tell or cannot be trusted. `problems` are the targets that are not
    warm, most popular first, cut after 1,000; `problems_omitted` counts the rest.
    `warm_by` counts warm targets by their strongest evidence. `in_flight` is
    how many fetches were on the wire at once, at the most, None if that was not kept; `limit` is
    how many were allowed, and when, empty where a person had chosen it. `writes` are those of a replay.
    """

    run: RunRecord
    counts: Counts
    hit_ratio: float | None
    cacheable_hit_ratio: float | None
    traffic_hit_ratio: float | None
    failed_ratio: float | None
    min_ttl_s: float | None
    evictions: float | None
    cold: Latency
    hot: Latency
    caches: tuple[Mapping[str, object], ...]
    thresholds: tuple[Mapping[str, object], ...]
    problems: tuple[Problem, ...]
    problems_omitted: int
    reasons: tuple[Reason, ...]
    warm_by: Mapping[EvidenceKind, int]
    slowest: tuple[Slow, ...]
    redirects: int
    redirect_example: tuple[str, str] | None
    warnings: tuple[str, ...]
    skipped: Mapping[str, int]
    in_flight: int | None
    limit: tuple[LimitMove, ...] = ()
    writes: tuple[Mapping[str, object], ...] = ()


def summarise(store: Store, run_id: str) -> Report:
    """The report of this run, or of what it has done so far.

    `run_id` as `Store.run` takes it. Raises ConfigError if there is no such run.
    """
    run = store.run(run_id)
    tally = Tally()
    for result in store.results(run.id):
        tally.add(result)
    counts = tally.counts()
    planned, traffic = (counts.planned, run.observed_traffic or 0.0) if tally.judged else (0, 0.0)
    caches = tuple(store.cache_results(run.id))
    return Report(
        run=run,
        counts=counts,
        hit_ratio=_ratio(counts.warm, planned),
        cacheable_hit_ratio=_ratio(counts.warm, planned - counts.uncacheable),
        traffic_hit_ratio=_share(tally.warm_traffic, traffic),
        failed_ratio=_ratio(counts.failed, planned),
        min_ttl_s=tally.min_ttl_s,
        evictions=_evictions(caches),
        cold=tally.cold(),
        hot=tally.hot(),
        caches=caches,
        thresholds=tuple(store.threshold_results(run.id)),
        problems=tuple(tally.problems),
        problems_omitted=tally.problems_omitted,
        reasons=tally.reasons(),
        warm_by=tally.warm_by,
        slowest=tally.slowest(),
        redirects=tally.redirects,
        redirect_example=tally.redirect_example,
        warnings=tuple(store.warnings_of(run.id)),
        skipped=store.skipped_of(run.id),
        in_flight=tally.in_flight,
        limit=tuple(store.limit_moves(run.id)),
        writes=tuple(store.write_results(run.id)),
    )


def concluded(report: Report, store: Store) -> Report:
    """The same figures with what was stored after them: status, thresholds, warnings.

    For the run itself, which needs the figures to evaluate its thresholds before
    it can finish, and should not read a million targets twice.
    """
    return dataclasses.replace(
        report,
        run=store.run(report.run.id),
        thresholds=tuple(store.threshold_results(report.run.id)),
        warnings=tuple(store.warnings_of(report.run.id)),
    )


def values(report: Report) -> dict[str, float | None]:
    """The metrics of threshold expressions by their names; None where not measured."""
    return {
        "hit_ratio": report.hit_ratio,
        "cacheable_hit_ratio": report.cacheable_hit_ratio,
        "traffic_hit_ratio": report.traffic_hit_ratio,
        "failed_ratio": report.failed_ratio,
        "hot_p95_ms": report.hot.p95,
        "cold_p95_ms": report.cold.p95,
        "min_ttl_s": report.min_ttl_s,
        "evictions": report.evictions,
    }


def metrics(store: Store, run_id: str) -> Mapping[str, float | None]:
    """The same of a run in the store: those that are kept with it, else summed up."""
    kept = store.kept_metrics(run_id)
    if kept is None or kept.keys() != set(METRICS):
        return values(summarise(store, run_id))
    return kept


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _share(part: float, whole: float) -> float | None:
    """A ratio of sums of fractions: the dust of adding them up must not miss a threshold of 1."""
    ratio = _ratio(part, whole)
    return None if ratio is None else min(1.0, round(ratio, 9))


def _evictions(caches: Sequence[Mapping[str, object]]) -> float | None:
    total: float = 0
    for cache in caches:
        evictions = cache.get("evictions")
        if not isinstance(evictions, int | float) or cache.get("trusted") is not True:
            return None
        total += evictions
    return total if caches else None
