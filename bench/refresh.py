"""A real Django site whose article is saved in the admin again and again while people read it.

A visitor asks for the page 50 times a second, and must never wait for a render: the site
itself says for whom it rendered. Beside him a watcher asks every two milliseconds, and
tells how soon the new text is what the cache hands out.
"""

from __future__ import annotations

import statistics
import threading
import time
from typing import TYPE_CHECKING, Self

from bench.child import BenchError
from bench.figure import Figure, against_goal
from tests.servers.stores import running_redis
from tests.sites.newsroom.kept_warm import VARIABLES, KeptWarm, kept_warm

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sites.newsroom.editor import Editor

SAVES = 100
VISITS_PER_S = 50
RENDER_S = 0.02
_PAGE = "/a/a-1/"
_WATCH_S = 0.002
_LIMIT_S = 10.0
_VISITOR = {"User-Agent": "bench: a visitor"}
_WATCHER = {"User-Agent": "bench: a watcher"}


def figures(directory: Path) -> list[Figure]:
    """Renders that people waited for; milliseconds from the click to the hot page, less a render."""
    with (
        running_redis(directory / "redis") as redis,
        kept_warm(directory / "site", redis, count=20, render_s=RENDER_S) as newsroom,
        newsroom.place.daemon(variables=VARIABLES),
    ):
        newsroom.visit(_PAGE, _WATCHER)
        before = len(newsroom.room.renderers())
        with _Visitor(newsroom) as visitor:
            editor = newsroom.editor()
            waits_ms = sorted(_wait_ms(newsroom, editor, number) for number in range(SAVES))
        agents = newsroom.room.renderers()[before:]
    cold = sum(agents.count(each["User-Agent"]) for each in (_VISITOR, _WATCHER))
    what = f"{SAVES} saves in the admin, {VISITS_PER_S} visits a second"
    hot = f"{what}: click to hot page, less its {RENDER_S * 1000:.0f} ms"
    return [
        Figure(
            what=f"{what}: renders that visitors waited for", measured=cold, unit="renders",
            against="visits", compared=visitor.visits, goal=0.0,
            note=f"of {len(agents)} renders; with those of a watcher who asks every 2 ms",
        ),
        against_goal(f"{hot}: median", statistics.median(waits_ms), "ms", 100),
        against_goal(f"{hot}: p99", waits_ms[int(len(waits_ms) * 0.99)], "ms", 500),
    ]  # fmt: skip


def _wait_ms(newsroom: KeptWarm, editor: Editor, number: int) -> float:
    """From before the click, so with what the admin itself takes, until the new text is read."""
    text = f"text {number}"
    began = time.monotonic()
    editor.save(1, slug="a-1", title=text)
    while newsroom.visit(_PAGE, _WATCHER).body != text.encode():
        if time.monotonic() - began > _LIMIT_S:
            raise BenchError(f"save {number} never reached the page")
        time.sleep(_WATCH_S)
    return (time.monotonic() - began - RENDER_S) * 1000


class _Visitor:
    """Asks at a steady rate for as long as it is open."""

    def __init__(self, newsroom: KeptWarm) -> None:
        self.visits = 0
        self._newsroom = newsroom
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        due = time.monotonic()
        while not self._is_over.wait(max(0.0, due - time.monotonic())):
            self._newsroom.visit(_PAGE, _VISITOR)
            self.visits += 1
            due += 1 / VISITS_PER_S

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
