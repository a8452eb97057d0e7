"""Fetches the targets of a plan, each once, and hands what came to the job's observer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider
from scrapy.exceptions import IgnoreRequest

from warmer.crawl.fetch import FetchError
from warmer.crawl.job import NoSessionError, ServerDownError, StoppedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from warmer.crawl.governor import Governor
    from warmer.crawl.job import CrawlJob


class WarmSpider(Spider):
    """Takes its requests from the plan, through the scheduler, not from `start()`.

    The downloader tells it how each ended, so there is nothing to call back.
    `under_way` counts the targets taken and not answered for. What the observer
    raises fails the job, for Scrapy would log it and go on.
    """

    name = "warm"

    def __init__(self, job: CrawlJob, governor: Governor) -> None:
        super().__init__()
        self.job = job
        self.governor = governor
        self.under_way = 0
        self.requests: Iterator[Request] = self._requests()

    async def start(self) -> AsyncIterator[Any]:
        """Nothing: the scheduler reads the plan."""
        nothing: tuple[Request, ...] = ()
        for request in nothing:
            yield request

    def _requests(self) -> Iterator[Request]:
        for target in self.job.targets:
            self.under_way += 1
            yield Request(
                target.url,
                meta={
                    "target": target,
                    # Planned as visitors send it; Scrapy would spell some of it anew.
                    "verbatim_url": True,
                    "header_lines": self.job.lines(target.variant, target.url),
                    "keep_bytes": self.job.keep_bytes,
                },
            )

    def answered(self, request: Request) -> None:
        """Every status is an outcome; what it means is judged elsewhere."""
        meta = request.meta
        self.under_way -= 1
        try:
            page = self.job.observer.fetched(
                meta["target"],
                meta["fetch"],
                attempts=meta.get("attempts", 1),
                final_url=request.url,
            )
            self.governor.answered(request, page)
        except Exception as error:  # noqa: BLE001 -- raised again by `crawl`
            self.job.fail(error)

    def failed(self, request: Request, error: Exception) -> None:
        """No response, or one that must not be followed."""
        self.under_way -= 1
        total_ms = None
        if isinstance(error, FetchError):
            reason, detail, total_ms = error.reason, error.detail, error.total_ms
        elif isinstance(error, IgnoreRequest):
            reason, detail = "robots", str(error)
        elif isinstance(error, ServerDownError):
            reason, detail = "connect", str(error)
        elif isinstance(error, NoSessionError):
            reason, detail = "login", str(error)
        else:
            if not isinstance(error, StoppedError):
                self.job.fail(error)
            return
        try:
            self.job.observer.failed(
                request.meta["target"],
                reason,
                detail,
                attempts=request.meta.get("attempts", 1),
                final_url=request.url,
                total_ms=total_ms,
            )
        except Exception as raised:  # noqa: BLE001 -- raised again by `crawl`
            self.job.fail(raised)
