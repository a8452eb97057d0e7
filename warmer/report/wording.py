"""Numbers as people read them; percent exists only here. Pure."""

from __future__ import annotations

import math


def percent(ratio: float) -> str:
    """A ratio of 0 to 1 as percent, rounded down: 100 % means all, 0 % means none."""
    tenths = math.floor(ratio * 1000 + 1e-9)
    if tenths == 0 and ratio > 0:
        return "<0.1 %"
    return f"{tenths / 10:g} %" if tenths in (0, 1000) else f"{tenths / 10:.1f} %"


def counted(count: int, noun: str) -> str:
    """`1 target`, `2,000 targets`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def milliseconds(value: float | None) -> str:
    """With one decimal; a dash where nothing was measured."""
    return "-" if value is None else f"{value:,.1f}"


def duration(seconds: float) -> str:
    """`1.9 s`, `3 min 20 s`, `2 h 05 min`."""
    if seconds < 60:
        return f"{math.floor(seconds * 10) / 10:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def quantity(value: object) -> str:
    """A number with thousands separated; a dash for what is not one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "-"
    return f"{value:,}" if isinstance(value, int) or not value.is_integer() else f"{int(value):,}"
