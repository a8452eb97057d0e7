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
from warmer.crawl.governor import OVERLOAD_STATUSES
from warmer.crawl.job import StoppedError
from warmer.crawl.retry import asked_pause_s

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from warmer.crawl.governor import Governor
    from warmer.crawl.job import CrawlJob
    from warmer.crawl.token_bucket import TokenBucket


class PaceMiddleware:
    """Holds requests to the rate, tells the governor of each, and stops the run that fails."""

    def __init__(self, job: CrawlJob, governor: Governor) -> None:
        self._job = job
        self._governor = governor
        config = job.config
        self._bucket = job.bucket
        self._turn = asyncio.Lock()
        self._rule = AbortRule(config.abort_ratio, config.abort_window)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> PaceMiddleware:
        spider = crawler.spider
        return cls(spider.job, spider.governor)  # type: ignore[union-attr]  # spiders of plans have both

    async def process_request(self, request: Request) -> None:
        """Waits for the request's turn; raises StoppedError when the job ends before it."""
        if self._bucket is not None:
            await self._take_turn(self._bucket)
        if self._job.stopped.is_set():
            raise StoppedError
        self._governor.sent(request)

    async def _take_turn(self, bucket: TokenBucket) -> None:
        """One waits for the next token, the others behind it in the order they came."""
        async with self._turn:
            while (wait_s := bucket.take(time.monotonic())) > 0:
                if await self._job.stops_within(wait_s):
                    raise StoppedError

    def process_response(self, request: Request, response: Response) -> Response:
        self._governor.ended()
        if response.status in OVERLOAD_STATUSES:
            asked_s = asked_pause_s(request)
            self._fail(request, f"status-{response.status}", asked_s)
        else:
            self._rule.record(failed=False)
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        if isinstance(exception, FetchError):
            self._governor.ended()
            self._fail(request, f"{exception.reason}: {exception}", None)

    def _fail(self, request: Request, failure: str, asked_s: float | None) -> None:
        self._governor.failed(request, failure, asked_s)
        why = self._rule.record(failed=True)
        if why is not None:
            self._job.abort(f"{why}; the last: {failure}")
