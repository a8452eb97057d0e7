"""How many requests may be in flight. Pure decisions: (sample, now) -> limit.

Grows while throughput grows, stays where more in flight only waits longer, halves
when the origin fails. The idea is that of TCP Vegas (Brakmo and Peterson, 1995):
the expected rate at the best latency seen, against the rate that was reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Limiter(Protocol):
    """Decides after each request how many may be in flight."""

    @property
    def limit(self) -> int: ...

    def sample(self, latency_ms: float, *, failed: bool, now: float) -> int:
        """Take one request into account; returns the limit from now on."""
        ...


@dataclass(slots=True)
class FixedLimiter:
    """A number chosen by a person."""

    limit: int

    def sample(self, latency_ms: float, *, failed: bool, now: float) -> int:  # noqa: ARG002 -- the interface
        return self.limit


class VegasLimiter:
    """Finds the number by itself, between 1 and `maximum`.

    Judges windows of at least `WINDOW` requests. With L in flight, best latency b
    and mean latency m, the queue at the origin is about L * (1 - b / m): below
    `ALPHA` requests there is room for one more, above `BETA` there is one too many.
    After a failure the limit halves, at most once in `COOLDOWN_S` seconds.
    """

    WINDOW = 8
    ALPHA = 0.7
    BETA = 1.6
    COOLDOWN_S = 1.0

    def __init__(self, *, start: int, maximum: int) -> None:
        self.limit = max(1, min(start, maximum))
        self._maximum = maximum
        self._best_ms = float("inf")
        self._count = 0
        self._sum_ms = 0.0
        self._calm_from = float("-inf")

    def sample(self, latency_ms: float, *, failed: bool, now: float) -> int:
        if failed:
            if now >= self._calm_from:
                self.limit = max(1, self.limit // 2)
                self._calm_from = now + self.COOLDOWN_S
            self._restart_window()
            return self.limit
        self._count += 1
        self._sum_ms += latency_ms
        if self._count >= max(self.WINDOW, self.limit):
            self._judge_window(now)
        return self.limit

    def _judge_window(self, now: float) -> None:
        mean_ms = self._sum_ms / self._count
        # Alone in flight nothing waits for us: pages have become slower, and an old best
        # would hold the limit at 1 for ever.
        self._best_ms = mean_ms if self.limit == 1 else min(self._best_ms, mean_ms)
        queued = self.limit * (1.0 - self._best_ms / mean_ms) if mean_ms > 0 else 0.0
        if queued > self.BETA:
            self.limit = max(1, self.limit - 1)
        elif queued < self.ALPHA and now >= self._calm_from:
            self.limit = min(self._maximum, self.limit + 1)
        self._restart_window()

    def _restart_window(self) -> None:
        self._count = 0
        self._sum_ms = 0.0
