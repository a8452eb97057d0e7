"""`warmer report --report results.jtl` of a run of a million requests: time and memory."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from bench.child import BenchError, Cost, measure, warmer
from bench.figure import Figure, against_goal
from tests.servers.django_site import ROOT

if TYPE_CHECKING:
    from pathlib import Path

REQUESTS = 1_000_000
GOAL_S = 20.0
FEW = 10_000
GOAL_MB = 30.0
"""More at a million requests than at ten thousand: the summary keeps two floats of each target."""


def figures(directory: Path) -> list[Figure]:
    """Time of the whole command, its summary on screen included, and what memory grows by."""
    few, many = _cost(directory, FEW), _cost(directory, REQUESTS)
    note = f"the whole command, with the summary: {many.cpu_s:.1f} s of CPU"
    grown = many.peak_rss_mb - few.peak_rss_mb
    return [
        against_goal(f"results file of {REQUESTS:,} requests", many.wall_s, "s", GOAL_S, note),
        against_goal(
            f"results file: peak memory at {REQUESTS:,} less that at {FEW:,}", grown, "MB", GOAL_MB,
            f"{many.peak_rss_mb:.0f} MB at {REQUESTS:,}",
        ),
    ]  # fmt: skip


def _cost(directory: Path, requests: int) -> Cost:
    store, results = directory / f"{requests}.db", directory / f"{requests}.jtl"
    subprocess.run(
        [sys.executable, "-m", "bench.recorded_run", store, str(requests)], cwd=ROOT, check=True
    )
    command = warmer("report", "--store", str(store), "--report", str(results))
    cost = measure(command, directory=directory)
    with results.open("rb") as file:
        lines = sum(1 for _ in file)
    if lines != requests + 1:
        raise BenchError(f"{results} has {lines} lines; expected {requests + 1}")
    return cost
