"""How one crawl is to go, whatever it sends, and how it is watched and stopped.

What is sent, and who hears what came of it, say the jobs of plans and of replays
(`plan_job`, `replay_job`).
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from warmer.config import CrawlConfig
    from warmer.crawl.origin import Origin
    from warmer.crawl.placement import Placements
    from warmer.crawl.servers import Route
    from warmer.crawl.token_bucket import TokenBucket
    from warmer.model import LimitMove


class Page(Enum):
    """What a response is to the limiter and to the visitor guard.

    HOT came from a cache. STORABLE was rendered just now, and nothing in it forbids a
    cache to keep it. OTHER is neither.
    """

    HOT = auto()
    STORABLE = auto()
    OTHER = auto()


@dataclass(slots=True)
class Live:
    """Numbers of a crawl under way, for a display."""

    limit: int = 0
    in_flight: int = 0


def unheard(_move: LimitMove) -> None:
    """Nobody listens."""


@dataclass(slots=True, kw_only=True)
class CrawlJob:
    """What handler, pace, limiter and retries ask of any job.

    With a `route` it says which of several servers each target goes to, else `origin` does;
    with a `refresh_secret` each request asks caches to render the page again. `bucket` caps
    the rate; passes of one run share it. `moved` hears of each change of the limit, timed
    from `began` (monotonic), the beginning of the run. With `expects_hot` the limit follows
    the pages that caches give, which are no measure of the origin otherwise. `placements`
    choose which connections are kept, for longer than a second then. `stop` ends the crawl
    early: no further request is sent, what is on the wire comes to its end.
    """

    origin: Origin
    config: CrawlConfig
    keep_bytes: int
    start_limit: int = 1
    expects_hot: bool = False
    refresh_secret: str | None = None
    route: Route | None = None
    bucket: TokenBucket | None = None
    placements: Placements | None = None
    moved: Callable[[LimitMove], None] = unheard
    began: float = field(default_factory=time.monotonic)
    live: Live = field(default_factory=Live)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    aborted: str | None = None
    failure: Exception | None = None

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
        """Stop for an error of our own, which is raised when the crawl has ended; the first one stays."""
        self.failure = self.failure or error
        self.stopped.set()


class StoppedError(Exception):
    """The job was stopped before this request was sent."""


class ServerDownError(Exception):
    """The one server that will do for this target is down; nothing was sent."""


class NoSessionError(Exception):
    """The page is for who has logged in, and the login fails; nothing was sent."""
