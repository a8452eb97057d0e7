"""Whether visitors are served sooner since fewer requests are in flight. Pure.

Where half of the pages a second buy them nothing clear, it is not the number in flight that
they wait for. Judges medians of a few looks only; in doubt fewer requests have helped, for the
looks that led to it were the slow ones.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

CLEAR = 0.7
"""Helped is who waits less than this part of what it was."""
ENOUGH = 5
"""So many looks tell."""


class Relief:
    """One halving: the looks that led to it, in milliseconds, and those after it."""

    def __init__(self, before: Sequence[float]) -> None:
        self.before_ms = statistics.median(before)
        self._after: list[float] = []

    def add(self, took_ms: float) -> bool:
        """One look after it; returns whether there are enough of them."""
        self._after.append(took_ms)
        return len(self._after) >= ENOUGH

    @property
    def after_ms(self) -> float:
        return statistics.median(self._after)

    @property
    def helped(self) -> bool:
        return self.after_ms < CLEAR * self.before_ms
