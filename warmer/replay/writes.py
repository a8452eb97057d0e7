"""`[[write]]` steps of a replay: forms of the site saved at a rate, and what that did to pages.

A write is an editor's save: the form is fetched with the login's session, filled in and
posted. From then on the answers that visitors get in the replay tell how long each of the
write's pages stayed cold. No request is sent to find out: it would warm the page.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from warmer.crawl.fetch import FetchError
from warmer.errors import WarmerError
from warmer.model import CacheState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from warmer.config import WriteConfig
    from warmer.crawl.role import Role
    from warmer.model import Outcome

NUMBER = "{n}"
"""In a field's value: the number of the write, from 1, so that each save changes something."""
_FROM_CACHE = frozenset({CacheState.HIT, CacheState.STALE})


@dataclass(slots=True)
class PageAfter:
    """One page after one write; times in seconds since the site took the write.

    `cold_s` is when a cache answered for it again, 0 if the first answer after the write
    came from a cache; None where no visitor came, or no cache answered until the end.
    """

    path: str
    asked: int = 0
    missed: int = 0
    cold_s: float | None = None


@dataclass(slots=True)
class Written:
    """One write; `at_s` since the start of the replay, `error` is None where the site took it."""

    name: str
    at_s: float
    took_ms: float
    error: str | None
    taken_at: float = 0.0
    pages: dict[str, PageAfter] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        return {
            "write": self.name,
            "at_s": round(self.at_s, 3),
            "took_ms": round(self.took_ms, 3),
            "error": self.error,
            "pages": [
                {
                    "path": page.path,
                    "asked": page.asked,
                    "missed": page.missed,
                    "cold_s": None if page.cold_s is None else round(page.cold_s, 3),
                }
                for page in self.pages.values()
            ],
        }


class Watch:
    """Follows the answers for the pages of writes. Pure: time comes with each answer."""

    def __init__(self) -> None:
        self._open: dict[str, list[PageAfter]] = {}
        self._since: dict[int, float] = {}

    def wrote(self, written: Written) -> None:
        """From now on, what is asked after `taken_at` (unix seconds) counts for this write."""
        for path, page in written.pages.items():
            self._since[id(page)] = written.taken_at
            self._open.setdefault(path, []).append(page)

    def answered(self, url: str, outcome: Outcome) -> None:
        """A visitor of the replay got an answer."""
        if not self._open:
            return
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        pages = self._open.get(path)
        if not pages or outcome.status is None or outcome.state is CacheState.UNKNOWN:
            return
        sent_at = outcome.at - (outcome.total_ms or 0.0) / 1000
        for page in list(pages):
            since = self._since[id(page)]
            if sent_at < since:
                continue
            page.asked += 1
            if outcome.state in _FROM_CACHE:
                page.cold_s = sent_at - since if page.missed else 0.0
                pages.remove(page)
                del self._since[id(page)]
            else:
                page.missed += 1
        if not pages:
            del self._open[path]


class Writes:
    """Carries out the steps until it is cancelled; `done` has what was written, in order."""

    def __init__(
        self,
        steps: tuple[WriteConfig, ...],
        roles: Mapping[str, Role],
        watch: Watch,
        say: Callable[[str], None],
    ) -> None:
        self.done: list[Written] = []
        self._steps = steps
        self._roles = roles
        self._watch = watch
        self._say = say

    async def open(self) -> None:
        """Log in, before anything is sent; raises WarmerError where a login fails."""
        for step in self._steps:
            await self._roles[step.login].session()

    async def run(self) -> None:
        """One task a step; a write that fails is told once, and the next is made all the same."""
        began = time.monotonic()
        await asyncio.gather(*(self._repeat(step, began) for step in self._steps))

    def results(self) -> list[dict[str, object]]:
        return [each.as_dict() for each in self.done]

    async def _repeat(self, step: WriteConfig, began: float) -> None:
        number = 0
        while True:
            number += 1
            due = began + number / step.rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            written = await self._write(step, number, began)
            if written.error and not any(each.error for each in self.done):
                self._say(f"write {step.name}: {written.error}")
            self.done.append(written)
            if written.error is None:
                self._watch.wrote(written)

    async def _write(self, step: WriteConfig, number: int, began: float) -> Written:
        fields = {name: value.replace(NUMBER, str(number)) for name, value in step.fields.items()}
        started = time.monotonic()
        error = None
        try:
            fetch = await self._roles[step.login].submit(step.url, fields)
            if not 300 <= fetch.status < 400:
                error = f"status {fetch.status}: the form was not taken"
        except (FetchError, WarmerError) as failure:
            error = str(failure)
        now = time.monotonic()
        return Written(
            step.name,
            started - began,
            (now - started) * 1000,
            error,
            time.time(),
            {path: PageAfter(path) for path in step.pages} if error is None else {},
        )
