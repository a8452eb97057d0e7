"""Whether visitors have to wait for our sake. Pure: (look, now) -> what to do.

Judges one hot page, the canary, by the time until its first byte, against what it took before
we loaded the site. One slow answer is chance: after it others follow at once, up to five,
and their median counts.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from warmer.crawl.relief import Relief

if TYPE_CHECKING:
    from collections.abc import Sequence

MAJORITY = 3
"""Of five looks: so many slow ones are no chance, so many fast ones show that it was."""
SILENCE = 2
"""An answer that does not come, or is an error, weighs as much as so many slow ones."""
EFFECT_S = 1.0
"""So long what is in flight may take to end, before the next decision."""
CALM = 2
"""So many looks in a row are fast before a pause ends."""
NOT_US_S = 10.0
"""Still as slow after so long a pause, it is not we who slow it down."""
LONGEST_S = 60.0
"""Even where nobody answers, one request tries again after so long a pause."""


class Look(NamedTuple):
    """One answer of the canary.

    `took_ms` is None where none came in time, and `failure` says why. `hot` is what the
    response says: False where it was rendered, None where it says nothing.
    """

    took_ms: float | None
    failure: str = ""
    hot: bool | None = None


class Advice(Enum):
    """What to do after a look; TRY goes on without knowing that it is better.

    RELENT: one request in flight instead of two has not helped.
    """

    GO_ON = auto()
    LOOK_AGAIN = auto()
    BACK_OFF = auto()
    RESUME = auto()
    TRY = auto()
    RELENT = auto()


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How much slower the canary may become.

    It must pass both `ratio` times what it took and `margin_ms` more than that; or `max_ms`.
    """

    ratio: float
    margin_ms: float
    max_ms: float

    def limit_ms(self, baseline_ms: float) -> float:
        return min(self.max_ms, max(self.ratio * baseline_ms, baseline_ms + self.margin_ms))


class VisitorGuard:
    """Advises on one canary.

    `why` is the reason of the last advice, in one line; `saw_well`, whether the last look
    was judged and found visitors served well: not every advice to go on rests on one.
    """

    def __init__(self, tolerance: Tolerance) -> None:
        self._tolerance = tolerance
        self._slow = self._fast = 0
        self._calm = 0
        self._alone_ms = 0.0
        self._burst: list[float | None] = []
        self._relief: Relief | None = None
        self._deaf_until = -math.inf
        self._paused_at: float | None = None
        self._in_pause: list[float] = []
        self.baseline_ms = 0.0
        self.why = ""
        self.saw_well = False

    def begin(self, idle: Sequence[float]) -> None:
        """Take what the canary takes while nothing of ours is on the wire, in milliseconds."""
        self.baseline_ms = statistics.median(idle)
        self._forget()

    def take(self, look: Look, now: float, *, paused: bool, alone_ms: float = 0.0) -> Advice:
        """Judge a look that came while the crawl was paused for visitors, or was not.

        `alone_ms` is what a cold page takes where only one of ours is in flight, or where two
        are no worse. A visitor may have to wait for that one as for any other visitor's:
        a pause is for more.
        """
        self.saw_well = False
        self._alone_ms = 0.0 if paused else alone_ms
        if paused:
            return self._in_a_pause(look, now)
        self._paused_at = None
        if now < self._deaf_until or look.hot is False:
            return Advice.GO_ON  # what it rendered itself is no hot page
        if self._is_slow(look):
            self._slow += SILENCE if look.took_ms is None else 1
        elif self._slow:
            self._fast += 1
        if not self._slow:
            self.saw_well = True
            return self._weigh(look, alone_ms)
        self._burst.append(look.took_ms)
        if self._fast >= MAJORITY:
            self._forget()
            self.saw_well = True
            return Advice.GO_ON
        if self._slow < MAJORITY:
            return Advice.LOOK_AGAIN
        self.why = f"visitors wait: {self._told(look)}"
        told = [each for each in self._burst if each is not None]
        # No answer at all is no matter of one request or two.
        self._relief = Relief(told) if told == self._burst and not alone_ms else None
        self._forget()
        self._deaf_until = now + EFFECT_S
        return Advice.BACK_OFF

    def _weigh(self, look: Look, alone_ms: float) -> Advice:
        """Compare looks since only one request is in flight with those that led to it."""
        if self._relief is None or not alone_ms or look.took_ms is None:
            return Advice.GO_ON
        if not self._relief.add(look.took_ms):
            return Advice.LOOK_AGAIN
        relief, self._relief = self._relief, None
        if relief.helped:
            return Advice.GO_ON
        after, before = f"{relief.after_ms:.0f} ms", f"{relief.before_ms:.0f} ms"
        self.why = f"fewer did not help visitors: {after} for a hot page, {before} before"
        return Advice.RELENT

    def _forget(self) -> None:
        self._slow = self._fast = 0
        self._burst = []

    def _in_a_pause(self, look: Look, now: float) -> Advice:
        if self._paused_at is None:
            self._paused_at = now
            self._calm = 0
            self._in_pause = []
        self._calm = 0 if self._is_slow(look) else self._calm + 1
        if self._calm >= CALM:
            self.why = f"visitors are served again: {self._told(look)}"
            return self._resume()
        if look.took_ms is not None:
            self._in_pause.append(look.took_ms)
        waited_s = now - self._paused_at
        if waited_s >= NOT_US_S and len(self._in_pause) >= CALM and look.took_ms is not None:
            self.why = f"the site is slow without us, too: {self._told(look)}"
            self.begin(self._in_pause)
            return self._resume()
        if waited_s >= LONGEST_S:
            self.why = f"{LONGEST_S:g} s of pause did not help: one request tries"
            self._resume()
            return Advice.TRY
        return Advice.GO_ON

    def _resume(self) -> Advice:
        self._paused_at = None
        self._forget()
        return Advice.RESUME

    def _is_slow(self, look: Look) -> bool:
        if look.took_ms is None:
            return True
        limit_ms = self._tolerance.limit_ms(self.baseline_ms)
        return look.took_ms > min(self._tolerance.max_ms, limit_ms + self._alone_ms)

    def _told(self, look: Look) -> str:
        now = look.failure if look.took_ms is None else f"{look.took_ms:.0f} ms"
        return f"{now} for a hot page, {self.baseline_ms:.0f} ms before"
