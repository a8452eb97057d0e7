"""One number in flight tried against another, and when the next trial is due. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from warmer.crawl.window import Window, compare

if TYPE_CHECKING:
    from warmer.crawl.window import Comparison

KEPT = 320
"""A comparison rests on so many pages of each side at most."""
ENOUGH = 20.0
"""So many pages tell of a difference by a factor of e; the square of it more of a smaller one."""
PATIENCE_S, PATIENCE_PAGES = 20.0, 12
"""After so long, and with so many pages, what there is must do."""
SOON_S, LATER_S, LATEST_S = 2.0, 8.0, 60.0
"""Until the next trial: after an unclear one, after a clear one, at the most."""
PAGES_PER_S = 75
"""Where pages are quicker than this, so many of them are a second."""
SHARE = 6.0
"""Where they are slow, a trial takes long: so many times that passes before the next one."""


class Trial:
    """A level beside the settled one, and the pages that came with it."""

    def __init__(self, level: int, settled: int, here: Window, *, least: int, now: float) -> None:
        self.level = level
        self.window = Window(KEPT)
        self.began = now
        self._here = here
        self._upward = level > settled
        # The first ones find less of a queue than those after them will.
        self._skip = level if level < 2 * settled else level - settled
        self._look_at = max(least, level)
        self._most = min(KEPT, ENOUGH / math.log(level / settled) ** 2)

    def is_due(self, took_ms: float, in_flight: int) -> bool:
        """Take a page into account; returns whether it is time for a look at `comparison`."""
        if self._skip:
            self._skip -= 1
            return False
        self.window.add(took_ms, in_flight)
        count = len(self.window)
        if count < self._look_at:
            return False
        self._look_at = count + max(1, count // 2)
        return True

    def is_over(self, now: float) -> bool:
        """Whether what there is must do."""
        count = len(self.window)
        patient = now - self.began <= PATIENCE_S or count < PATIENCE_PAGES
        return count >= self._most or not patient

    def comparison(self) -> Comparison | None:
        """What more in flight bring, be it the settled level or the tried one."""
        if self._upward:
            return compare(self._here, self.window)
        return compare(self.window, self._here)


class Timetable:
    """When the next trial is due: by time, or by pages where these are quick."""

    def __init__(self) -> None:
        self.pages = 0
        self._interval_s = SOON_S
        self._due_at = -math.inf
        self._due_pages = 0

    def count_page(self) -> None:
        self.pages += 1

    def is_due(self, now: float) -> bool:
        return now >= self._due_at or self.pages >= self._due_pages

    def at_once(self, now: float) -> None:
        self._wait(0.0, now)

    def soon(self, now: float) -> None:
        self._wait(SOON_S, now)

    def later(self, now: float) -> None:
        self._wait(LATER_S, now)

    def after(self, trial: Trial, now: float, *, clear: bool) -> None:
        """Twice as late as the last time, and in proportion to what the trial took."""
        doubled_s = min(2 * max(self._interval_s, LATER_S if clear else SOON_S), LATEST_S)
        self._wait(max(doubled_s, SHARE * (now - trial.began)), now)

    def _wait(self, seconds: float, now: float) -> None:
        self._interval_s = max(seconds, SOON_S)
        self._due_at = now + seconds
        self._due_pages = int(self._interval_s * PAGES_PER_S)
        self.pages = 0
