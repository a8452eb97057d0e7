"""`warmer verify` of 10,000 pages that a real Django has put into Redis: by key, no fetch."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import redis

from bench.child import measure, version_of, warmer
from bench.figure import Figure, against_goal
from bench.pages import write_list
from tests.servers.django_site import ROOT
from tests.servers.stores import running_redis

if TYPE_CHECKING:
    from pathlib import Path

TARGETS = 10_000
GOAL_S = 2.0
BASE_URL = "http://www.example.com"


def figures(directory: Path) -> list[Figure]:
    """Time of the run (learn the keys, look up, judge, store), and of the whole command."""
    listed = write_list(directory / "urls.txt", BASE_URL, TARGETS)
    report = directory / "report.json"
    with running_redis(directory / "redis") as server:
        program = [sys.executable, "-m", "bench.django_pages", server.url, str(TARGETS)]
        subprocess.run(program, cwd=ROOT, check=True)
        options = ["--cache", server.url, "--store", str(directory / "runs.db")]
        command = warmer(
            "verify", str(listed), *options, "--threshold", "hit_ratio>=1", "--report", str(report)
        )
        cost = measure(command, directory=directory)
    run_s = json.loads(report.read_text(encoding="utf-8"))["run"]["duration_s"]
    django = version_of(sys.executable, "-c", "import django; print('Django', django.__version__)")
    what = f"verification by key of {TARGETS:,} targets"
    where = f"Redis, Django {django}, redis-py {redis.__version__}; keys are learnt"
    whole = f"the whole command: {cost.wall_s:.2f} s"
    return [against_goal(what, run_s, "s", GOAL_S, f"{where}; {whole}")]
