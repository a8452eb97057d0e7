"""The limit of a run over time, summed up in one line. Pure."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from warmer.model import LimitMove


def limit_line(moves: Sequence[LimitMove], duration_s: float | None) -> str:
    """`1 to 6, median 4, at the end 2; lowered once at 12.3 s: status-503`; "" without a move.

    The median is over time, not over moves. A pause is a limit of 0, which the range leaves out.
    """
    if not moves:
        return ""
    limits = {move.limit for move in moves if move.limit} or {0}
    pauses = [move for before, move in _pairs(moves) if move.limit == 0 != before.limit]
    parts = [f"{max(limits)} {'but for pauses' if pauses else 'throughout'}"]
    if len(limits) > 1:
        median = _median(moves, duration_s)
        parts = [f"{min(limits)} to {max(limits)}, median {median}, at the end {moves[-1].limit}"]
    lowered = [move for before, move in _pairs(moves) if 0 < move.limit < before.limit]
    for what, found in (("lowered", lowered), ("paused", pauses)):
        if found:
            last = found[-1]
            often = {1: "once", 2: "twice"}.get(len(found), f"{len(found)} times")
            when = "" if len(found) == 1 else ", the last time"
            parts.append(f"{what} {often}{when} at {last.at_s:.1f} s: {last.why}")
    return "; ".join(parts)


def _median(moves: Sequence[LimitMove], duration_s: float | None) -> int:
    """The limit that was reached or stayed under for half of the time since the first move."""
    end_s = max(moves[-1].at_s, duration_s or 0.0)
    ends = [*(move.at_s for move in moves[1:]), end_s]
    held = sorted(
        (move.limit, max(0.0, until - move.at_s)) for move, until in zip(moves, ends, strict=True)
    )
    half_s = sum(seconds for _, seconds in held) / 2
    passed_s = 0.0
    for limit, seconds in held:
        passed_s += seconds
        if passed_s >= half_s:
            return limit
    return held[-1][0]


def _pairs(moves: Sequence[LimitMove]) -> Iterator[tuple[LimitMove, LimitMove]]:
    return itertools.pairwise(moves)
