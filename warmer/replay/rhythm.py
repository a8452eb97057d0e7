"""When each request of a replay is due, from when it was sent, or at a rate. Pure.

Gives out pairs of seconds since the start and request, in order of time, without an end
where the requests have none. Reads ahead as little as order needs.
"""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING

from warmer.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from warmer.sources.capture import CapturedRequest

WINDOW = 4096
"""How far a request may stand from its place: servers log requests when they end."""

Timed = tuple[float, "CapturedRequest"]


def at_rate(
    requests: Iterable[CapturedRequest], rate_per_s: float, *, ramp_up_s: float
) -> Iterator[Timed]:
    """One after the other, `rate_per_s` of them; slower at first, for `ramp_up_s`."""
    for number, request in enumerate(requests):
        yield warped(number, rate_per_s, ramp_up_s), request


def as_recorded(
    again: Callable[[], Iterable[CapturedRequest]], *, speed: float, ramp_up_s: float, loop: bool
) -> Iterator[Timed]:
    """At the distances in which they were sent, divided by `speed`.

    With `loop`, from the beginning again, after as long a pause as there was between two
    on the average. Raises SourceError for a request that has no time.
    """
    began = 0.0
    while True:
        count, last = 0, 0.0
        for at_s, request in moments(again()):
            yield warped(began + at_s, speed, ramp_up_s), request
            count, last = count + 1, at_s
        if not loop or count == 0:
            return
        began += last + (last / (count - 1) if last else 1.0)


def moments(requests: Iterable[CapturedRequest]) -> Iterator[Timed]:
    """Seconds since the first, in order; those of one whole second are spread evenly over it.

    Logs know whole seconds only; sent all at once at its beginning, they would be a load
    that nobody has seen.
    """
    first: float | None = None
    same: list[CapturedRequest] = []
    same_at = 0.0
    for at_s, request in _in_order(requests):
        first = at_s if first is None else first
        if same and at_s != same_at:
            yield from _spread(same_at - first, same, _room(same_at, at_s))
            same = []
        same.append(request)
        same_at = at_s
    yield from _spread(same_at - (first or 0.0), same, _room(same_at, math.inf))


def _room(at_s: float, next_at_s: float) -> float:
    return min(1.0, next_at_s - at_s) if at_s == math.floor(at_s) else 0.0


def _spread(at_s: float, requests: list[CapturedRequest], room_s: float) -> Iterator[Timed]:
    for number, request in enumerate(requests):
        yield at_s + number * room_s / len(requests), request


def warped(work: float, rate: float, ramp_up_s: float) -> float:
    """When so much work is done at a rate that grows from 0 to `rate` in `ramp_up_s`, and stays."""
    during_ramp = rate * ramp_up_s / 2
    if work < during_ramp:
        return math.sqrt(2 * ramp_up_s * work / rate)
    return ramp_up_s + (work - during_ramp) / rate


def _in_order(requests: Iterable[CapturedRequest]) -> Iterator[Timed]:
    """By time; one that is still out of order goes with the last that came before it."""
    waiting: list[tuple[float, int, CapturedRequest]] = []
    latest = -math.inf
    numbered = enumerate(requests)
    for number, request in numbered:
        if request.at_s is None:
            raise SourceError(
                "the requests have no time; expected --rate N/s, at which they are sent"
            )
        heapq.heappush(waiting, (request.at_s, number, request))
        if len(waiting) > WINDOW:
            at_s, _, found = heapq.heappop(waiting)
            latest = max(latest, at_s)
            yield latest, found
    while waiting:
        at_s, _, found = heapq.heappop(waiting)
        latest = max(latest, at_s)
        yield latest, found
