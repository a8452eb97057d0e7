"""`[[write]]` steps of a replay: forms of the site saved at a rate, and what that did to pages.

A write is an editor's save: the form is fetched with the login's session, filled in and
posted. From then on the answers that visitors get in the replay tell how long each of the
write's pages stayed cold. No request is sent to find out: it would warm the page.
"""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass
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
    """One page after one write, as the visitors of the replay saw it.

    `asked` counts answers up to the first that came from a cache again, `missed` those of
    them that no cache said to be its own. `cold_s` is from the first visitor who missed to
    the first who hit, 0 if none missed; None where nobody came, or no cache answered.
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
    took_ms: float = 0.0
    error: str | None = None
    pages: tuple[PageAfter, ...] = ()

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
                for page in self.pages
            ],
        }


@dataclass(slots=True, eq=False)
class _Followed:
    """A page from the beginning of its write on; times in unix seconds."""

    page: PageAfter
    began: float
    taken: float = math.inf
    missed: float | None = None


class Watch:
    """Follows the answers for the pages of writes. Pure: time comes with each call.

    A page may be gone and back again before the site has answered the write, so misses
    count from its beginning, and answers from a cache without one only after its end.
    """

    def __init__(self) -> None:
        self._followed: dict[str, list[_Followed]] = {}

    def began(self, written: Written, now: float) -> None:
        """A write is about to be sent."""
        for page in written.pages:
            self._followed.setdefault(page.path, []).append(_Followed(page, now))

    def ended(self, written: Written, now: float) -> None:
        """The site has answered; one that it did not take is followed no more."""
        for page in written.pages:
            for followed in list(self._followed.get(page.path, ())):
                if followed.page is page and written.error is None:
                    followed.taken = now
                elif followed.page is page:
                    self._forget(followed)

    def answered(self, url: str, outcome: Outcome) -> None:
        """A visitor of the replay got an answer."""
        if not self._followed or outcome.status is None:
            return
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        sent_at = outcome.at - (outcome.total_ms or 0.0) / 1000
        for followed in list(self._followed.get(path, ())):
            if sent_at >= followed.began:
                self._count(followed, sent_at, is_hit=outcome.state in _FROM_CACHE)

    def _count(self, followed: _Followed, sent_at: float, *, is_hit: bool) -> None:
        page = followed.page
        if is_hit and followed.missed is None and sent_at < followed.taken:
            return  # the old page, perhaps
        page.asked += 1
        if not is_hit:
            page.missed += 1
            followed.missed = sent_at if followed.missed is None else followed.missed
            return
        page.cold_s = 0.0 if followed.missed is None else max(0.0, sent_at - followed.missed)
        self._forget(followed)

    def _forget(self, followed: _Followed) -> None:
        place = self._followed[followed.page.path]
        place.remove(followed)
        if not place:
            del self._followed[followed.page.path]


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

    def warnings(self) -> list[str]:
        """One line for each step that the site did not take every time, with its last reason."""
        lines = []
        for name in dict.fromkeys(each.name for each in self.done):
            made = [each for each in self.done if each.name == name]
            errors = [each.error for each in made if each.error]
            if errors:
                count = f"{len(errors)} of {len(made)}"
                lines.append(f"write {name}: {count} failed, the last: {errors[-1]}")
        return lines

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

    async def _write(self, step: WriteConfig, number: int, began: float) -> Written:
        fields = {name: value.replace(NUMBER, str(number)) for name, value in step.fields.items()}
        started = time.monotonic()
        pages = tuple(PageAfter(path) for path in step.pages)
        written = Written(step.name, started - began, pages=pages)
        self._watch.began(written, time.time())
        try:
            fetch = await self._roles[step.login].submit(step.url, fields)
            if not 300 <= fetch.status < 400:
                written.error = f"status {fetch.status}: the form was not taken"
        except (FetchError, WarmerError) as failure:
            written.error = str(failure)
        written.took_ms = (time.monotonic() - started) * 1000
        self._watch.ended(written, time.time())
        return written
