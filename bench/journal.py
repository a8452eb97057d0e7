"""What a site's journal and its visitors' say of one trial. Pure.

The client that warms is judged by what the site saw of it, the same for every client:
from its first request to the end of the last render.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as the site saw it; times are monotonic seconds."""

    begin: float
    end: float
    status: int
    rendered: bool
    by_visitor: bool
    path: str


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit as the visitor saw it; latency counts from when it was due."""

    due: float
    latency_ms: float
    status: int


@dataclass(frozen=True, slots=True)
class Span:
    """From the client's first request to the end of its last render."""

    begin: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.begin


def read_journal(text: str) -> list[Asked]:
    """Lines of the site's journal, in order of their end."""
    return [_asked(line) for line in text.splitlines()]


def read_visits(text: str) -> list[Visit]:
    """Lines of `bench.visits`."""
    rows = (line.split() for line in text.splitlines())
    return [Visit(float(due), float(latency_ms), int(status)) for due, latency_ms, status in rows]


def span_of_warming(journal: Iterable[Asked]) -> Span | None:
    """None if the client had nothing rendered."""
    by_client = [each for each in journal if not each.by_visitor]
    renders = [each.end for each in by_client if each.rendered and each.status == 200]
    if not renders:
        return None
    return Span(min(each.begin for each in by_client), max(renders))


def rendered_pages(journal: Iterable[Asked]) -> int:
    """Pages that were rendered for the client at least once."""
    return len({each.path for each in journal if each.rendered and not each.by_visitor})


def late_rate(journal: Iterable[Asked], share: float) -> float:
    """Pages a second that were rendered for the client after this share of them was done."""
    ends = sorted(each.end for each in journal if each.rendered and not each.by_visitor)
    first = int(len(ends) * share)
    return (len(ends) - 1 - first) / (ends[-1] - ends[first])


def latencies_within(visits: Iterable[Visit], span: Span) -> list[float]:
    """Milliseconds of the visits that were due in that time; no answer counts as infinity."""
    return [
        each.latency_ms if each.status == 200 else math.inf
        for each in visits
        if span.begin <= each.due <= span.end
    ]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all do not pass (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def in_flight_over_time(journal: Iterable[Asked], span: Span, step_s: float) -> list[float]:
    """How many requests of the client the site had in hand, on average, in each step."""
    steps = max(1, math.ceil(span.seconds / step_s))
    busy_s = [0.0] * steps
    for each in journal:
        if each.by_visitor:
            continue
        first = max(0, int((each.begin - span.begin) / step_s))
        last = min(steps - 1, int((each.end - span.begin) / step_s))
        for step in range(first, last + 1):
            begin = span.begin + step * step_s
            busy_s[step] += max(0.0, min(each.end, begin + step_s) - max(each.begin, begin))
    return [each / step_s for each in busy_s]


def _asked(line: str) -> Asked:
    begin, end, status, rendered, by_visitor, path = line.split(" ", 5)
    return Asked(float(begin), float(end), int(status), rendered == "1", by_visitor == "1", path)
