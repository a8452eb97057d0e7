"""Where more requests in flight stop to bring more pages. Pure: (sample, now) -> level.

Beyond the knee of an origin's throughput each further request only waits, and visitors
with it (Kleinrock, "Power and deterministic rules of thumb", 1979). It is climbed to as
TCP does in its slow start: doubling as long as that pays. What pays is told by trials that
compare two levels next to each other in time, as PCC does (Dong et al., 2015), never by
the best latency ever seen: pages differ in cost, and become slower while a run goes on.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from warmer.crawl.trial import KEPT, Timetable, Trial
from warmer.crawl.window import Window, compare

if TYPE_CHECKING:
    from warmer.crawl.window import Average, Comparison

PAYS = 0.2
"""More in flight pays if this share of it becomes throughput: doubling, if 15 % more pages come."""
ALL_PAYS = 0.7
"""From this share on there is room for another doubling."""
FIRST, MANY, SURE = 3, 12, 0.15
"""Before it doubles, so many pages are seen; or so many, unless their mean is as sure as that."""
LEAST = 6
"""While it climbs, so many pages can show that it is to go on."""
APPEAL, MOST_APPEALS = 8, 3
"""Before it stops to climb, so many pages are seen anew; and so often at the most."""
BLOCK = 16
"""Otherwise nothing is decided by fewer pages."""
DRIFT = math.log(1.5)
"""When a block of pages takes so much longer or less than those before, a trial comes at once."""


class Knee:
    """Settles on a level between 1 and a ceiling, and tests it from time to time."""

    def __init__(self, start: int, maximum: int) -> None:
        self.level = start
        self._settled = start
        self._maximum = maximum
        self._climbs = True
        self._here = Window(KEPT)
        self._block = Window(BLOCK)
        self._usual: Average | None = None
        self._trial: Trial | None = None
        self._next = Timetable()
        self._since = -math.inf
        self._skip = 0
        self._is_one_untried = False
        self._upward = True
        self._stride = 1
        self._refused: Trial | None = None
        self._appeals = 0
        self._inside = 0
        self._found = ""

    def page(
        self, took_ms: float, in_flight: int, *, sent_at: float, now: float, ceiling: int
    ) -> str:
        """Take a cold page into account; returns why the level moved, "" if it did not."""
        if sent_at < self._since:
            return ""
        if self._trial is not None:
            if self._trial.is_due(took_ms, in_flight):
                return self._look(self._trial, now)
            return ""
        if self._skip:
            self._skip -= 1
            return ""
        self._here.add(took_ms, in_flight)
        self._next.count_page()
        if self._climbs:
            return self._climb(now, ceiling)
        self._heed_drift(took_ms, in_flight, now)
        return self._test(now, ceiling)

    def other(self, took_ms: float, *, sent_at: float) -> None:
        """Take a request into account that was no cold page."""
        if sent_at >= self._since:
            window = self._here if self._trial is None else self._trial.window
            window.add_other(took_ms)

    def page_ms(self) -> float:
        """What a page takes at the settled level; 0 where none has been seen."""
        return self._here.average().mean_ms if len(self._here) else 0.0

    def settle(self, level: int, *, now: float) -> None:
        """Go on from a level that something else has chosen; what was seen before is void."""
        self._trial = self._refused = None
        self._inside = 0
        self._arrive(level, Window(KEPT))
        self._since = now
        self._next.soon(now)

    def stop_climbing(self) -> None:
        """From now on in small steps alone."""
        self._climbs = False

    def _climb(self, now: float, ceiling: int) -> str:
        if self._settled == 1 < ceiling:
            return self._begin_with_two(now)
        count = len(self._here)
        first = LEAST if self._is_one_untried else FIRST  # where no trial was before it
        if count < max(first, self._settled) or not self._next.is_due(now):
            return ""
        if count < MANY and self._here.average().error > SURE:
            return ""
        if self._refused is not None and not self._is_appealed(self._refused, now):
            return ""
        level = min(self._settled * 2, ceiling)
        worth = level >= min(self._settled + self._step(), self._maximum)
        if level > self._settled and worth:
            return self._try(level, now, f"do {level} in flight bring more pages?{self._found}")
        if self._settled >= self._maximum:
            self._climbs = False
            self._next.later(now)
            self._try_one_soon(now)
        return ""

    def _begin_with_two(self, now: float) -> str:
        """Two wrongly for a while cost next to nothing, one wrongly half of the pages.

        And they could not be told apart yet: popular pages are often the cheap ones, and the
        second request in flight may be the first that another worker ever sees.
        """
        self._arrive(2, Window(KEPT))
        self._since = now
        self._skip = 2
        self._is_one_untried, self._upward = True, False
        return "it answers: two at once; whether one does as well is tested later"

    def _try_one_soon(self, now: float) -> None:
        if self._is_one_untried and self._settled == 2:
            self._is_one_untried = False
            self._next.soon(now)

    def _test(self, now: float, ceiling: int) -> str:
        """Try a little more or less, when that is due."""
        if min(self._next.pages, len(self._here) // 2) < BLOCK or not self._next.is_due(now):
            return ""
        if self._settled == 1:
            self._upward = True
        stride = min(self._step() * self._stride, self._settled)
        more, fewer = min(self._settled + stride, ceiling), max(1, self._settled - self._step())
        level = more if self._upward else fewer
        if 0 < self._inside < self._settled:
            level = self._inside
        self._inside = 0
        if level > self._settled:
            return self._try(level, now, f"do {level} in flight bring more pages by now?")
        if level < self._settled:
            return self._try(level, now, f"do {level} in flight bring as many pages?")
        self._upward = False
        self._next.later(now)
        return ""

    def _step(self) -> int:
        return max(1, round(self._settled / 4))

    def _heed_drift(self, took_ms: float, in_flight: int, now: float) -> None:
        self._block.add(took_ms, in_flight)
        if len(self._block) < BLOCK:
            return
        latest, self._block = self._block.average(), Window(BLOCK)
        if self._usual is None:
            if len(self._here) >= 3 * BLOCK:
                self._usual = self._here.average()
            return
        drift = math.log(latest.mean_ms / self._usual.mean_ms)
        if abs(drift) > max(DRIFT, 3 * math.hypot(self._usual.error, latest.error)):
            # What was seen before the change is no measure of what comes after it.
            self._arrive(self._settled, Window(KEPT))
            self._upward, self._stride = drift < 0, 1
            self._next.at_once(now)

    def _look(self, trial: Trial, now: float) -> str:
        found, over = trial.comparison(), trial.is_over(now)
        if found is None:
            if not over:
                return ""
            self._trial = None
            self._back(now)
            self._next.after(trial, now, clear=True)
            return f"{trial.level} were never in flight at once"
        if not over and self._is_unsure(found, len(trial.window)):
            return ""
        self._trial = None
        upward = trial.level > self._settled
        many, few = max(trial.level, self._settled), min(trial.level, self._settled)
        # Where it holds already, more in flight has the burden of proof; but one has it at two.
        doubt = 0.0 if self._climbs else found.error / 2 if few > 1 else -found.error
        finding = f"{many} in flight bring {found.gain:.2f} times the pages of {few}"
        if (found.elasticity - doubt > PAYS) is upward:
            self._go_on(trial, found, now)
        else:
            self._give_up(trial, found, now)
        return finding

    def _is_unsure(self, found: Comparison, count: int) -> bool:
        """While it climbs, less is needed to go on than to stop: to stop too low costs more."""
        above = found.elasticity - PAYS
        if not self._climbs:
            return abs(above) < found.error
        return above < found.error / 2 if above > 0 else count < BLOCK or -above < found.error

    def _go_on(self, trial: Trial, found: Comparison, now: float) -> None:
        before = self._settled
        self._arrive(trial.level, trial.window)
        if not self._climbs:
            # A step in the right direction is followed by another one, upward by a longer one.
            self._upward = trial.level > before
            self._stride = 2 * self._stride if self._upward else 1
            self._next.at_once(now)
            return
        self._inside = max(before + 1, math.ceil(before * found.gain))
        self._found = f" {trial.level} bring {found.gain:.2f} times the pages of {before}"
        if found.elasticity + found.error <= ALL_PAYS and self._inside < trial.level:
            self._step_inside(now)

    def _give_up(self, trial: Trial, found: Comparison, now: float) -> None:
        clear = abs(found.elasticity - PAYS) > 2 * found.error
        self._back(now)
        if not self._climbs:
            self._next.after(trial, now, clear=clear)
        else:
            # Popular pages are often the cheap ones: what comes after them is the measure.
            self._here = Window(KEPT)
            self._skip = self._settled  # these still find the queue of the trial
            self._refused = trial

    def _is_appealed(self, refused: Trial, now: float) -> bool:
        """Whether pages that came after a trial call it in question, which takes a few of them."""
        if len(self._here) < APPEAL:
            return False
        self._refused = None
        found = compare(self._here, refused.window)
        if found is not None and found.elasticity - found.error / 2 > PAYS:
            self._appeals += 1
            if self._appeals <= MOST_APPEALS:
                return True
        self._climbs = False
        self._next.after(refused, now, clear=True)
        self._try_one_soon(now)
        if 0 < self._inside < self._settled:
            self._step_inside(now)
        return False

    def _step_inside(self, now: float) -> None:
        """As many as were of use may do, for what is beyond them only waits: that is next."""
        self._climbs = False
        self._next.at_once(now)

    def _try(self, level: int, now: float, why: str) -> str:
        # Half as many cost half of the pages: they are judged soon, for it shows soon.
        least = LEAST if self._climbs or 2 * level <= self._settled else BLOCK
        self._trial = Trial(level, self._settled, self._here, least=least, now=now)
        self.level, self._since = level, now
        return why

    def _back(self, now: float) -> None:
        """From a trial to the settled level; the other direction is tried next."""
        self._upward, self._stride = self.level < self._settled, 1
        self.level, self._since = self._settled, now
        self._block = Window(BLOCK)

    def _arrive(self, level: int, window: Window) -> None:
        self.level = self._settled = level
        self._here = window
        self._block = Window(BLOCK)
        self._usual = None
