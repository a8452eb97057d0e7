"""An origin on a clock that is moved: `workers` pages at once, the rest wait in line.

A closed queue (M/G/k with a fixed number of customers): a crawl keeps as many requests in
flight as the limiter says, and each that ends makes room for the next one.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from warmer.crawl.limiter import Sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from warmer.crawl.limiter import Limiter


def even(mean_ms: float) -> Callable[[random.Random], float]:
    """Every page costs the same."""
    return lambda _chance: mean_ms


def uneven(mean_ms: float, spread: float = 0.5) -> Callable[[random.Random], float]:
    """Costs of a gamma distribution with this relative spread."""
    shape = 1 / spread**2
    return lambda chance: chance.gammavariate(shape, mean_ms / shape)


def two_kinds(mean_ms: float) -> Callable[[random.Random], float]:
    """Four of five pages are cheap, the fifth costs 21 times as much."""
    return lambda chance: mean_ms * (0.2 if chance.random() < 0.8 else 4.2)


@dataclass
class SimulatedCrawl:
    """A crawl by a limiter; what changes in the course of it is assigned between calls."""

    limiter: Limiter
    workers: int
    page_ms: Callable[[random.Random], float]
    seed: int = 1
    failure: str | None = None
    failure_ms: float = 5.0
    retry_after_s: float | None = None
    hot: float = 0.0
    now: float = 0.0
    pages: int = 0
    failures: int = 0
    limits: list[tuple[float, int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._waiting: deque[tuple[float, float, bool]] = deque()
        self._busy: list[tuple[float, float, bool, bool]] = []

    def run(self, *, pages: int = 10**9, seconds: float = 10**9) -> float:
        """Until so many more pages came or so much time has passed; returns pages a second."""
        began, upto, until = self.now, self.pages + pages, self.now + seconds
        before = self.pages
        while self.pages < upto and self.now < until:
            self._send()
            if not self._next_event(until):
                self.now = until
        return (self.pages - before) / max(self.now - began, 1e-9)

    def mean_limit(self, since: float) -> float:
        """Over time, from then until now."""
        total = 0.0
        for (at, limit, _), (then, _, _) in zip(
            self.limits, [*self.limits[1:], (self.now, 0, "")], strict=True
        ):
            total += limit * max(0.0, then - max(at, since))
        return total / (self.now - since)

    def limits_between(self, since: float, until: float) -> set[int]:
        """All that were in force then."""
        before = [limit for at, limit, _ in self.limits if at <= since]
        return {*before[-1:], *(limit for at, limit, _ in self.limits if since < at <= until)}

    def _send(self) -> None:
        self._note()
        while len(self._waiting) + len(self._busy) < self.limiter.limit:
            hot = self._chance.random() < self.hot
            cost = 1.0 if hot else self.page_ms(self._chance)
            self._waiting.append((self.now, cost, hot))
        while self._waiting and len(self._busy) < self.workers:
            sent_at, cost, hot = self._waiting.popleft()
            failing = self.failure is not None
            took_s = (self.failure_ms if failing else cost) / 1000
            heapq.heappush(self._busy, (self.now + took_s, sent_at, hot, failing))

    def _next_event(self, until: float) -> bool:
        wake_at = self.limiter.wake_at
        ends_at = self._busy[0][0] if self._busy else None
        if wake_at is not None and wake_at <= min(until, until if ends_at is None else ends_at):
            self.now = max(self.now, wake_at)
            self.limiter.wake(self.now)
            return True
        if ends_at is None or ends_at > until:
            return False
        in_flight = len(self._busy) + len(self._waiting)
        self.now, sent_at, hot, failed = heapq.heappop(self._busy)
        took_ms = (self.now - sent_at) * 1000
        failure = self.failure or "status-503" if failed else None
        asked_s = self.retry_after_s if failed else None
        self.limiter.sample(
            Sample(took_ms, in_flight, sent_at, not hot, failure, asked_s), self.now
        )
        self.pages += not failed
        self.failures += failed
        return True

    def _note(self) -> None:
        if not self.limits or self.limits[-1][1] != self.limiter.limit:
            self.limits.append((self.now, self.limiter.limit, self.limiter.why))
