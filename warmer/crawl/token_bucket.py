"""A rate cap as a token bucket. Pure: the clock is an argument."""

from __future__ import annotations

_ROUNDING_S = 1e-9


class TokenBucket:
    """Lets `rate_per_s` through on average, `burst` at once after a rest.

    Kept as the time at which the bucket is full again (the generic cell rate
    algorithm, ITU-T I.371 annex A), so there is no refill loop and nothing drifts.
    """

    def __init__(self, rate_per_s: float, burst: int = 1) -> None:
        self._interval_s = 1.0 / rate_per_s
        self._tolerance_s = (burst - 1) * self._interval_s
        self._due = float("-inf")

    def take(self, now: float) -> float:
        """Take a token, and return 0; or take none, and return in how many seconds to ask again.

        A token is taken when it is used, never ahead: a process that was stopped for a
        while does not send what it missed at once.
        """
        due = max(self._due, now)
        wait_s = due - self._tolerance_s - now
        if wait_s > _ROUNDING_S:
            return wait_s
        self._due = due + self._interval_s
        return 0.0
