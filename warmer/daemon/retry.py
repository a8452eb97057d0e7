"""When what failed is tried again: later each time, up to a minute. Pure."""

from __future__ import annotations

FIRST_S = 1.0
LONGEST_S = 60.0


class Retry:
    """Failures in a row; times in seconds of one monotonic clock."""

    def __init__(self) -> None:
        self.not_before = 0.0
        self.failure: str | None = None
        self._pause_s = 0.0

    def failed(self, why: str, now: float) -> float:
        """Returns how long to wait, in seconds."""
        self._pause_s = min(max(FIRST_S, 2 * self._pause_s), LONGEST_S)
        self.not_before = now + self._pause_s
        self.failure = why
        return self._pause_s

    def succeeded(self) -> None:
        self.not_before = self._pause_s = 0.0
        self.failure = None

    def at_once(self) -> None:
        """Somebody asks: the next try is now, and a failure waits as long as it would have."""
        self.not_before = 0.0
