"""A rate cap as a token bucket. Pure: the clock is an argument."""

from __future__ import annotations


class TokenBucket:
    """Lets `rate_per_s` through on average, `burst` at once after a rest.

    Kept as the time at which the bucket is full again (the generic cell rate
    algorithm, ITU-T I.371 annex A), so there is no refill loop and nothing drifts.
    """

    def __init__(self, rate_per_s: float, burst: int = 1) -> None:
        self._interval_s = 1.0 / rate_per_s
        self._tolerance_s = (burst - 1) * self._interval_s
        self._due = float("-inf")

    def reserve(self, now: float) -> float:
        """Take one token; returns how many seconds to wait before using it, 0 or more."""
        due = max(self._due, now)
        self._due = due + self._interval_s
        return max(0.0, due - self._tolerance_s - now)
