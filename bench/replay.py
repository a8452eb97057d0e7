"""Whether `warmer replay` sends 1,000 requests a second when they are due, on one core.

Told twice: by what the store says of each request, and by the log of the nginx that got
them, which knows milliseconds and nothing of warmer.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from bench.child import BenchError, measure, warmer
from bench.figure import Figure, against_goal
from tests.servers.process import HOST
from tests.servers.proxies import running_nginx

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

RATE = 1_000
REQUESTS = 20_000
GOAL_MS = 5.0
GOAL_CORE = 1.0
_SITE = """
    keepalive_requests 1000000;
    log_format arrival '$msec $request_uri';
    server {{
        listen {host}:@PORT@;
        access_log {log} arrival buffer=1m;
        location / {{
            default_type text/html;
            add_header X-Cache-Status HIT;
            add_header Set-Cookie "visitor=1; Path=/";
            return 200 "{body}";
        }}
    }}
"""


def figures(directory: Path) -> list[Figure]:
    """The 99th percentile of how late requests are sent and arrive, and the CPU that takes."""
    log = directory / "arrivals.log"
    site = _SITE.format(host=HOST, log=log, body="x" * 2_000)
    listed = directory / "urls.txt"
    listed.write_text("".join(f"/products/{number}/\n" for number in range(REQUESTS)))
    with running_nginx(directory / "nginx", site) as nginx:
        command = warmer(
            *("replay", str(listed), "--rate", f"{RATE}/s", "--users", "500", "--quiet"),
            *("--base-url", nginx.url, "--concurrency", "256"),
        )
        cost = measure(command, directory=directory)
    sent = _percentile(_waited_ms(directory / "warmer.db"))
    arrived = _percentile(_late_ms(log))
    what = f"replay at {RATE:,} requests/s"
    core = cost.cpu_s / (REQUESTS / RATE)
    return [
        against_goal(f"{what}: sent late, p99", sent, "ms", GOAL_MS, "as the store has it"),
        against_goal(f"{what}: arrived late, p99", arrived, "ms", GOAL_MS, "as nginx has it"),
        against_goal(f"{what}: CPU of a core", core, "", GOAL_CORE, f"{cost.peak_rss_mb:.0f} MB"),
    ]


def _waited_ms(store: Path) -> list[float]:
    with closing(sqlite3.connect(store)) as db:
        found = [float(each) for (each,) in db.execute("SELECT waited_ms FROM outcomes")]
    if len(found) != REQUESTS:
        raise BenchError(f"{len(found)} requests are in the store; expected {REQUESTS}")
    return found


def _late_ms(log: Path) -> list[float]:
    """How much later than the earliest each came, its place in the timetable taken off."""
    offsets = []
    for line in log.read_text().splitlines():
        moment, path = line.split()
        offsets.append(float(moment) - int(path.split("/")[2]) / RATE)
    if len(offsets) != REQUESTS:
        raise BenchError(f"{len(offsets)} requests are in nginx's log; expected {REQUESTS}")
    first = min(offsets)
    return [(each - first) * 1000 for each in offsets]


def _percentile(values: Sequence[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]
