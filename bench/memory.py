"""Peak memory and cost per URL of `warmer crawl`: flat, whatever the size of the plan.

What a URL costs is what a crawl costs beyond one of a single URL, which is start-up. The
small plan is crawled without probes: they are a thousand at most, and would double it.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from bench.crawl_cost import crawl, site_with_keys
from bench.figure import Figure, against_goal
from bench.pages import write_list

if TYPE_CHECKING:
    from pathlib import Path

    from bench.child import Cost

TARGETS = 100_000
GOAL_MB = 120.0
FULL_TARGETS = 1_000_000
FULL_GOAL_MB = 150.0
FEW_TARGETS = 1_000
FEW_ROUNDS = 7
GOAL_FLAT = 1.1


def figures(directory: Path, *, full: bool) -> list[Figure]:
    """The peak at 100,000 targets; with `full` at 1,000,000 as well, which takes minutes."""
    sizes = [(TARGETS, GOAL_MB)]
    if full:
        sizes.append((FULL_TARGETS, FULL_GOAL_MB))
    start_s, few_s = _small(directory / "few")
    few_us = (few_s - start_s) / (FEW_TARGETS - 1) * 1e6
    found = []
    for targets, goal_mb in sizes:
        cost = _cost(directory / str(targets), targets)
        found += [
            against_goal(
                f"crawl of {targets:,} targets: peak memory", cost.peak_rss_mb, "MB", goal_mb,
                f"{cost.wall_s:.0f} s, {cost.cpu_s / targets * 1e6:.0f} µs of CPU a target",
            ),
            Figure(
                what=f"crawl of {targets:,} targets: CPU per URL, without start-up",
                measured=(cost.cpu_s - start_s) / (targets - 1) * 1e6, unit="µs",
                against=f"{FEW_TARGETS:,} targets", compared=few_us, goal=GOAL_FLAT,
                note=f"start-up is {start_s:.2f} s of CPU",
            ),
        ]  # fmt: skip
    return found


def _small(directory: Path) -> tuple[float, float]:
    """Seconds of CPU for a single target, and for a few; medians."""
    directory.mkdir()
    with site_with_keys(directory, FEW_TARGETS) as site:
        with site.config.open("a") as config:
            config.write('[verify]\nprobe = "never"\n')
        one = site._replace(listed=write_list(directory / "one.txt", site.base_url, 1))
        rounds = [
            (crawl(directory, one).cpu_s, crawl(directory, site).cpu_s) for _ in range(FEW_ROUNDS)
        ]
    single, few = zip(*rounds, strict=True)
    return statistics.median(single), statistics.median(few)


def _cost(directory: Path, targets: int) -> Cost:
    directory.mkdir()
    with site_with_keys(directory, targets) as site:
        return crawl(directory, site)
