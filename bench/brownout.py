"""An origin that slows down, breaks and recovers while warmer is at work.

Four servers of 20 ms pages: 200 pages a second at best. After some seconds pages take
three times as long, then all is 503 for ten seconds, then all is as before. The origin
itself tells what it answered, and when.
"""

from __future__ import annotations

import bisect
import http.client
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.child import measure, warmer
from bench.figure import Figure, Grid, against_goal
from bench.pages import write_list
from bench.peer_cost import running_origin
from tests.servers.process import HOST

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SLOTS = 4
PAGE_S = 0.02
SLOWER = 3
STEADY_S = 10.0
SLOW_S = 5.0
BROKEN_S = 10.0
URLS = 6_000
SHARE = 0.9
WINDOW_S = 2.0
GOAL_S = 10.0
GOAL_FAILED = 0.05
LIMIT_S = 180.0
_CONFIG = """
[verify]
probe = "never"
"""


@dataclass(frozen=True, slots=True)
class Story:
    """Answers of the origin, and when it was slow, broken, and well again (monotonic s)."""

    good: Sequence[float]
    failed: int
    slow_at: float
    broken_at: float
    well_at: float

    def rate(self, end: float) -> float:
        """Good answers a second in the `WINDOW_S` up to `end`."""
        first = bisect.bisect_left(self.good, end - WINDOW_S)
        return (bisect.bisect_right(self.good, end) - first) / WINDOW_S

    def recovery_s(self) -> float | None:
        """From the end of the outage until a whole window at `SHARE` of the former rate begins."""
        wanted = SHARE * self.rate(self.slow_at)
        ends = (end for end in self.good if end - WINDOW_S >= self.well_at)
        for end in ends:
            if self.rate(end) >= wanted:
                return end - WINDOW_S - self.well_at
        return None


def figures(directory: Path) -> list[Figure | Grid]:
    """One run with the defaults."""
    story = _story(directory)
    before = story.rate(story.slow_at)
    recovery_s = story.recovery_s()
    answers = len(story.good) + story.failed
    note = f"{before:.0f} pages a second before; {1 / PAGE_S * SLOTS:.0f} are possible"
    what = "origin that is slow for 5 s, then broken for 10 s"
    per_second = _by_second(story)
    return [
        Grid(
            title=f"{what}: good answers a second, from {STEADY_S:.0f} s before it became slow",
            header=tuple(str(second) for second in range(len(per_second))),
            rows=(tuple(map(str, per_second)),),
        ),
        against_goal(
            f"{what}: back at {SHARE:.0%} of the former rate after",
            float("inf") if recovery_s is None else recovery_s, "s", GOAL_S, note,
        ),
        Figure(
            what=f"{what}: failed answers", measured=story.failed, unit="answers",
            against="all answers", compared=answers, goal=GOAL_FAILED,
        ),
    ]  # fmt: skip


def _story(directory: Path) -> Story:
    at: list[float] = []
    with running_origin(directory / "origin", slots=SLOTS, seconds=PAGE_S) as port:
        listed = write_list(directory / "urls.txt", f"http://{HOST}:{port}", URLS)
        config = directory / "site.toml"
        config.write_text(_CONFIG)
        over = threading.Event()
        ailing = threading.Thread(target=_ail, args=(port, at, over))
        ailing.start()
        try:
            command = warmer("crawl", str(listed), "-c", str(config))
            command += ["--store", str(directory / "runs.db"), "--threshold", "hit_ratio>=0"]
            measure(command, directory=directory, limit_s=LIMIT_S)
        finally:
            over.set()
            ailing.join()
    lines = (directory / "origin" / "journal.txt").read_text().splitlines()
    answers = [(float(end), status) for end, status in (line.split() for line in lines)]
    good = [end for end, status in answers if status == "200"]
    return Story(good, len(answers) - len(good), *at)


def _ail(port: int, at: list[float], over: threading.Event) -> None:
    """Change the origin as the story goes; what is not reached before the end does not happen."""
    plan = [
        (STEADY_S, f"/-/seconds/{PAGE_S * SLOWER}"),
        (SLOW_S, "/-/broken/1"),
        (BROKEN_S, "/-/broken/0"),
    ]
    for wait_s, path in plan:
        over.wait(wait_s)
        if path.endswith("/0"):
            _tell(port, f"/-/seconds/{PAGE_S}")
        _tell(port, path)
        at.append(time.monotonic())


def _tell(port: int, path: str) -> None:
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    connection.request("GET", path)
    connection.getresponse().read()
    connection.close()


def _by_second(story: Story) -> list[int]:
    begin = story.slow_at - STEADY_S
    counts = [0] * (int(story.good[-1] - begin) + 1)
    for end in story.good:
        if end >= begin:
            counts[int(end - begin)] += 1
    return counts
