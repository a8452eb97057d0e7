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
PATIENCE_S = 20.0
"""After so long a trial of slow pages is judged by what there is."""
SOON_S, LATER_S, LATEST_S = 2.0, 8.0, 60.0
"""When a level is put to the test again: after an unclear trial, a clear one, at the latest."""
PAGES_PER_S = 75
"""Or, where pages are quick, after as many as that makes."""
TRIAL_SHARE = 6.0
"""And at the least so many times what the last trial took."""
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
        self._stride = 1
        self._doubted = False
        self._inside = 0
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

    def other(self, took_ms: float, *, sent_at: float) -> None:
        """Take a request into account that was no cold page."""
        if sent_at >= self._since:
            window = self._here if self._trial is None else self._trial.window
            window.add_other(took_ms)

    def settle(self, level: int, *, now: float) -> None:
        """Go on from a level that something else has chosen; what was seen before is void."""
        self._trial = None
        self._inside = 0
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
                self._stride = 1
                self._wait(now, 0.0)
        self._pages += 1
        if min(self._pages, len(self._here) // 2) < BLOCK:
            return ""
        if now < self._check_at and self._pages < self._check_pages:
            return ""
        if self._settled == 1:
            self._upward = True
        stride = min(self._step() * self._stride, self._settled)
        more = min(self._settled + stride, ceiling)
        level = more if self._upward else self._settled - self._step()
        if 0 < self._inside < self._settled:
            level = self._inside
        level, self._inside = max(1, level), 0
        if level > self._settled:
            return self._try(level, now, f"do {level} in flight bring more pages by now?")
        if level < self._settled:
            return self._try(level, now, f"do {level} in flight bring as many pages?")
        self._upward = False
        self._wait(now, min(self._interval_s * 2, LATEST_S))
        return ""

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
        if not late and (found is None or self._unsure(found, count)):
            return ""
        return self._conclude(trial, found, now=now)

    def _unsure(self, found: Comparison, count: int) -> bool:
        """While it climbs, less is needed to go on than to stop: to stop too low costs more."""
        above = found.elasticity - PAYS
        if self._phase is not Phase.CLIMB:
            return abs(above) < found.error
        return above < found.error / 2 if above > 0 else count < BLOCK or -above < found.error

    def _conclude(self, trial: Trial, found: Comparison | None, *, now: float) -> str:
        before, self._trial = self._settled, None
        # Where pages are slow, so is a trial: what it costs must stay a small part.
        costs_s = TRIAL_SHARE * (now - trial.began)
        if found is None:
            why = f"{trial.level} were never in flight at once"
            return self._back(now, why, max(LATER_S, costs_s))
        upward = trial.level > before
        many, few = max(trial.level, before), min(trial.level, before)
        finding = f"{many} in flight bring {found.gain:.2f} times the pages of {few}"
        # Where it holds already, more in flight has the burden of proof.
        doubt = found.error / 2 if self._phase is Phase.HOLD else 0.0
        if (found.elasticity - doubt > PAYS) is upward:
            return self._go_on(trial, found, finding, now=now)
        clear = abs(found.elasticity - PAYS) > 2 * found.error
        # The second request in flight may be the first that another worker ever sees.
        doubtful = before == 1 or not clear
        if self._phase is Phase.CLIMB and doubtful and not self._doubted:
            self._doubted = True
            why = self._back(now, finding, SOON_S)
            self._phase = Phase.CLIMB
            return why
        inside = self._inside if self._phase is Phase.CLIMB else 0
        again_s = min(2 * max(self._interval_s, LATER_S if clear else SOON_S), LATEST_S)
        why = self._back(now, finding, max(again_s, costs_s))
        if 0 < inside < before:
            self._look_inside(inside, now)
        return why

    def _go_on(self, trial: Trial, found: Comparison, finding: str, *, now: float) -> str:
        before, upward = self._settled, trial.level > self._settled
        self._arrive(trial.level, trial.window)
        if self._phase is Phase.CLIMB:
            self._inside = inside = max(before + 1, math.ceil(before * found.gain))
            if found.elasticity + found.error > ALL_PAYS or inside >= trial.level:
                self._found = f" {trial.level} bring {found.gain:.2f} times the pages of {before}"
                return finding
            self._look_inside(inside, now)
            return finding
        # A step in the right direction is followed by another one, upward by a longer one.
        self._stride = 2 * self._stride if upward else 1
        self._upward = upward
        self._wait(now, 0.0)
        return finding

    def _look_inside(self, level: int, now: float) -> None:
        """As many as were of use may do, for what is beyond them only waits."""
        self._phase = Phase.HOLD
        self._inside = level
        self._upward = False
        self._wait(now, 0.0)

    def _try(self, level: int, now: float, why: str) -> str:
        self._trial = Trial(
            level=level,
            window=Window(MOST),
            # The first ones find less of a queue than those after them will.
            skip=level if level < 2 * self._settled else level - self._settled,
            began=now,
            look=max(LEAST if self._phase is Phase.CLIMB else BLOCK, level),
        )
        self.level = level
        self._since = now
        return why

    def _back(self, now: float, why: str, again_s: float) -> str:
        self._phase = Phase.HOLD
        self._upward = self.level < self._settled
        self._stride = 1
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
        self._interval_s = max(seconds, SOON_S)
        self._check_at = now + seconds
        self._check_pages = int(self._interval_s * PAGES_PER_S)
        self._pages = 0
