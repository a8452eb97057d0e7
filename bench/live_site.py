"""Cold Django sites that visitors are on: how soon is all warm, and what do the visitors notice?

Each site is warmed from cold with 1 to 32 in flight, by warmer and by `curl -Z`, and then
by warmer left to itself (`auto`, with its guard). Nobody who warms a site can try that
first: what the best fixed number would have been is known here alone. Visitors alone are
measured before and after each round; curl has its turn in the first.
"""

from __future__ import annotations

import math
import statistics
import sys
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from bench.child import servers_on_all_cores, version_of
from bench.figure import Figure, Grid
from bench.journal import percentile
from bench.live_trial import Trial, alone, by_curl, by_warmer, warming
from bench.magazine import Shape, fill
from tests.servers.stores import running_redis

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bench.live_trial import Client

NUMBERS = (1, 2, 4, 8, 16, 32)
SLOWER = 1.15
"""Time to warm, times that of the best fixed number."""
LATER = 2.0
"""Visitors' 95th percentile, times theirs alone."""
ALONE_S = 4.0
ROUNDS = 2
FULL_ROUNDS = 3

SITES: Mapping[str, Shape] = {
    "2x4": Shape(workers=2, threads=4, comments=80),
    "2x1": Shape(workers=2, threads=1, comments=80),
    "1x4": Shape(workers=1, threads=4, comments=80),
    "1x1": Shape(workers=1, threads=1, comments=80, articles=250),
    "light": Shape(workers=2, threads=4, comments=20, articles=600),
    "heavy": Shape(workers=2, threads=4, comments=300, articles=200),
    "busy": Shape(workers=2, threads=4, comments=80, visits_per_s=60),
    "waits": Shape(
        workers=2, threads=16, comments=0, backend_slots=100, backend_s=0.05, articles=300
    ),
    "backend": Shape(workers=2, threads=8, comments=0, backend_slots=4, backend_s=0.06),
    "wagtail": Shape(workers=2, threads=4, comments=8, site="gazette"),
}
FIRST = "2x4"


@dataclass(frozen=True, slots=True)
class Result:
    """All trials of one way to warm a site."""

    warm_s: float
    p95_ms: float

    def times(self, alone_ms: float) -> float:
        """Visitors' 95th percentile, times theirs alone."""
        return self.p95_ms / alone_ms


def figures(
    directory: Path, *, full: bool, sites: Sequence[str], rounds: int | None
) -> list[Figure | Grid]:
    """For each site a grid, and both goals; without `full` or names, one site only."""
    chosen = sites or (list(SITES) if full else [FIRST])
    count = rounds or (FULL_ROUNDS if full else ROUNDS)
    with servers_on_all_cores():
        return [
            *chain.from_iterable(_site(directory / name, name, rounds=count) for name in chosen)
        ]


def _site(directory: Path, name: str, *, rounds: int) -> list[Figure | Grid]:
    directory.mkdir()
    shape = SITES[name]
    clients: dict[str, Client] = {
        **{f"warmer {number}": by_warmer(str(number)) for number in NUMBERS},
        **{f"curl {number}": by_curl(number) for number in NUMBERS},
        "auto": by_warmer("auto"),
    }
    without: list[Trial] = []
    trials: dict[str, list[Trial]] = {each: [] for each in clients}
    filled = fill(directory / "database", shape)
    with running_redis(directory / "redis") as cache:
        for number in range(1, rounds + 1):
            print(f"bench: live: {name}, round {number} of {rounds}", file=sys.stderr)
            without.append(alone(directory, filled, cache, seconds=ALONE_S))
            for each, client in clients.items():
                if number > 1 and each.startswith("curl"):
                    continue
                trials[each].append(warming(directory, filled, cache, client))
                print(f"bench: live: {each}: {_line(trials[each][-1])}", file=sys.stderr)
            without.append(alone(directory, filled, cache, seconds=ALONE_S))
    quiet_ms = _pooled_p95(without)
    results = {each: _result(found) for each, found in trials.items()}
    return [_grid(name, shape, results, quiet_ms, trials["auto"]), *_goals(name, results, quiet_ms)]


def _line(trial: Trial) -> str:
    p95_ms = percentile(trial.visits_ms, 0.95)
    return f"warm after {trial.warm_s:.1f} s, visitors' p95 {p95_ms:.1f} ms"


def _result(trials: Sequence[Trial]) -> Result:
    times = [each.warm_s for each in trials if each.warm_s is not None]
    return Result(statistics.median(times), _pooled_p95(trials))


def _pooled_p95(trials: Sequence[Trial]) -> float:
    """Of the visits of all rounds: a short trial alone has too few."""
    return percentile([*chain.from_iterable(each.visits_ms for each in trials)], 0.95)


def _goals(name: str, results: Mapping[str, Result], quiet_ms: float) -> list[Figure | Grid]:
    fixed = {number: results[f"warmer {number}"] for number in NUMBERS}
    best = min(fixed, key=lambda number: fixed[number].warm_s)
    peer = min(NUMBERS, key=lambda number: results[f"curl {number}"].warm_s)
    auto = results["auto"]
    gentle = [
        number
        for number, each in fixed.items()
        if each.times(quiet_ms) <= LATER and each.warm_s <= SLOWER * fixed[best].warm_s
    ]
    both = f"both goals by a fixed number: {', '.join(map(str, gentle)) or 'none'}"
    curl = f"curl {version_of('curl', '--version')} -Z, {peer} in flight, its best"
    what = f"live site {name}: time to warm by auto"
    return [
        Figure(
            what=what, measured=auto.warm_s, unit="s", against=f"warmer, {best} in flight, its best",
            compared=fixed[best].warm_s, goal=SLOWER, note=both,
        ),
        Figure(
            what=what, measured=auto.warm_s, unit="s", against=curl,
            compared=results[f"curl {peer}"].warm_s,
        ),
        Figure(
            what=f"live site {name}: visitors' p95 under auto", measured=auto.p95_ms, unit="ms",
            against="theirs alone", compared=quiet_ms, goal=LATER,
        ),
    ]  # fmt: skip


def _grid(
    name: str, shape: Shape, results: Mapping[str, Result], quiet_ms: float, auto: Sequence[Trial]
) -> Grid:
    server = f"{shape.workers} workers of {shape.threads} threads"
    parts = "blocks" if shape.site == "gazette" else "comments"
    pages = f"{shape.articles + 9} pages of {shape.comments} {parts}"
    waits = (
        f" and {shape.backend_s * 1000:.0f} ms at a backend for {shape.backend_slots}"
        if shape.backend_slots
        else ""
    )
    visits = f"{shape.visits_per_s:.0f} visits a second, p95 {quiet_ms:.1f} ms alone"
    header = ("in flight", *map(str, NUMBERS), "auto")
    rows = []
    for client in ("warmer", "curl"):
        columns = [results[f"{client} {number}"] for number in NUMBERS]
        if client == "warmer":
            columns.append(results["auto"])
        rows += [
            (f"{client}: time to warm, s", *(f"{each.warm_s:.1f}" for each in columns)),
            (
                f"{client}: visitors' p95, times alone",
                *(_times(each.times(quiet_ms)) for each in columns),
            ),
        ]
    return Grid(
        title=f"live site {name}: {server}, {pages}{waits}; {visits}",
        header=header,
        rows=tuple(rows),
        data={
            "auto_in_flight": [each.in_flight for each in auto],
            "auto_moves": [each.moves for each in auto],
        },
    )


def _times(value: float) -> str:
    return "no answer" if math.isinf(value) else f"{value:.1f}"
