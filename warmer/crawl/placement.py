"""Which connections are kept: those whose pages do not wait for one another. Pure.

A kept connection stays with the worker that accepted it. Two in flight may share one
worker for a whole run while another idles, and pages take twice as long then. Nobody
tells a client which worker it has; it can only see how long its pages take, draw
another worker by connecting anew, and keep what is better (a bandit that draws again less
often the longer drawing has been of no use).
"""

from __future__ import annotations

import math
import statistics
from collections import deque

FEWEST = 8
"""So many pages tell one set of connections from another; twice as many as are in flight at least."""
QUICK_MS = 5.0
"""Who answers so soon does not wait for another page to be rendered: no matter of workers."""
EVERY = 4
"""One page of so many is an occasion to judge."""
LATEST = 24
"""Only so many of the latest pages are looked at."""
WORSE = 1.4
"""Pages that take so many times what they took with a good set: a worker is shared."""
BETTER = 0.85
"""Drawing has helped where pages take less than this part of what they took."""
UNEVEN, OWN = 1.7, 8
"""One connection so many times as slow as the others may share its worker; after so many pages of each."""
MOST_OWN = 4
"""So many connections are remembered for each that is in flight."""
FIRST_S, LONGEST_S = 0.4, 60.0
"""After so long another worker is drawn to see whether it is better; doubled where it is not."""
SOONER = 4
"""Where one is slow, in so small a part of that."""
CONTENT_S = 8.0
"""So long at least where this set has been seen to be better than another one."""
KNOWN = 6
"""So many earlier sets are remembered."""


class _Level:
    """What has been learnt with one number in flight: pages take other times with each."""

    def __init__(self) -> None:
        self.known: deque[float] = deque(maxlen=KNOWN)
        self.before_ms: float | None = None
        self.wait_s = FIRST_S

    def good_ms(self) -> float:
        """What pages took with a good set: not the best of many, which was luck."""
        return sorted(self.known)[len(self.known) // 4] if self.known else math.inf


class Placement:
    """The connections to one server. Connections are told apart by numbers, times are in ms.

    `why` is the reason for which the last one was left, in one line.
    """

    def __init__(self, now: float) -> None:
        self._levels: dict[int, _Level] = {}
        self._limit = 0
        self._since = now
        self._skip = 0
        self._pages = 0
        self._latest: deque[float] = deque(maxlen=LATEST)
        self._own: dict[int, deque[float]] = {}
        self._unwanted: int | None = None
        self._patience = 0
        self.why = ""

    def keeps(self, connection: int, now: float) -> bool:
        """Whether a request may be sent over a connection; asked before each, False: open another."""
        if connection != self._unwanted:
            return True
        self._begin(now)
        return False

    def page(self, connection: int, took_ms: float, limit: int, now: float) -> None:
        """Take a cold page into account that came with so many in flight at most."""
        if limit != self._limit:
            self._limit = limit
            self._begin(now)
        if limit < 2 or took_ms < QUICK_MS:
            return
        if self._skip:
            self._skip -= 1
            return
        if len(self._own) > MOST_OWN * limit:
            self._own.clear()  # the server closes them itself
        self._latest.append(took_ms)
        self._own.setdefault(connection, deque(maxlen=2 * OWN)).append(took_ms)
        if self._unwanted is None:
            self._judge(self._levels.setdefault(limit, _Level()), now)
        else:
            self._patience -= 1
            if not self._patience:
                self._begin(now)  # the server closed it, or nothing uses it any more

    def _begin(self, now: float) -> None:
        """From here on a new set of connections is looked at."""
        self._unwanted = None
        self._since = now
        self._skip = self._limit  # those on the wire were sent before
        self._latest.clear()
        self._own.clear()

    def _judge(self, level: _Level, now: float) -> None:
        self._pages += 1
        if self._pages % EVERY or len(self._latest) < max(FEWEST, 2 * self._limit):
            return
        took_ms = statistics.fmean(self._latest)
        good_ms = level.good_ms()
        if took_ms > WORSE * good_ms:
            self._draw(level, took_ms, f"pages take {took_ms:.0f} ms, {good_ms:.0f} with others")
            return
        if level.before_ms is not None:
            self._learn(level, level.before_ms, took_ms)
        has_slow = self._has_one_slow()
        if now - self._since >= level.wait_s / (SOONER if has_slow else 1):
            level.before_ms = took_ms
            slow = "one is slower than the others"
            self._draw(level, took_ms, slow if has_slow else "another may serve better")

    def _learn(self, level: _Level, before_ms: float, took_ms: float) -> None:
        """What the last draw was good for."""
        level.before_ms = None
        if took_ms > BETTER * before_ms:
            level.wait_s = min(2 * level.wait_s, LONGEST_S)
        if level.known and took_ms < max(level.known) / WORSE:
            level.wait_s = max(level.wait_s, CONTENT_S)

    def _has_one_slow(self) -> bool:
        means = sorted(statistics.fmean(each) for each in self._own.values() if len(each) >= OWN)
        return len(means) >= 3 and means[-1] > UNEVEN * statistics.median(means[:-1])

    def _draw(self, level: _Level, took_ms: float, why: str) -> None:
        """The slowest connection is left."""
        self.why = why
        level.known.append(took_ms)
        self._patience = FEWEST * self._limit
        self._unwanted = max(self._own, key=lambda each: statistics.fmean(self._own[each]))


class Placements:
    """A placement for each of the servers of a crawl; None is the only one."""

    def __init__(self) -> None:
        self._by_server: dict[str | None, Placement] = {}

    def of(self, server: str | None, now: float) -> Placement:
        placement = self._by_server.get(server)
        if placement is None:
            placement = self._by_server[server] = Placement(now)
        return placement
