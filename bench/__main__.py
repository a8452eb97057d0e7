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
    crawl_cost,
    daemon,
    django_wall,
    key_verification,
    log_ranking,
    memory,
    record,
    refresh,
    sitemap_plan,
)
from bench.child import BenchError, keep_servers_off
from tests.servers.process import ServerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.figure import Figure

_BENCHES: dict[str, Callable[[Path, bool], list[Figure]]] = {
    "crawl": lambda directory, _full: crawl_cost.figures(directory),
    "memory": lambda directory, full: memory.figures(directory, full=full),
    "sitemap": lambda directory, _full: sitemap_plan.figures(directory),
    "keys": lambda directory, _full: key_verification.figures(directory),
    "log": lambda directory, full: log_ranking.figures(directory, full=full),
    "django": lambda directory, _full: django_wall.figures(directory),
    "daemon": lambda directory, _full: daemon.figures(directory),
    "refresh": lambda directory, _full: refresh.figures(directory),
}


def main(arguments: Sequence[str]) -> int:
    """Run what was named, or all; the exit code says whether everything could be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(_BENCHES)} [all]")
    parser.add_argument("--full", action="store_true", help="a million targets, 2 GB of log")
    parser.add_argument("--keep", action="store_true", help="add this run to the kept history")
    chosen = parser.parse_args(arguments)
    for name in chosen.names:
        if name not in _BENCHES:
            parser.error(f"{name!r} is no benchmark; expected one of {', '.join(_BENCHES)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    keep_servers_off()
    run: dict[str, object] = {"at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", **record.machine()}
    run["load_before"] = record.load()
    figures: list[Figure] = []
    failed = False
    for name in chosen.names or _BENCHES:
        print(f"bench: {name}", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="warmer-bench-") as directory:
            try:
                figures += _BENCHES[name](Path(directory), chosen.full)
            except (BenchError, ServerError) as error:
                print(f"bench: {name}: {error}", file=sys.stderr)
                failed = True
    run["load_after"] = record.load()
    print(record.table(figures))
    print("\n" + ", ".join(f"{name} {value}" for name, value in run.items()))
    record.write(run, figures, keep=chosen.keep)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
