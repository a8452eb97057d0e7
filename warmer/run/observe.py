"""What came over the wire, judged by its headers and handed on in batches."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmer.caches.http_evidence import judge
from warmer.caches.http_obstacles import csrf_in_body, likely_cause, obstacle
from warmer.crawl.fetch import UNREACHABLE_REASONS
from warmer.crawl.job import Page
from warmer.model import CacheState, Outcome
from warmer.report.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from warmer.crawl.fetch import Fetch
    from warmer.crawl.job import Live
    from warmer.model import Pass, Target

_BATCH = 200
_MAX_AGE_S = 0.05
"""So soon is written what came: on a slow site kill -9 loses nothing, on a fast one little."""


@dataclass(slots=True)
class Counters:
    """What a pass has yielded so far, for the display and the end of the run."""

    done: int = 0
    hits: int = 0
    misses: int = 0
    failed: int = 0
    unreachable: int = 0
    slowest_ms: float = 0.0
    slowest_url: str = ""
    last_error: str = ""
    vary_on_cookie: int = 0

    def unreached(self) -> str:
        """Why a pass was in vain of which not one request got through to the origin; else ""."""
        if self.done and self.unreachable == self.done:
            return f"the origin cannot be reached: {self.last_error}"
        return ""

    def snapshot(self, live: Live, total: int, elapsed_s: float) -> Snapshot:
        """For a display, `elapsed_s` seconds after the pass began."""
        return Snapshot(
            done=self.done,
            total=total,
            in_flight=live.in_flight,
            hits=self.hits,
            misses=self.misses,
            failed=self.failed,
            rate_per_s=self.done / elapsed_s if elapsed_s > 0 else 0.0,
            slowest_ms=self.slowest_ms,
            slowest_url=self.slowest_url,
            limit=live.limit,
        )


class OutcomeObserver:
    """The observer of one pass; hands outcomes to `keep` in batches, `flush` the last ones."""

    def __init__(
        self,
        keep: Callable[[Sequence[Outcome]], None],
        fetch: Pass,
        own_headers: Mapping[str, frozenset[str]],
    ) -> None:
        self.counters = Counters()
        self._keep = keep
        self._pass = fetch
        self._own_headers = own_headers
        self._batch: list[Outcome] = []
        self._flushed_at = time.monotonic()

    def fetched(self, target: Target, fetch: Fetch, *, attempts: int, final_url: str) -> Page:
        headers = fetch.headers
        seen = judge(headers)
        hindrance = obstacle(fetch.status, headers, own_headers=self._own_headers[target.variant])
        named = dict(headers)
        self._count(target, seen.state, fetch.total_ms, failed=fetch.status >= 500)
        if hindrance is None and "cookie" in named.get("vary", "").lower():
            self.counters.vary_on_cookie += 1
        self._add(
            Outcome(
                rank=target.rank,
                fetch=self._pass,
                status=fetch.status,
                detail=hindrance[1] if hindrance else likely_cause(headers) or seen.detail,
                total_ms=fetch.total_ms,
                first_byte_ms=fetch.first_byte_ms,
                body_bytes=fetch.body_bytes,
                attempts=attempts,
                final_url=final_url if final_url != target.url else "",
                state=seen.state,
                state_header=seen.header,
                age_s=seen.age_s,
                ttl_s=seen.ttl_s,
                stored=seen.stored,
                obstacle=hindrance[0] if hindrance else None,
                language=named.get("content-language"),
                csrf=csrf_in_body(
                    fetch.body, named.get("content-type", ""), named.get("content-encoding", "")
                ),
                at=time.time(),
                connect_ms=fetch.connect_ms,
                sent_bytes=fetch.sent_bytes,
                in_flight=fetch.in_flight,
            )
        )
        if seen.state is CacheState.HIT or seen.age_s is not None:
            return Page.HOT
        storable = hindrance is None and fetch.status == 200 and final_url == target.url
        return Page.STORABLE if storable else Page.OTHER

    def failed(
        self,
        target: Target,
        reason: str,
        detail: str,
        *,
        attempts: int,
        final_url: str,
        total_ms: float | None,
    ) -> None:
        self.counters.last_error = f"{reason}: {detail}"
        self.counters.unreachable += reason in UNREACHABLE_REASONS
        self._count(target, CacheState.UNKNOWN, 0.0, failed=True)
        self._add(
            Outcome(
                rank=target.rank,
                fetch=self._pass,
                status=None,
                error=reason,
                detail=detail,
                total_ms=total_ms,
                attempts=attempts,
                final_url=final_url if final_url != target.url else "",
                at=time.time(),
            )
        )

    def flush(self) -> None:
        """Write what has not been written; on StoreError it is kept for another try."""
        self._flushed_at = time.monotonic()
        if self._batch:
            self._keep(self._batch)
            self._batch.clear()

    def flush_old(self) -> None:
        """Write what waits, unless it came just now."""
        if time.monotonic() - self._flushed_at > _MAX_AGE_S:
            self.flush()

    def _count(self, target: Target, state: CacheState, total_ms: float, *, failed: bool) -> None:
        counters = self.counters
        counters.done += 1
        counters.failed += failed
        if not failed:
            counters.hits += state is CacheState.HIT
            counters.misses += state is CacheState.MISS
        if total_ms > counters.slowest_ms:
            counters.slowest_ms, counters.slowest_url = total_ms, target.url

    def _add(self, outcome: Outcome) -> None:
        self._batch.append(outcome)
        if len(self._batch) >= _BATCH:
            self.flush()
        else:
            self.flush_old()
