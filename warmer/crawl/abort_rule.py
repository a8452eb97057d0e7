"""When to give up on an origin that fails. Pure: no clock, no network."""

from __future__ import annotations

from collections import deque


class AbortRule:
    """Trips when more than `ratio` of the last `window` requests failed.

    Ten requests must have been seen first, so that a single broken page at the
    start of a plan does not end the run.
    """

    MINIMUM = 10

    def __init__(self, ratio: float, window: int) -> None:
        self._ratio = ratio
        self._results: deque[bool] = deque(maxlen=window)
        self._failures = 0

    def record(self, *, failed: bool) -> str | None:
        """Count one request; returns why the run must stop, else None."""
        if len(self._results) == self._results.maxlen:
            self._failures -= self._results[0]
        self._results.append(failed)
        self._failures += failed
        seen = len(self._results)
        if seen < min(self.MINIMUM, self._results.maxlen or self.MINIMUM):
            return None
        if self._failures <= self._ratio * seen:
            return None
        return (
            f"{self._failures} of the last {seen} requests failed,"
            f" more than abort_ratio {self._ratio:g} allows"
        )
