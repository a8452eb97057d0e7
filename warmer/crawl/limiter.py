"""How many requests may be in flight. Pure decisions: (sample, now) -> limit.

Follows the knee of the origin's throughput while it answers (`knee`). Halves when it fails,
and grows again when it answers (`trouble`). Pauses when nothing but failures comes, when the origin asks for it
(Retry-After, RFC 9110, 10.2.3), and when visitors would wait even for one request of ours.
A pause is a limit of 0, and ends when `wake` is called at `wake_at`.
"""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

from warmer.crawl.knee import Knee
from warmer.crawl.trouble import Trouble

COOLDOWN_S = 1.0
"""The limit halves once in so long: requests that fail together are one failure."""
UNSEEN = 4
"""So many in flight are tried before anybody has seen what they do to visitors."""
GUARDED_S, LONGEST_GUARD_S = 10.0, 600.0
"""So long it stays below where visitors had to wait; doubled if they had to again by then."""


class Sample(NamedTuple):
    """One exchange that came to its end.

    `sent_at` is on the clock of `now`; `in_flight` counts those on the wire when it ended,
    itself included. `cold` marks a page that the origin rendered: what a cache gives, a
    redirect or a missing page tells nothing of it. `failure` says how the origin failed.
    """

    took_ms: float
    in_flight: int
    sent_at: float
    cold: bool = True
    failure: str | None = None
    retry_after_s: float | None = None


class Limiter(Protocol):
    """Decides after each request how many may be in flight."""

    @property
    def limit(self) -> int: ...

    @property
    def why(self) -> str:
        """The reason of the last move, in one line."""
        ...

    @property
    def pressed(self) -> bool:
        """Whether it pauses until it is released."""
        ...

    @property
    def alone_ms(self) -> float:
        """What a cold page takes alone, while the limit is 1, or 2 and that is no worse; or 0."""
        ...

    @property
    def wake_at(self) -> float | None:
        """When `wake` is to be called; None: when there is something to say."""
        ...

    def sample(self, sample: Sample, now: float) -> int:
        """Take one request into account; returns the limit from now on."""
        ...

    def wake(self, now: float) -> int:
        """Go on after time has passed; returns the limit from now on."""
        ...

    def press(self, why: str, now: float) -> int:
        """Visitors wait, or something is too hot: fewer, or none; returns the limit."""
        ...

    def release(self, why: str, now: float) -> int:
        """It is over; returns the limit from now on."""
        ...

    def vouch(self, level: int | None) -> None:
        """Visitors were served well with so many in flight; None: nobody looks."""
        ...

    def relent(self, why: str, now: float) -> int:
        """One at once, where visitors had waited for two, has not helped; returns the limit."""
        ...


def ramp(limit: int, ramp_up_s: float, elapsed_s: float) -> int:
    """What a limit may be so long after the start, growing with time from 1 on."""
    if elapsed_s >= ramp_up_s:
        return limit
    return max(1, min(limit, 1 + math.floor((limit - 1) * elapsed_s / ramp_up_s)))


class FixedLimiter:
    """A number chosen by a person; it stays, whatever happens, once it is reached."""

    wake_at: float | None = None
    pressed = False
    alone_ms = 0.0

    def __init__(self, limit: int, *, ramp_up_s: float, now: float) -> None:
        self._most = limit
        self._ramp_up_s = ramp_up_s
        self._began = now
        self.limit = ramp(limit, ramp_up_s, 0.0)
        self.why = "as it was chosen"

    def sample(self, sample: Sample, now: float) -> int:  # noqa: ARG002 -- the interface
        return self.wake(now)

    def wake(self, now: float) -> int:
        if self.limit < self._most:
            self.limit = ramp(self._most, self._ramp_up_s, now - self._began)
            self.why = "ramp_up_s lets it grow"
        return self.limit

    def press(self, why: str, now: float) -> int:  # noqa: ARG002 -- the interface
        return self.limit

    def release(self, why: str, now: float) -> int:  # noqa: ARG002 -- the interface
        return self.limit

    def relent(self, why: str, now: float) -> int:  # noqa: ARG002 -- the interface
        return self.limit

    def vouch(self, level: int | None) -> None:
        """What a person chose needs nobody's word."""


