"""Lets the limiter's decisions take effect on a crawl under way, and tells of them.

Decides nothing itself: what ended goes to the limiter, and where the limit moves, Scrapy's
downloader and the job hear of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from warmer.crawl.job import Page
from warmer.crawl.limiter import AutoLimiter, FixedLimiter, Limiter, Sample
from warmer.crawl.request_meta import SERVER
from warmer.crawl.watch import Candidate
from warmer.model import LimitMove

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

    from warmer.crawl.fetch import Fetch
    from warmer.crawl.job import CrawlJob
    from warmer.crawl.watch import Watch


OVERLOAD_STATUSES = frozenset({408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
"""An origin that answers so is failing, whichever page was asked for."""

WITHOUT_CANARY = 20
"""After so many pages of which too few can be hot, nobody is going to watch over visitors."""
QUIET_S = 2.0
"""So long what is on the wire is waited for before the canary's first looks."""


class Governor:
    """One for each crawl; `crawler` is set before the first request is sent."""

    crawler: Crawler

    def __init__(self, job: CrawlJob) -> None:
        self._job = job
        self._limiter = new_limiter(job, time.monotonic())
        self._timer: asyncio.TimerHandle | None = None
        self._quiet: asyncio.Event | None = None
        self._watch: Watch | None = None
        self._without_canary = 0
        self._tell()

    def watched_by(self, watch: Watch) -> None:
        """Climb no faster from now on than somebody looks what it does to visitors."""
        self._watch = watch
        self._limiter.vouch(0)

    @property
    def limit(self) -> int:
        return self._limiter.limit

    def sent(self, request: Request) -> None:
        request.meta["sent_at"] = time.monotonic()
        self._job.live.in_flight += 1

    def ended(self) -> None:
        """An exchange is over, however it ended."""
        self._job.live.in_flight -= 1
        if self._quiet is not None and self._job.live.in_flight == 0:
            self._quiet.set()

    def answered(self, request: Request, page: Page | None) -> None:
        """A response came that is an outcome."""
        fetch: Fetch = request.meta["fetch"]
        if fetch.status in OVERLOAD_STATUSES:
            return  # it was told of as a failure
        cold = fetch.status == 200 and (page is not Page.HOT or self._job.expects_hot)
        if self._watch is not None and self._watch.wants_candidates:
            self._offer(self._watch, request, page)
        self._sample(request, cold=cold)
        placements = self._job.placements
        if cold and placements is not None and fetch.connection:
            now = time.monotonic()
            placement = placements.of(request.meta.get(SERVER), now)
            placement.page(fetch.connection, fetch.total_ms, self._job.live.limit, now)

    def failed(self, request: Request, failure: str, retry_after_s: float | None) -> None:
        """The origin failed, which is no outcome yet if the request is tried again."""
        self._sample(request, failure=failure, retry_after_s=retry_after_s)

    async def stand_by(self) -> None:
        """Wake the crawl when the job is stopped during a pause; ends with it."""
        try:
            await self._job.stopped.wait()
            if self.limit == 0 or self._quiet is not None:
                wake(self.crawler)
        finally:
            if self._timer is not None:
                self._timer.cancel()

    @property
    def pressed(self) -> bool:
        """See `Limiter.pressed`."""
        return self._limiter.pressed

    @property
    def alone_ms(self) -> float:
        """See `Limiter.alone_ms`."""
        return self._limiter.alone_ms

    async def quiet(self) -> None:
        """Send nothing, and return when nothing is on the wire, or after `QUIET_S`."""
        self._quiet = asyncio.Event()
        self._let()
        if self._job.live.in_flight:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._quiet.wait(), QUIET_S)

    def go_on(self) -> None:
        """Send again."""
        self._quiet = None
        self._let()
        wake(self.crawler)

    def press(self, why: str) -> None:
        """See `Limiter.press`."""
        self._limiter.press(why, time.monotonic())
        self._apply()

    def vouch(self, level: int | None) -> None:
        """See `Limiter.vouch`."""
        self._limiter.vouch(level)

    def relent(self, why: str) -> None:
        """See `Limiter.relent`."""
        self._limiter.relent(why, time.monotonic())
        self._apply()

    def release(self, why: str) -> None:
        """See `Limiter.release`."""
        self._limiter.release(why, time.monotonic())
        self._apply()

    def give_up(self, why: str) -> None:
        """End the crawl for the visitors' sake."""
        self._job.abort(why)

    def _sample(
        self,
        request: Request,
        *,
        cold: bool = False,
        failure: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        now = time.monotonic()
        sent_at = request.meta["sent_at"]
        in_flight = self._job.live.in_flight + 1  # this one was on the wire, too
        if retry_after_s is not None and retry_after_s > self._job.config.max_retry_after_s:
            retry_after_s = None
        sample = Sample((now - sent_at) * 1000, in_flight, sent_at, cold, failure, retry_after_s)
        if self._limiter.sample(sample, now) != self._job.live.limit:
            self._apply()

    def _apply(self) -> None:
        limiter, live = self._limiter, self._job.live
        if limiter.limit != live.limit:
            wider = limiter.limit > live.limit
            self._tell()
            self._let()
            if wider:
                wake(self.crawler)
                if self._watch is not None:
                    self._watch.look_soon()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if limiter.wake_at is not None:
            delay_s = max(0.0, limiter.wake_at - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._limiter.wake(time.monotonic())
        self._apply()

    def _let(self) -> None:
        """Let so many be in flight as there may be now."""
        limit = self._limiter.limit if self._quiet is None else 0
        self.crawler.engine.downloader.total_concurrency = limit

    def _offer(self, watch: Watch, request: Request, page: Page | None) -> None:
        if page is Page.HOT or page is Page.STORABLE:
            fetch: Fetch = request.meta["fetch"]
            cold_ms = fetch.first_byte_ms if page is Page.STORABLE else None
            lines = request.meta["header_lines"]
            watch.offer(Candidate(request.url, lines, cold_ms, request.meta.get(SERVER)))
        self._without_canary += 1
        if self._without_canary == WITHOUT_CANARY and watch.wants_candidates:
            self._limiter.vouch(None)
            watch.go_without(WITHOUT_CANARY)

    def _tell(self) -> None:
        self._job.live.limit = limit = self._limiter.limit
        at_s = time.monotonic() - self._job.began
        self._job.moved(LimitMove(at_s, limit, self._limiter.why))


def wake(crawler: Crawler) -> None:
    """Have the engine ask for requests now; by itself it does when one ends, and every 5 s."""
    slot = getattr(crawler.engine, "_slot", None)  # there is no other way, and none before it runs
    if slot is not None:
        slot.nextcall.schedule()


def new_limiter(job: CrawlJob, now: float) -> Limiter:
    """As the job's configuration says."""
    config = job.config
    if config.concurrency == "auto":
        return AutoLimiter(
            start=job.start_limit,
            maximum=config.max_concurrency,
            ramp_up_s=config.ramp_up_s,
            now=now,
        )
    return FixedLimiter(config.concurrency, ramp_up_s=config.ramp_up_s, now=now)
