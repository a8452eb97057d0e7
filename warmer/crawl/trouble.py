"""What failures do to the limit, and how it comes back. Pure: the clock is an argument.

Grows again as TCP does after a loss (RFC 5681, 3.1): doubling up to half of what it had,
then one at a time.
"""

from __future__ import annotations

import math

IN_A_ROW = 5
"""So many failures without an answer between them mean that nothing works."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 4.0
"""Then one request in so long finds out; doubled, up to what a recovery may be late by."""


class Trouble:
    """Failures in a row, and where the limit stood before them."""

    def __init__(self) -> None:
        self.former = 0
        self.in_a_row = 0
        self.calm_from = -math.inf
        self._ever_answered = False
        self._pause_s = FIRST_PAUSE_S
        self._since = -math.inf
        self._clean = 0

    def answered(self) -> None:
        """A response came that is no failure."""
        self.in_a_row = 0
        self._ever_answered = True

    def failed(self, level: int, *, sent_at: float) -> float:
        """Count a failure at this level; returns for how long to pause, 0: not at all.

        An origin that has never answered is left to the abort rule. What was sent before
        the last pause tells nothing new.
        """
        self.former = self.former or level
        self._clean = 0
        if sent_at < self._since:
            return 0.0
        self.in_a_row += 1
        if self.in_a_row < IN_A_ROW or not self._ever_answered:
            return 0.0
        pause_s = self._pause_s
        self._pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        return pause_s

    def resumed(self, now: float) -> None:
        """A pause is over; one more failure makes another one."""
        self._since = now

    def next_level(self, level: int, *, sent_at: float, now: float) -> int:
        """What a request that was answered allows, up to the former level."""
        if sent_at < self._since or now < self.calm_from:
            return level
        self._clean += 1
        if self._clean < level:
            return level
        self._clean = 0
        self._since = now
        return min(self.former, 2 * level if 2 * level <= self.former // 2 else level + 1)

    def over(self) -> None:
        """The former level is reached, or another one was chosen."""
        self.former = 0
        self._clean = 0
        self._pause_s = FIRST_PAUSE_S
