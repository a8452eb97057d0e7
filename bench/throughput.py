"""How many pages a second a site renders for a warmer that is alone with it.

Against the best that any fixed number reaches; both after the first quarter of the
pages, for how soon a run gets going is what `live` measures.
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.child import servers_on_all_cores
from bench.figure import Figure
from bench.live_site import SITES
from bench.live_trial import by_warmer, warming
from bench.magazine import fill
from tests.servers.stores import running_redis

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("2x4", "backend")
NUMBERS = (2, 4, 8, 16)
ROUNDS = 2
GOAL = 1 / 0.95


def figures(directory: Path) -> list[Figure]:
    """Milliseconds a page, so that less is better as everywhere."""
    with servers_on_all_cores():
        return [_site(directory / name, name) for name in NAMES]


def _site(directory: Path, name: str) -> Figure:
    directory.mkdir()
    filled = fill(directory / "database", replace(SITES[name], visits_per_s=0.0))
    clients = {str(number): by_warmer(str(number)) for number in NUMBERS}
    clients["auto"] = by_warmer("auto")
    rates: dict[str, list[float]] = {each: [] for each in clients}
    with running_redis(directory / "redis") as cache:
        for _ in range(ROUNDS):
            for each, client in clients.items():
                trial = warming(directory, filled, cache, client)
                rates[each].append(trial.late_pages_per_s)
                print(f"bench: alone: {name}: {each}: {rates[each][-1]:.0f}/s", file=sys.stderr)
    per_page_ms = {each: 1000 / statistics.median(found) for each, found in rates.items()}
    auto = per_page_ms.pop("auto")
    best = min(per_page_ms, key=lambda each: per_page_ms[each])
    return Figure(
        what=f"live site {name} without visitors: time per page by auto, after the first quarter",
        measured=auto, unit="ms", against=f"warmer, {best} in flight, its best",
        compared=per_page_ms[best], goal=GOAL,
    )  # fmt: skip
