"""Fetches the targets of a plan, each once, and hands what came to the job's observer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider
from scrapy.exceptions import IgnoreRequest

from warmer.crawl.fetch import FetchError
from warmer.crawl.refresh import refresh_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from scrapy.http import Response
    from twisted.python.failure import Failure

    from warmer.crawl.job import CrawlJob
    from warmer.model import Target


class WarmSpider(Spider):
    """Takes its requests from the plan, through the scheduler, not from `start()`."""

    name = "warm"

    def __init__(self, job: CrawlJob) -> None:
        super().__init__()
        self.job = job
        self.requests: Iterator[Request] = self._requests()

    async def start(self) -> AsyncIterator[Any]:
        """Nothing: the scheduler reads the plan."""
        nothing: tuple[Request, ...] = ()
        for request in nothing:
            yield request

    def _requests(self) -> Iterator[Request]:
        for target in self.job.targets:
            yield Request(
                target.url,
                callback=self.parse,
                errback=self.fail,
                meta={
                    "target": target,
                    "header_lines": self._header_lines(target),
                    "keep_bytes": self.job.keep_bytes,
                },
            )

    def _header_lines(self, target: Target) -> Sequence[str]:
        lines = self.job.headers[target.variant]
        if self.job.refresh_secret is None:
            return lines
        return [*lines, refresh_line(target.url, self.job.refresh_secret, time.time())]

    def parse(self, response: Response) -> None:
        """Every status is an outcome; what it means is judged elsewhere."""
        request = response.request
        assert request is not None  # noqa: S101 -- Scrapy sets it before it calls back
        meta = request.meta
        self.job.observer.fetched(
            meta["target"],
            meta["fetch"],
            attempts=meta.get("attempts", 1),
            final_url=request.url,
        )

    def fail(self, failure: Failure) -> None:
        """No response, or one that must not be followed."""
        request: Request = failure.request  # type: ignore[attr-defined]  # Scrapy adds it
        error = failure.value
        if isinstance(error, FetchError):
            reason, detail = error.reason, error.detail
        elif isinstance(error, IgnoreRequest):
            reason, detail = "robots", "robots.txt forbids it"
        else:
            failure.raiseException()
        self.job.observer.failed(
            request.meta["target"],
            reason,
            detail,
            attempts=request.meta.get("attempts", 1),
            final_url=request.url,
        )
