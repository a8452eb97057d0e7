"""What one crawl of a plan is to do, and how it is watched and stopped."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from warmer.config import CrawlConfig
    from warmer.crawl.fetch import Fetch
    from warmer.crawl.origin import Origin
    from warmer.crawl.placement import Placements
    from warmer.crawl.role import Role
    from warmer.crawl.servers import Route
    from warmer.crawl.token_bucket import TokenBucket
    from warmer.crawl.watch import Watch
    from warmer.model import LimitMove, Target


class Page(Enum):
    """What a response is to the limiter and to the visitor guard.

    HOT came from a cache. STORABLE was rendered just now, and nothing in it forbids a
    cache to keep it. OTHER is neither.
    """

    HOT = auto()
    STORABLE = auto()
    OTHER = auto()


class Observer(Protocol):
    """Takes what the crawl yields; one call for each target whose fetch came to its end.

    A target that a stop cut off before its next request was sent gets no call: it is
    as if it had never been taken, so that a resumed run takes it again.
    """

    def fetched(
        self, target: Target, fetch: Fetch, *, attempts: int, final_url: str
    ) -> Page | None:
        """A whole response came, whatever its status; returns what it is, None: not known."""
        ...

    def failed(
        self,
        target: Target,
        reason: str,
        detail: str,
        *,
        attempts: int,
        final_url: str,
        total_ms: float | None,
    ) -> None:
        """No whole response came; `total_ms` as in FetchError."""
        ...


@dataclass(slots=True)
class Live:
    """Numbers of a crawl under way, for a display."""

    limit: int = 0
    in_flight: int = 0


def unheard(_move: LimitMove) -> None:
    """Nobody listens."""


def _unwatched(_url: str, _fetch: Fetch) -> None:
    """Nobody wants to see each step."""


@dataclass(slots=True, kw_only=True)
class CrawlJob:
    """One pass over targets, in the order they are given.

    `headers` are the complete request header lines of each variant, `redirected_headers`
    those after a redirect between http and https, the same where there are none; with a
    `refresh_secret` each request asks caches to render the page again. A variant that has
    one of the `roles` is fetched with its session. With a `route` it says which of several
    servers each target goes to, else `origin` does. `bucket` caps the rate; passes of one
    run share it. `moved` hears of each change of the limit, timed from `began` (monotonic),
    the beginning of the run; `redirected` of each response that leads elsewhere, with the URL
    that was asked for. `stop` ends the crawl early: no further request is sent, what
    is on the wire comes to its end. With `expects_hot` the limit follows the pages that
    caches give, which are no measure of the origin otherwise. `watch` looks after visitors
    where the limit is found by itself. `placements` choose which connections are kept, for
    longer than a second then.
    """

    targets: Iterator[Target]
    headers: Mapping[str, Sequence[str]]
    origin: Origin
    config: CrawlConfig
    observer: Observer
    keep_bytes: int
    redirected_headers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    start_limit: int = 1
    expects_hot: bool = False
    refresh_secret: str | None = None
    route: Route | None = None
    roles: Mapping[str, Role] = field(default_factory=dict)
    bucket: TokenBucket | None = None
    watch: Watch | None = None
    placements: Placements | None = None
    moved: Callable[[LimitMove], None] = unheard
    began: float = field(default_factory=time.monotonic)
    redirected: Callable[[str, Fetch], None] = _unwatched
    live: Live = field(default_factory=Live)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    aborted: str | None = None
    failure: Exception | None = None

    def lines(self, variant: str, url: str) -> Sequence[str]:
        """The request header lines of a variant for a URL, which a redirect may have led to."""
        # "http:" or "https": asked for each URL, so nothing is parsed.
        if url[:5] != self.origin.base_url[:5]:
            return self.redirected_headers.get(variant, self.headers[variant])
        return self.headers[variant]

    def stop(self) -> None:
        """Send no more requests."""
        self.stopped.set()

    def abort(self, why: str) -> None:
        """Stop, and say why; the first reason stays."""
        self.aborted = self.aborted or why
        self.stopped.set()

    async def stops_within(self, seconds: float) -> bool:
        """Wait so long, or until the job is stopped; True if it is."""
        if self.stopped.is_set():
            return True
        try:
            await asyncio.wait_for(self.stopped.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def fail(self, error: Exception) -> None:
        """Stop for an error of our own, which `crawl` raises at its end; the first one stays."""
        self.failure = self.failure or error
        self.stopped.set()


class StoppedError(Exception):
    """The job was stopped before this request was sent."""


class ServerDownError(Exception):
    """The one server that will do for this target is down; nothing was sent."""


class NoSessionError(Exception):
    """The page is for who has logged in, and the login fails; nothing was sent."""
