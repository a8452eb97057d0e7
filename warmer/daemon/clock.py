"""The daemon's time: one clock that never jumps, and unix seconds that follow from it.

When somebody sets the machine's clock, waits and deadlines of the running daemon stay
what they were; only a start looks at the wall again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds since no particular moment, and the same as unix seconds."""

    _unix_minus_monotonic: float = field(default_factory=lambda: time.time() - time.monotonic())

    def now(self) -> float:
        """For waits and deadlines; does not jump."""
        return time.monotonic()

    def unix(self) -> float:
        """For what is kept on disk; does not jump while the process lives."""
        return time.monotonic() + self._unix_minus_monotonic

    def utc(self) -> datetime:
        """What the wall's clock says now, for schedules."""
        return datetime.now(UTC)
