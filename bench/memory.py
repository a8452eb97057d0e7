"""Peak memory of `warmer crawl` with everything on: flat, whatever the size of the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.crawl_cost import crawl, site_with_keys
from bench.figure import Figure, against_goal

if TYPE_CHECKING:
    from pathlib import Path

TARGETS = 100_000
GOAL_MB = 120.0
FULL_TARGETS = 1_000_000
FULL_GOAL_MB = 150.0


def figures(directory: Path, *, full: bool) -> list[Figure]:
    """The peak at 100,000 targets; with `full` at 1,000,000 as well, which takes minutes."""
    sizes = [(TARGETS, GOAL_MB)]
    if full:
        sizes.append((FULL_TARGETS, FULL_GOAL_MB))
    return [_peak(directory / str(targets), targets, goal_mb) for targets, goal_mb in sizes]


def _peak(directory: Path, targets: int, goal_mb: float) -> Figure:
    directory.mkdir()
    with site_with_keys(directory, targets) as site:
        cost = crawl(directory, site)
    what = f"crawl of {targets:,} targets: peak memory"
    note = f"{cost.wall_s:.0f} s, {cost.cpu_s / targets * 1e6:.0f} µs of CPU a target"
    return against_goal(what, cost.peak_rss_mb, "MB", goal_mb, note)
