"""What a run of the benchmarks found: a table for people, JSON beside it."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.figure import Figure, Grid

RESULTS = Path(__file__).with_name("results")
LAST = RESULTS / "last.json"
HISTORY = RESULTS / "history.jsonl"
"""Kept in the repository: a line a run that somebody thought worth keeping."""


def machine() -> dict[str, object]:
    """Where the figures come from, as far as it matters when they are compared."""
    return {
        "cores": os.cpu_count(),
        "cpu": _cpu(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


def load() -> float:
    """Processes that wanted a core in the last minute, on average."""
    return round(os.getloadavg()[0], 2)


def table(figures: Sequence[Figure]) -> str:
    """Figures as ratios; `goal` is the ratio not to be passed, and whether it was not."""
    rows = [("ratio", "goal", "", "measured", "compared with", "what", "")]
    for each in figures:
        goal = "" if each.goal is None else f"<= {each.goal:.2f}"
        reached = {None: "", True: "reached", False: "NOT REACHED"}[each.is_reached]
        measured = f"{_number(each.measured)} {each.unit}"
        compared = f"{_number(each.compared)} {each.unit} ({each.against})"
        ratio = f"{each.ratio:.3f}"
        rows.append((ratio, goal, reached, measured, compared, each.what, each.note))
    return _aligned(rows)


def grid(shown: Grid) -> str:
    """Its title, and its rows below."""
    return f"{shown.title}\n{_aligned([shown.header, *shown.rows])}"


def write(
    run: dict[str, object], figures: Sequence[Figure], grids: Sequence[Grid], *, keep: bool
) -> None:
    """The last run as a file of its own; a line of the history too if it is to be kept."""
    found = run | {
        "figures": [asdict(each) | {"ratio": each.ratio} for each in figures],
        "grids": [asdict(each) for each in grids],
    }
    RESULTS.mkdir(exist_ok=True)
    LAST.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if keep:
        with HISTORY.open("a", encoding="utf-8") as history:
            history.write(json.dumps(found, ensure_ascii=False) + "\n")


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [
        max(len(row[column]) for row in rows if column < len(row)) for column in range(len(rows[0]))
    ]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()
        for row in rows
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())
