"""What comes back in a replay: judged by its headers, counted for the display, handed on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from warmer.caches.http_evidence import judge as judge_headers
from warmer.caches.http_obstacles import likely_cause, obstacle
from warmer.crawl.fetch import UNREACHABLE_REASONS
from warmer.crawl.job import Page
from warmer.model import CacheState, Outcome, Pass
from warmer.replay.judgement import judge
from warmer.replay.writer import Row
from warmer.run.observe import Counters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from warmer.crawl.fetch import Fetch
    from warmer.crawl.replay_job import Due

BATCH = 100
_FROM_CACHE = frozenset({CacheState.HIT, CacheState.STALE})


class Recorder:
    """The observer of a replay; `keep` takes batches, `seen` hears of each response at once."""

    def __init__(
        self,
        keep: Callable[[Sequence[Row]], None],
        own_headers: frozenset[str],
        seen: Callable[[Due, Outcome], None],
    ) -> None:
        self.counters = Counters()
        self.waited_ms = 0.0
        """The longest that a request was sent after its time."""
        self._keep = keep
        self._own_headers = own_headers
        self._seen = seen
        self._batch: list[Row] = []

    def fetched(self, due: Due, fetch: Fetch, waited_ms: float) -> Page:
        headers = fetch.headers
        found = judge_headers(headers)
        hindrance = obstacle(fetch.status, headers, own_headers=self._own_headers)
        outcome = Outcome(
            rank=due.target.rank,
            fetch=Pass.WARM,
            status=fetch.status,
            detail=hindrance[1] if hindrance else likely_cause(headers) or found.detail,
            total_ms=fetch.total_ms,
            first_byte_ms=fetch.first_byte_ms,
            body_bytes=fetch.body_bytes,
            state=found.state,
            state_header=found.header,
            age_s=found.age_s,
            ttl_s=found.ttl_s,
            stored=found.stored,
            obstacle=hindrance[0] if hindrance else None,
            at=time.time(),
            connect_ms=fetch.connect_ms,
            sent_bytes=fetch.sent_bytes,
            in_flight=fetch.in_flight,
            waited_ms=waited_ms,
        )
        self._add(due, outcome)
        return Page.HOT if found.state in _FROM_CACHE else Page.OTHER

    def failed(
        self, due: Due, reason: str, detail: str, waited_ms: float, total_ms: float | None
    ) -> None:
        self.counters.last_error = f"{reason}: {detail}"
        self.counters.unreachable += reason in UNREACHABLE_REASONS
        outcome = Outcome(
            rank=due.target.rank,
            fetch=Pass.WARM,
            status=None,
            error=reason,
            detail=detail,
            total_ms=total_ms,
            at=time.time(),
            waited_ms=waited_ms,
        )
        self._add(due, outcome)

    def flush(self) -> None:
        """Hand on what has come since the last batch."""
        if self._batch:
            batch, self._batch = self._batch, []
            self._keep(batch)

    def _add(self, due: Due, outcome: Outcome) -> None:
        self._count(due, outcome)
        self._seen(due, outcome)
        self._batch.append(Row(due.target, outcome, judge(outcome, due.method)))
        if len(self._batch) >= BATCH:
            self.flush()

    def _count(self, due: Due, outcome: Outcome) -> None:
        counters = self.counters
        failed = outcome.status is None or outcome.status >= 500
        counters.done += 1
        counters.failed += failed
        if not failed:
            counters.hits += outcome.state in _FROM_CACHE
            counters.misses += outcome.state is CacheState.MISS
        elapsed_ms = (outcome.waited_ms or 0.0) + (outcome.total_ms or 0.0)
        if elapsed_ms > counters.slowest_ms:
            counters.slowest_ms, counters.slowest_url = elapsed_ms, due.target.url
        self.waited_ms = max(self.waited_ms, outcome.waited_ms or 0.0)
