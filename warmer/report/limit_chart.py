"""The limit of a run over time as an inline SVG: steps, and a dot where it was lowered. Pure."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from warmer.report.markup import element
from warmer.report.wording import duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from warmer.model import LimitMove
    from warmer.report.markup import Markup

_WIDTH, _HEIGHT = 600.0, 140.0
_LEFT, _BOTTOM, _TOP = 34.0, 22.0, 12.0
_DOTS_MOST = 200


def limit_chart(moves: Sequence[LimitMove], duration_s: float | None) -> Markup:
    """Requests that may be in flight, from the run's start to its end; at least one move."""
    end_s = max(moves[-1].at_s, duration_s or 0.0, 0.001)
    highest = max(1, *(move.limit for move in moves))

    def x(at_s: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - 8) * at_s / end_s

    def y(limit: int) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * limit / highest

    corners = list(_corners(moves, end_s))
    line = " ".join(f"{x(at_s):.1f},{y(limit):.1f}" for at_s, limit in corners)
    dots = [
        element(
            "circle",
            element("title", f"{move.at_s:.1f} s: {before.limit} to {move.limit}, {move.why}"),
            cx=f"{x(move.at_s):.1f}",
            cy=f"{y(move.limit):.1f}",
            r="4",
            class_="lowered",
        )
        for before, move in itertools.pairwise(moves)
        if move.limit < before.limit
    ]
    base = _HEIGHT - _BOTTOM
    return element(
        "svg",
        element("title", f"Limit over time, at most {highest}"),
        element("line", x1=f"{_LEFT}", y1=f"{base}", x2=f"{_WIDTH}", y2=f"{base}", class_="axis"),
        element("polyline", points=line, class_="limit"),
        *dots[:_DOTS_MOST],
        element("text", str(highest), x=f"{_LEFT - 6}", y=f"{y(highest) + 4:.1f}", class_="end"),
        element("text", "0", x=f"{_LEFT - 6}", y=f"{base + 4}", class_="end"),
        element("text", "0 s", x=f"{_LEFT}", y=f"{_HEIGHT - 5}"),
        element("text", duration(end_s), x=f"{_WIDTH - 8}", y=f"{_HEIGHT - 5}", class_="end"),
        viewBox=f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f}",
        role="img",
        class_="chart",
    )


def _corners(moves: Sequence[LimitMove], end_s: float) -> Iterator[tuple[float, int]]:
    """The ends of the steps; before the first move there is no line."""
    for move, until in zip(moves, [*(each.at_s for each in moves[1:]), end_s], strict=True):
        yield move.at_s, move.limit
        yield until, move.limit
