"""What Prometheus is told: of each site its queue, its last whole run, and how fast it is.

Gauges are read when they are asked for; runs are looked up in the store by a thread, for a
plan may be large. Holds a number a trigger until it is done, and no more than MAX_WATCHED.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import OrderedDict
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from warmer.errors import WarmerError
from warmer.model import RunStatus
from warmer.report.summary import summarise
from warmer.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from warmer.daemon.reception import Reception, Site
    from warmer.model import RunRecord
    from warmer.report.summary import Report

MAX_WATCHED = 100_000
_LOOKED_BACK = 200
"""More runs between two looks than these are left out of the histogram."""
_TO_WARM_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
_log = logging.getLogger(__name__)
_RUN_S = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600)


class Metrics:
    """All figures of one daemon; `text()` is what Prometheus scrapes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` gives unix seconds."""
        self._clock = clock
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._since: OrderedDict[tuple[str, int], float] = OrderedDict()
        self._receptions: dict[str, Reception] = {}
        self._runs_seen: dict[Path, set[str]] = {}
        self._last_whole: dict[str, str] = {}
        self._looking: asyncio.Task[None] | None = None
        site = ["site"]
        registry = self._registry
        self._accepted = Counter(
            "warmer_triggers_accepted", "Triggers taken in.", site, registry=registry
        )
        self._to_warm = Histogram(
            "warmer_invalidation_to_warm_seconds",
            "From a change, as its sender says, to the end of the run that served it.",
            site, buckets=_TO_WARM_S, registry=registry,
        )  # fmt: skip
        self._durations = Histogram(
            "warmer_run_duration_seconds", "How long runs took.", ["site", "status"],
            buckets=_RUN_S, registry=registry,
        )  # fmt: skip
        self._pending = Gauge(
            "warmer_queue_triggers", "Triggers that no run has done.", site, registry=registry
        )
        self._age = Gauge(
            "warmer_queue_age_seconds", "Age of the oldest of them; 0 without any.", site,
            registry=registry,
        )  # fmt: skip
        self._running = Gauge(
            "warmer_running", "1 while a run is under way.", site, registry=registry
        )
        self._hit_ratio = Gauge(
            "warmer_hit_ratio", "Warm / planned targets of the last whole run.", site,
            registry=registry,
        )  # fmt: skip
        self._targets = Gauge(
            "warmer_targets", "Targets of the last whole run.", ["site", "verdict"],
            registry=registry,
        )  # fmt: skip
        self._evictions = Gauge(
            "warmer_evictions", "Evictions in the caches during the last whole run.", site,
            registry=registry,
        )  # fmt: skip

    def watch(self, reception: Reception) -> None:
        """Tell of this site, too."""
        site = reception.site
        self._receptions[site.name] = reception
        site.on_finished(lambda numbers: self._finished(site, numbers))

    def accepted(self, site: str, numbers: Sequence[int], since: Sequence[float]) -> None:
        """These were taken in; `since` is when their pages changed, in unix seconds."""
        self._accepted.labels(site).inc(len(numbers))
        for number, moment in zip(numbers, since, strict=True):
            self._since.setdefault((site, number), moment)
        while len(self._since) > MAX_WATCHED:
            self._since.popitem(last=False)

    async def text(self) -> bytes:
        """In Prometheus's text format. Raises StoreError."""
        for name, reception in self._receptions.items():
            status = reception.site.status()
            self._pending.labels(name).set(status.pending)
            self._age.labels(name).set(status.oldest_age_s or 0)
            self._running.labels(name).set(status.run_id is not None)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        # A large plan takes longer than a scrape may: then the next one has it.
        await asyncio.wait([self._looking], timeout=2.0)
        return generate_latest(self._registry)

    def _finished(self, site: Site, numbers: Sequence[int]) -> None:
        now = self._clock()
        for number in numbers:
            since = self._since.pop((site.name, number), None)
            if since is not None:
                self._to_warm.labels(site.name).observe(max(0.0, now - since))

    async def _look(self) -> None:
        sites: dict[Path, list[str]] = {}
        for name, reception in self._receptions.items():
            sites.setdefault(reception.queue.path, []).append(name)
        for path, names in sites.items():
            try:
                ended, reports = await asyncio.to_thread(
                    _runs, path, names, set(self._last_whole.values())
                )
            except WarmerError as error:
                _log.warning("metrics are not up to date: %s", error)
                continue
            seen = self._runs_seen.get(path)
            for run in ended:
                if seen is not None and run.id not in seen and run.duration_s is not None:
                    self._durations.labels(run.site, run.status).observe(run.duration_s)
            self._runs_seen[path] = {run.id for run in ended}
            for report in reports:
                self._tell(report)

    def _tell(self, report: Report) -> None:
        site = report.run.site
        self._last_whole[site] = report.run.id
        self._hit_ratio.labels(site).set(_or_nan(report.hit_ratio))
        counts = report.counts
        for verdict in ("warm", "uncacheable", "failed", "unverified"):
            self._targets.labels(site, verdict).set(getattr(counts, verdict))
        self._evictions.labels(site).set(_or_nan(report.evictions))


def _or_nan(value: float | None) -> float:
    """What was not measured is not a number, and never 0."""
    return math.nan if value is None else value


def _runs(path: Path, sites: Sequence[str], told: set[str]) -> tuple[list[RunRecord], list[Report]]:
    """The newest runs that have ended, and the report of each site's last whole one if untold."""
    store = Store(path)
    try:
        ended = [run for run in store.runs(_LOOKED_BACK) if run.status is not RunStatus.RUNNING]
        last = (store.newest_whole_run(site) for site in sites)
        untold = [run for run in last if run is not None and run.id not in told]
        return ended, [summarise(store, run.id) for run in untold]
    finally:
        store.close()
