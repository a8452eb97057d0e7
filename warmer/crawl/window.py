"""Pages fetched with one number in flight, and what two such windows say when compared. Pure.

By Little's law the pages a second are those in flight divided by the time each takes, so
the times of few requests tell the throughput, where counting pages would need many.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

LEAST_SPREAD = 0.25
"""Few samples may be alike by chance; so much relative spread is assumed at least."""
OUTLIER = 4.0
"""A page counts as so many times the median at most: a worker's first request takes longer."""


@dataclass(frozen=True, slots=True)
class Average:
    """Mean time of so many pages in milliseconds, and their relative standard deviation."""

    mean_ms: float
    spread: float
    count: int

    @property
    def error(self) -> float:
        """Relative standard error of the mean."""
        return self.spread / math.sqrt(self.count)


class Window:
    """The latest pages fetched under one limit: their times, and how many were in flight."""

    __slots__ = ("_flown", "_keep", "_other_ms", "_times")

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._times: list[float] = []
        self._flown: list[int] = []
        self._other_ms = 0.0

    def __len__(self) -> int:
        return len(self._times)

    def add(self, took_ms: float, in_flight: int) -> None:
        """One page; beyond `keep` pages the older half is forgotten."""
        if len(self._times) >= self._keep:
            del self._times[: self._keep // 2]
            del self._flown[: self._keep // 2]
            self._other_ms /= 2
        self._times.append(took_ms)
        self._flown.append(in_flight)

    def add_other(self, took_ms: float) -> None:
        """A request that was no such page, and took its place among those in flight."""
        self._other_ms += took_ms

    def in_flight(self) -> float:
        """Mean number of such pages on the wire: all requests, by the pages' part of the time."""
        spent_ms = math.fsum(self._times)
        share = spent_ms / (spent_ms + self._other_ms) if spent_ms else 1.0
        return share * sum(self._flown) / len(self._flown)

    def average(self) -> Average:
        """Of times that outliers do not carry away; the window must hold a page."""
        times = self._times
        count = len(times)
        longest = max(OUTLIER * statistics.median(times), 1e-6)
        counted = [min(each, longest) for each in times]
        mean = max(math.fsum(counted) / count, 1e-6)
        variance = math.fsum((each - mean) ** 2 for each in counted) / count
        return Average(mean, max(LEAST_SPREAD, math.sqrt(variance) / mean), count)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What another number in flight did to the throughput.

    `gain` is the throughput of the one over that of the other. `elasticity` is the share
    of the additional requests in flight that became throughput: 1 where each page takes
    as long as before, 0 where all only wait. `error` is its standard error.
    """

    gain: float
    elasticity: float
    error: float


def compare(few: Window, many: Window) -> Comparison | None:
    """None where not so many more were in flight that they could be told apart."""
    more = math.log(many.in_flight() / few.in_flight())
    if more < 0.1:
        return None
    fast, slow = few.average(), many.average()
    growth = more - math.log(slow.mean_ms / fast.mean_ms)
    # Pages of the one are as unlike as those of the other: few of them may not show it.
    spread = max(fast.spread, slow.spread)
    error = spread * math.sqrt(1 / fast.count + 1 / slow.count) / more
    return Comparison(math.exp(growth), growth / more, error)