class AutoLimiter:
    """Finds the number by itself, between 1 and `maximum`, or 0 for a while."""

    def __init__(self, *, start: int, maximum: int, ramp_up_s: float, now: float) -> None:
        self._maximum = maximum
        self._ramp_up_s = ramp_up_s
        self._began = now
        self._level = max(1, min(start, ramp(maximum, ramp_up_s, 0.0)))
        self._knee = Knee(self._level, maximum)
        self._trouble = Trouble()
        self._guarded_until = -math.inf
        self._guarded_s = GUARDED_S
        self._guarded = maximum
        self._alone_ms = 0.0
        self._seen: int | None = None
        self.pressed = False
        self.limit = self._level
        self.wake_at: float | None = None
        self.why = "one request alone first" if self._level == 1 else "as before"

    @property
    def alone_ms(self) -> float:
        if self.limit == 1:
            return self._knee.page_ms()
        return self._alone_ms if self.limit == 2 else 0.0

    def sample(self, sample: Sample, now: float) -> int:
        if sample.failure is not None:
            self._fail(sample, now)
        else:
            self._trouble.answered()
            if self.limit and self._trouble.former:
                self._recover(sample, now)
            elif self.limit and sample.cold:
                self._follow_knee(sample, now)
            else:
                self._knee.other(sample.took_ms, sent_at=sample.sent_at)
        return self.limit

    def vouch(self, level: int | None) -> None:
        """From now on no more than twice the most that a look found well are tried."""
        self._seen = None if level is None else max(level, self._seen or 0)

    def wake(self, now: float) -> int:
        if self.wake_at is not None and now >= self.wake_at:
            self.wake_at = None
            self._trouble.resumed(now)
            if not self.pressed:
                self._move(1, "the pause is over: one request tries")
        return self.limit

    def press(self, why: str, now: float) -> int:
        if self.pressed:
            return self.limit
        self._knee.stop_climbing()
        if self._level > 1:
            self._settle((self._level + 1) // 2, why, now)  # 3 to 2: 1 is a third of the pages
        else:
            self.pressed = True
            self._move(0, why)
        if now < self._guarded_until:
            self._guarded_s = min(2 * self._guarded_s, LONGEST_GUARD_S)
        self._guarded = self._level
        self._guarded_until = now + self._guarded_s
        return self.limit

    def release(self, why: str, now: float) -> int:
        if self.pressed:
            self.pressed = False
            self._guarded_until = now + self._guarded_s
            if self.wake_at is None:
                self._settle(1, why, now)
        return self.limit

    def relent(self, why: str, now: float) -> int:
        if self.limit == self._guarded == 1 and now < self._guarded_until:
            self._alone_ms = self._knee.page_ms()
            self._guarded = min(2, self._maximum)
            self._settle(self._guarded, why, now)
        return self.limit

    def _follow_knee(self, sample: Sample, now: float) -> None:
        why = self._knee.page(
            sample.took_ms,
            sample.in_flight,
            sent_at=sample.sent_at,
            now=now,
            ceiling=self._ceiling(now),
        )
        if why:
            self._level = self._knee.level
            self._move(self._level, why)

    def _fail(self, sample: Sample, now: float) -> None:
        trouble, reason = self._trouble, sample.failure
        pause_s = trouble.failed(self._level, sent_at=sample.sent_at) if self.limit else 0.0
        if sample.retry_after_s:
            self._pause(sample.retry_after_s, f"{reason}, with Retry-After", now)
        elif not self.limit:
            return
        elif pause_s:
            self._pause(pause_s, f"{trouble.in_a_row} failures in a row, the last: {reason}", now)
        elif now >= trouble.calm_from:
            trouble.calm_from = now + COOLDOWN_S
            self._level = max(1, self._level // 2)
            self._move(self._level, f"halved: {reason}")

    def _pause(self, seconds: float, why: str, now: float) -> None:
        self._level = 1
        until = now + seconds
        if self.wake_at is None or until > self.wake_at:
            self.wake_at = until
            self._move(0, f"pause of {seconds:g} s: {why}")

    def _recover(self, sample: Sample, now: float) -> None:
        level = self._trouble.next_level(self._level, sent_at=sample.sent_at, now=now)
        level = min(level, self._ceiling(now))
        if level >= min(self._trouble.former, self._ceiling(now)):
            self._settle(level, "it answers as before the failures", now)
        elif level > self._level:
            self._level = level
            self._move(level, "it answers again")

    def _settle(self, level: int, why: str, now: float) -> None:
        self._trouble.over()
        self._level = level
        self._knee.settle(level, now=now)
        self._move(level, why)

    def _move(self, limit: int, why: str) -> None:
        if limit != self.limit:
            self.limit, self.why = limit, why

    def _ceiling(self, now: float) -> int:
        ceiling = ramp(self._maximum, self._ramp_up_s, now - self._began)
        if self._seen is not None:
            ceiling = min(ceiling, max(UNSEEN, 2 * self._seen, self._level))
        return min(ceiling, self._guarded) if now < self._guarded_until else ceiling
