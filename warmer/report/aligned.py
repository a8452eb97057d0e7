"""Columns of plain text, each as wide as its widest cell: nothing is cut to fit. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

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


def _padded(cell: str, width: int, *, to_the_right: bool) -> str:
    blanks = " " * (width - cell_len(cell))
    return blanks + cell if to_the_right else cell + blanks
