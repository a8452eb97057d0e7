"""Scrapy downloader middleware, nearest to the wire: rate cap, limit, abort rule.

Sees every exchange, retries and redirects included, and lets none out once the job
is stopped.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from warmer.crawl.abort_rule import AbortRule
from warmer.crawl.fetch import FetchError
from warmer.crawl.job import StoppedError
from warmer.crawl.limiter import FixedLimiter, Limiter, VegasLimiter

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from warmer.crawl.job import CrawlJob
    from warmer.crawl.token_bucket import TokenBucket

OVERLOAD_STATUSES = frozenset({408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
"""An origin that answers so is failing, whichever page was asked for."""


class PaceMiddleware:
    """Holds requests to the rate, and after each answer moves the limit or stops the run."""

    def __init__(self, crawler: Crawler, job: CrawlJob) -> None:
        self._crawler = crawler
        self._job = job
        config = job.config
        self._bucket = job.bucket
        self._turn = asyncio.Lock()
        self._last_failure = ""
        self._rule = AbortRule(config.abort_ratio, config.abort_window)
        self._limiter: Limiter
        if config.concurrency == "auto":
            self._limiter = VegasLimiter(start=job.start_limit, maximum=config.max_concurrency)
        else:
            self._limiter = FixedLimiter(config.concurrency)
        job.live.limit = self._limiter.limit

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> PaceMiddleware:
        return cls(crawler, crawler.spider.job)  # type: ignore[union-attr]  # spiders of plans have a job

    async def process_request(self, request: Request) -> None:
        """Waits for the request's turn; raises StoppedError when the job ends before it."""
        if self._bucket is not None:
            await self._take_turn(self._bucket)
        if self._job.stopped.is_set():
            raise StoppedError
        request.meta["sent_at"] = time.monotonic()
        self._job.live.in_flight += 1

    async def _take_turn(self, bucket: TokenBucket) -> None:
        """One waits for the next token, the others behind it in the order they came."""
        async with self._turn:
            while (wait_s := bucket.take(time.monotonic())) > 0:
                if await self._job.stops_within(wait_s):
                    raise StoppedError

    def process_response(self, request: Request, response: Response) -> Response:
        overloaded = response.status in OVERLOAD_STATUSES
        self._account(request, f"status-{response.status}" if overloaded else None)
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        if isinstance(exception, FetchError):
            self._account(request, f"{exception.reason}: {exception}")

    def _account(self, request: Request, failure: str | None) -> None:
        now = time.monotonic()
        failed = failure is not None
        self._last_failure = failure or self._last_failure
        self._job.live.in_flight -= 1
        before = self._limiter.limit
        latency_ms = (now - request.meta["sent_at"]) * 1000
        limit = self._limiter.sample(latency_ms, failed=failed, now=now)
        if limit != before:
            self._job.live.limit = limit
            self._crawler.engine.downloader.total_concurrency = limit
        why = self._rule.record(failed=failed)
        if why is not None:
            self._job.abort(f"{why}; the last: {self._last_failure}")
