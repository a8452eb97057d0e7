"""Columns of plain text, each as wide as its widest cell: nothing is cut to fit. Pure.

Where all have no room, whole columns go, and a line says which.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from rich.cells import cell_len

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

_GAP = "  "


def aligned(rows: Sequence[Sequence[str]], *, numbers: Container[int]) -> list[str]:
    """A line a row, all rows of as many cells; `numbers` are columns set to the right."""
    widths = [max(cell_len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        _GAP.join(
            _padded(cell, width, to_the_right=place in numbers)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def width_of(rows: Sequence[Sequence[str]]) -> int:
    """Columns of the terminal that these columns take, the gap behind them included."""
    return sum(
        max(cell_len(cell) for cell in column) + len(_GAP) for column in zip(*rows, strict=True)
    )


def fitting(rows: Sequence[Sequence[str]], *, width: int, dispensable: Iterable[int]) -> list[int]:
    """The columns to keep, so that `width_of` them is within the width, where that can be.

    As many of the `dispensable` go as must, in the order given.
    """
    kept = list(range(len(rows[0])))
    for place in dispensable:
        if width_of(only(rows, kept)) <= width:
            break
        kept.remove(place)
    return kept


def only(rows: Sequence[Sequence[str]], kept: Sequence[int]) -> list[list[str]]:
    """The rows with these columns alone."""
    return [[row[place] for place in kept] for row in rows]


def left_out(names: Sequence[str], kept: Container[int], *, width: int) -> list[str]:
    """What a person is told below a table of which columns had to go; nothing if none had."""
    missing = [name for place, name in enumerate(names) if place not in kept]
    if not missing:
        return []
    return ["", *textwrap.wrap(f"No room for {', '.join(missing)}: --json has all.", width)]


def _padded(cell: str, width: int, *, to_the_right: bool) -> str:
    blanks = " " * (width - cell_len(cell))
    return blanks + cell if to_the_right else cell + blanks
