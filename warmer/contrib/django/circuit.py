"""Remembers that a receiver failed, so that the next saves do not wait for it, too.

One process's memory, shared by its threads; the clock is an argument (monotonic seconds).
"""

from __future__ import annotations


class Circuit:
    """Closed while things work; open for so many seconds after a failure."""

    def __init__(self) -> None:
        self._failed_at: float | None = None

    def is_open(self, now: float, retry_s: float) -> bool:
        """Whether to leave the receiver alone; the first to ask after `retry_s` is let through."""
        if self._failed_at is None or now - self._failed_at < retry_s:
            return self._failed_at is not None
        # The others keep waiting while this one tries.
        self._failed_at = now
        return False

    def failed(self, now: float) -> None:
        self._failed_at = now

    def succeeded(self) -> bool:
        """Whether this ends an outage."""
        was_open, self._failed_at = self._failed_at is not None, None
        return was_open
