"""Measure, print one table of ratios, write it as JSON. Asserts nothing: time is not a test."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench import (
    brownout,
    captures,
    crawl_cost,
    daemon,
    django_wall,
    jtl,
    key_verification,
    live_site,
    log_ranking,
    memory,
    peer_cost,
    record,
    refresh,
    replay,
    sitemap_plan,
    throughput,
)
from bench.child import BenchError, keep_servers_off
from bench.figure import Figure, Grid
from tests.servers.process import ServerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    _Bench = Callable[[Path, argparse.Namespace], Sequence[Figure | Grid]]

_BENCHES: dict[str, _Bench] = {
    "crawl": lambda directory, _chosen: crawl_cost.figures(directory),
    "memory": lambda directory, chosen: memory.figures(directory, full=chosen.full),
    "sitemap": lambda directory, _chosen: sitemap_plan.figures(directory),
    "keys": lambda directory, _chosen: key_verification.figures(directory),
    "log": lambda directory, chosen: log_ranking.figures(directory, full=chosen.full),
    "captures": lambda directory, _chosen: captures.figures(directory),
    "replay": lambda directory, _chosen: replay.figures(directory),
    "django": lambda directory, _chosen: django_wall.figures(directory),
    "peers": lambda directory, _chosen: peer_cost.figures(directory),
    "alone": lambda directory, _chosen: throughput.figures(directory),
    "brownout": lambda directory, _chosen: brownout.figures(directory),
    "live": lambda directory, chosen: live_site.figures(
        directory, full=chosen.full, sites=chosen.site, rounds=chosen.rounds
    ),
    "daemon": lambda directory, _chosen: daemon.figures(directory),
    "refresh": lambda directory, _chosen: refresh.figures(directory),
    "jtl": lambda directory, _chosen: jtl.figures(directory),
}


def main(arguments: Sequence[str]) -> int:
    """Run what was named, or all; the exit code says whether everything could be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(_BENCHES)} [all]")
    parser.add_argument(
        "--full", action="store_true", help="a million targets, 2 GB of log, every live site"
    )
    sites = ", ".join(live_site.SITES)
    parser.add_argument(
        "--site", action="append", default=[], metavar="NAME", help=f"live: {sites}"
    )
    parser.add_argument("--rounds", type=int, metavar="N", help="live: how often each is tried")
    parser.add_argument("--keep", action="store_true", help="add this run to the kept history")
    chosen = parser.parse_args(arguments)
    for name in chosen.names:
        if name not in _BENCHES:
            parser.error(f"{name!r} is no benchmark; expected one of {', '.join(_BENCHES)}")
    for site in chosen.site:
        if site not in live_site.SITES:
            parser.error(f"{site!r} is no live site; expected one of {sites}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    keep_servers_off()
    run: dict[str, object] = {"at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", **record.machine()}
    run["load_before"] = record.load()
    found: list[Figure | Grid] = []
    failed = False
    for name in chosen.names or _BENCHES:
        print(f"bench: {name}", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="warmer-bench-") as directory:
            try:
                found += _BENCHES[name](Path(directory), chosen)
            except (BenchError, ServerError) as error:
                print(f"bench: {name}: {error}", file=sys.stderr)
                failed = True
    run["load_after"] = record.load()
    figures = [each for each in found if isinstance(each, Figure)]
    grids = [each for each in found if isinstance(each, Grid)]
    for each in grids:
        print(record.grid(each) + "\n")
    print(record.table(figures))
    print("\n" + ", ".join(f"{name} {value}" for name, value in run.items()))
    record.write(run, figures, grids, keep=chosen.keep)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
