"""What one replay is to send, when, and as whom; and who hears what came of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from warmer.crawl.job import CrawlJob

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from warmer.crawl.cookies import CookieJar
    from warmer.crawl.fetch import Fetch
    from warmer.crawl.job import Page
    from warmer.model import Target


@dataclass(slots=True, eq=False)
class Due:
    """One request of a replay.

    `due_s` counts from the start of the replay; `target.rank` is its place in the order of
    sending. `lines` are its header lines without Cookie, which comes from the `jar`.
    """

    due_s: float
    target: Target
    method: str
    lines: Sequence[str]
    body: bytes
    jar: CookieJar


class ReplayObserver(Protocol):
    """Takes what a replay yields, one call for each request that was sent.

    `waited_ms` is how long after its time it was sent.
    """

    def fetched(self, due: Due, fetch: Fetch, waited_ms: float) -> Page | None:
        """A whole response came, whatever its status; returns what it is, None: not known."""
        ...

    def failed(
        self, due: Due, reason: str, detail: str, waited_ms: float, total_ms: float | None
    ) -> None:
        """No whole response came; `total_ms` as in FetchError."""
        ...


@dataclass(slots=True, kw_only=True)
class ReplayJob(CrawlJob):
    """Requests that have a time; `started` is the clock's 0 (monotonic)."""

    schedule: Iterator[Due]
    observer: ReplayObserver
    started: float = field(default_factory=time.monotonic)
