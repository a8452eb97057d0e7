"""Where more requests in flight stop to bring more pages. Pure: (sample, now) -> level.

Beyond the knee of an origin's throughput each further request only waits, and visitors
with it (Kleinrock, "Power and deterministic rules of thumb", 1979). It is climbed to as
TCP does in its slow start: doubling as long as that pays. What pays is told by trials that
compare two levels next to each other in time, as PCC does (Dong et al., 2015), never by
the best latency ever seen: pages differ in cost, and become slower while a run goes on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from warmer.crawl.window import Window, compare

if TYPE_CHECKING:
    from warmer.crawl.window import Comparison

PAYS = 0.2
"""More in flight pays if at least this share of it becomes throughput: doubling, 15 % more pages."""
ALL_PAYS = 0.7
"""From this share on there is room for another doubling."""
FIRST = 4
SURE = 0.15
MANY = 12
LEAST = 6
"""So many pages are seen before a level is judged: the first alone, the others."""
MOST = 320
PATIENCE_S = 10.0
"""After so long a trial of slow pages is judged by what there is."""
SOON_S, LATER_S, LATEST_S = 2.0, 8.0, 60.0
"""When a level is put to the test again: after an unclear trial, a clear one, at the latest."""
PAGES_PER_S = 75
"""Or, where pages are quick, after as many as that makes."""
BLOCK = 16
DRIFT = math.log(1.5)
"""When so many pages in a row take so much longer or less than before, it is tested at once."""


class Phase(Enum):
    """Doubling; or staying, with a test of a little more or less now and then."""

    CLIMB = auto()
    HOLD = auto()


@dataclass(slots=True)
class Trial:
    """Another level than the settled one, and the pages that came with it."""

    level: int
    window: Window
    skip: int
    began: float
    look: int


class Knee:
    """Settles on a level between 1 and a ceiling, and tests it from time to time."""

    def __init__(self, start: int, maximum: int) -> None:
        self.level = start
        self._settled = start
        self._maximum = maximum
        self._phase = Phase.CLIMB
        self._here = Window(MOST)
        self._block = Window(BLOCK)
        self._trial: Trial | None = None
        self._since = -math.inf
        self._skip = 1 if start == 1 else 0
        self._interval_s = SOON_S
        self._check_at = -math.inf
        self._check_pages = 0
        self._pages = 0
        self._upward = True
        self._doubted = False
        self._inside = start
        self._found = ""

    def page(
        self, took_ms: float, in_flight: int, *, sent_at: float, now: float, ceiling: int
    ) -> str:
        """Take a cold page into account; returns why the level moved, "" if it did not."""
        if sent_at < self._since:
            return ""
        if self._trial is not None:
            return self._in_trial(self._trial, took_ms, in_flight, now=now)
        if self._skip:
            self._skip -= 1
            return ""
        self._here.add(took_ms, in_flight)
        if self._phase is Phase.CLIMB:
            return self._climb(now=now, ceiling=ceiling)
        return self._hold(took_ms, in_flight, now=now, ceiling=ceiling)

    def settle(self, level: int, *, now: float) -> None:
        """Go on from a level that something else has chosen; what was seen before is void."""
        self._trial = None
        self._arrive(level, Window(MOST))
        self._since = now
        self._wait(now, SOON_S)

    def stop_climbing(self) -> None:
        """From now on in small steps alone."""
        self._phase = Phase.HOLD

    def _climb(self, *, now: float, ceiling: int) -> str:
        count = len(self._here)
        self._pages += 1
        waiting = now < self._check_at and self._pages < self._check_pages
        if waiting or count < max(FIRST, self._settled):
            return ""
        if count < MANY and self._here.average().error > SURE:
            return ""
        level = min(self._settled * 2, ceiling)
        worth = level >= min(self._settled + self._step(), self._maximum)
        if level > self._settled and worth:
            return self._try(level, now, f"do {level} in flight bring more pages?{self._found}")
        if self._settled >= self._maximum:
            self._phase = Phase.HOLD
            self._wait(now, LATER_S)
        return ""

    def _hold(self, took_ms: float, in_flight: int, *, now: float, ceiling: int) -> str:
        self._block.add(took_ms, in_flight)
        if len(self._block) == BLOCK:
            drift, self._block = self._drift(), Window(BLOCK)
            if drift:
                # What was seen before the change is no measure of what comes after it.
                self._here = Window(MOST)
                self._upward = drift < 0
                self._wait(now, 0.0)
        self._pages += 1
        if self._pages < BLOCK or (now < self._check_at and self._pages < self._check_pages):
            return ""
        upward = self._upward or self._settled == 1
        step = self._step() if upward else -self._step()
        level = min(self._settled + step, ceiling)
        if level == self._settled:
            self._upward = False
            self._wait(now, self._interval_s * 2)
            return ""
        fewer_or_more = "more" if upward else "fewer"
        return self._try(level, now, f"is {level} in flight better, {fewer_or_more} than before?")

    def _step(self) -> int:
        return max(1, round(self._settled / 4))

    def _drift(self) -> float:
        """By how much the latest pages differ from those before, as a logarithm; 0: not surely."""
        if len(self._here) < 3 * BLOCK:
            return 0.0
        before, latest = self._here.average(), self._block.average()
        drift = math.log(latest.mean_ms / before.mean_ms)
        sure = abs(drift) > max(DRIFT, 3 * math.hypot(before.error, latest.error))
        return drift if sure else 0.0

    def _in_trial(self, trial: Trial, took_ms: float, in_flight: int, *, now: float) -> str:
        if trial.skip:
            trial.skip -= 1
            return ""
        trial.window.add(took_ms, in_flight)
        count = len(trial.window)
        if count < trial.look:
            return ""
        trial.look = count + max(1, count // 2)
        upward = trial.level > self._settled
        few, many = (self._here, trial.window) if upward else (trial.window, self._here)
        found = compare(few, many)
        most = 20 / math.log(trial.level / self._settled) ** 2
        out_of_patience = now - trial.began > PATIENCE_S and count >= 2 * LEAST
        late = count >= min(most, MOST) or out_of_patience
        if not late and (found is None or self._unsure(found)):
            return ""
        return self._conclude(trial, found, now=now)

    def _unsure(self, found: Comparison) -> bool:
        """While it climbs, half a standard error is enough to go on: to stop too low costs more."""
        above = found.elasticity - PAYS
        needed = found.error / 2 if self._phase is Phase.CLIMB and above > 0 else found.error
        return abs(above) < needed

    def _conclude(self, trial: Trial, found: Comparison | None, *, now: float) -> str:
        before, self._trial = self._settled, None
        if found is None:
            return self._back(now, f"{trial.level} were never in flight at once", LATER_S)
        upward = trial.level > before
        many, few = max(trial.level, before), min(trial.level, before)
        finding = f"{many} in flight bring {found.gain:.2f} times the pages of {few}"
        # Where it holds already, more in flight has the burden of proof.
        doubt = found.error / 2 if upward and self._phase is Phase.HOLD else 0.0
        if (found.elasticity - doubt > PAYS) is upward:
            return self._go_on(trial, found, finding, now=now)
        clear = abs(found.elasticity - PAYS) > 2 * found.error
        if self._phase is Phase.CLIMB and not clear and not self._doubted:
            self._doubted = True
            why = self._back(now, finding, SOON_S)
            self._phase = Phase.CLIMB
            return why
        climbed = self._phase is Phase.CLIMB
        why = self._back(now, finding, max(LATER_S if clear else SOON_S, self._interval_s * 2))
        if climbed and self._inside < before:
            return self._refine(now, finding)
        return why

    def _go_on(self, trial: Trial, found: Comparison, finding: str, *, now: float) -> str:
        before, upward = self._settled, trial.level > self._settled
        self._arrive(trial.level, trial.window)
        if self._phase is Phase.CLIMB:
            self._inside = max(before + 1, math.ceil(before * found.gain))
            if found.elasticity + found.error > ALL_PAYS:
                self._found = f" {trial.level} bring {found.gain:.2f} times the pages of {before}"
                return finding
            if self._inside < trial.level:
                return self._refine(now, finding)
        # A step in the right direction is followed by another one.
        self._phase = Phase.HOLD
        self._upward = upward
        self._wait(now, 0.0)
        return finding

    def _refine(self, now: float, finding: str) -> str:
        """As many as were of use may do: what is beyond them only waits."""
        self._phase = Phase.HOLD
        return self._try(self._inside, now, f"{finding}: do {self._inside} bring as many?")

    def _try(self, level: int, now: float, why: str) -> str:
        self._trial = Trial(
            level=level,
            window=Window(MOST),
            # The first ones find less of a queue than those after them will.
            skip=level if level < 2 * self._settled else level - self._settled,
            began=now,
            look=max(LEAST, level),
        )
        self.level = level
        self._since = now
        return why

    def _back(self, now: float, why: str, again_s: float) -> str:
        self._phase = Phase.HOLD
        self._upward = self.level < self._settled
        self.level = self._settled
        self._since = now
        self._block = Window(BLOCK)
        self._wait(now, again_s)
        return why

    def _arrive(self, level: int, window: Window) -> None:
        self.level = self._settled = level
        self._here = window
        self._block = Window(BLOCK)

    def _wait(self, now: float, seconds: float) -> None:
        self._interval_s = min(max(seconds, SOON_S), LATEST_S)
        self._check_at = now + min(seconds, LATEST_S)
        self._check_pages = int(self._interval_s * PAGES_PER_S)
        self._pages = 0
