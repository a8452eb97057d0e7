"""One trial on a live site: a client warms it from cold while visitors ask for a hot page.

Nothing is pinned to a core here: site, cache, client and visitors share the machine, as
they do where a warmer runs beside its site.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.child import BenchError, all_cores, measure, warmer
from bench.journal import (
    Span,
    in_flight_over_time,
    late_rate,
    latencies_within,
    read_journal,
    read_visits,
    rendered_pages,
    span_of_warming,
)
from bench.magazine import HOT, PUBLIC_HOST, running_magazine
from tests.servers.django_site import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from bench.magazine import Filled, Magazine
    from tests.servers.stores import RedisServer

    Client = Callable[[Path, Magazine, Filled, RedisServer], Sequence[str]]
    """The command line of who warms, from where it works, the site, its pages and its cache."""

LEAD_S = 0.5
"""Visitors are there before the client starts."""
LIMIT_S = 120.0
TRACE_STEP_S = 0.25
EARLY = 0.25
_CONFIG = """
base_url = "{url}"
connect_to = "{node}"
[[cache]]
url = "{cache}"
[verify]
probe = "never"
[thresholds]
all = ["hit_ratio>=1"]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What the site and its visitors saw of one client; `warm_s` is None where none warmed.

    `late_pages_per_s` is the rate after the first quarter of the pages. `in_flight` is what the site had of the client in hand, in steps of `TRACE_STEP_S`;
    `moves` what warmer's report says of its limit.
    """

    warm_s: float | None
    command_s: float
    visits_ms: tuple[float, ...]
    late_pages_per_s: float = 0.0
    in_flight: tuple[float, ...] = ()
    moves: tuple[dict[str, object], ...] = ()


def alone(directory: Path, filled: Filled, cache: RedisServer, *, seconds: float) -> Trial:
    """Visitors without a warmer."""
    with (
        running_magazine(directory / "site", filled, cache) as magazine,
        _visitors(directory, magazine, filled),
    ):
        time.sleep(LEAD_S)
        begin = time.monotonic()
        time.sleep(seconds)
        end = time.monotonic()
    visits = read_visits((directory / "visits.txt").read_text())
    latencies = latencies_within(visits, Span(begin, end))
    return Trial(warm_s=None, command_s=seconds, visits_ms=tuple(latencies))


def warming(directory: Path, filled: Filled, cache: RedisServer, client: Client) -> Trial:
    """A client that fetches every page; BenchError if one of them was not rendered for it."""
    report = directory / "report.json"
    report.unlink(missing_ok=True)
    for file in directory.glob("runs.db*"):
        file.unlink()
    with running_magazine(directory / "site", filled, cache) as magazine:
        line = client(directory, magazine, filled, cache)
        with _visitors(directory, magazine, filled):
            time.sleep(LEAD_S)
            cost = measure(line, directory=directory, cores=all_cores(), limit_s=LIMIT_S)
        journal = read_journal(magazine.journal.read_text())
    span = span_of_warming(journal)
    expected = len(filled.paths) - 1  # the visitors' page is hot
    if span is None or rendered_pages(journal) < expected:
        raise BenchError(f"{rendered_pages(journal)} of {expected} pages were rendered: {line}")
    visits = read_visits((directory / "visits.txt").read_text())
    told = json.loads(report.read_text()) if report.exists() else {}
    return Trial(
        warm_s=span.seconds,
        command_s=cost.wall_s,
        visits_ms=tuple(latencies_within(visits, span)),
        late_pages_per_s=late_rate(journal, EARLY),
        in_flight=tuple(round(n, 2) for n in in_flight_over_time(journal, span, TRACE_STEP_S)),
        moves=tuple(told.get("limit", ())),
    )


def by_warmer(concurrency: str) -> Client:
    """`warmer crawl` with so many in flight, or "auto"; keys are learnt and verified."""

    def command(
        directory: Path, magazine: Magazine, filled: Filled, cache: RedisServer
    ) -> Sequence[str]:
        config = directory / "site.toml"
        config.write_text(_CONFIG.format(url=magazine.url, node=magazine.node, cache=cache.url))
        listed = directory / "urls.txt"
        listed.write_text("".join(f"{magazine.url}{path}\n" for path in filled.paths))
        kept = ["--store", str(directory / "runs.db"), "--report", str(directory / "report.json")]
        return warmer("crawl", str(listed), "-c", str(config), "--concurrency", concurrency, *kept)

    return command


def by_curl(in_flight: int) -> Client:
    """`curl -Z`, which fetches and forgets."""

    def command(
        directory: Path, magazine: Magazine, filled: Filled, _cache: RedisServer
    ) -> Sequence[str]:
        config = directory / "curl.config"
        config.write_text(
            "".join(
                f'url = "{magazine.url}{path}"\noutput = "/dev/null"\n' for path in filled.paths
            )
        )
        # Without "immediate" it goes one by one where connections are not kept.
        line = ["curl", "--silent", "--parallel", "--parallel-immediate"]
        line += ["--parallel-max", str(in_flight)]
        return [*line, "--connect-to", f"::{magazine.node}", "--config", str(config)]

    return command


@contextlib.contextmanager
def _visitors(directory: Path, magazine: Magazine, filled: Filled) -> Iterator[None]:
    """They write to visits.txt; a site without visitors has an empty one."""
    program = [sys.executable, "-m", "bench.visits", magazine.node, PUBLIC_HOST, HOT]
    with (directory / "visits.txt").open("wb") as out:
        if not filled.shape.visits_per_s:
            yield
            return
        process = subprocess.Popen([*program, str(filled.shape.visits_per_s)], stdout=out, cwd=ROOT)
        try:
            yield
        finally:
            process.terminate()
            process.wait()
