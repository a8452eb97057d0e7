"""Scrapy's downloader for plans: one site, one limit, and an end to each request.

Scrapy's own keeps a queue, a delay and a count for each host, tells of each step by
signals, and passes every response on to a scraper that calls the spider back in four
tasks. A plan has one site; its limit is `total_concurrency`, which the engine asks for
before it takes a request; its pace is held by a middleware; and nothing is scraped. So
the outcome is told to the spider here. Half the CPU of a URL was spent on the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.core.downloader import Downloader
from scrapy.utils.defer import deferred_from_coro

from warmer.crawl.request_meta import ENDED, TARGET

if TYPE_CHECKING:
    from scrapy.core.scheduler import BaseScheduler
    from scrapy.http import Response
    from twisted.internet.defer import Deferred


class PlanDownloader(Downloader):
    """Sends each request straight through the middlewares to the download handler."""

    def fetch(self, request: Request) -> Deferred[Response | Request]:  # type: ignore[override]  # as the engine calls it
        """For the plan a request to schedule: what a middleware sends back, or this one, ended."""
        # Counted before the coroutine starts: the engine asks at once whether there is room.
        self.active.add(request)
        return deferred_from_coro(self._fetch(request))

    def needs_backout(self) -> bool:
        """Whether no more may be sent now; to Scrapy's own, 0 means no limit."""
        return len(self.active) >= self.total_concurrency

    async def _fetch(self, request: Request) -> Response | Request:
        spider = self.crawler.spider
        try:
            result = await self._through_middlewares(request)
        except Exception as error:
            if TARGET not in request.meta:
                raise
            spider.failed(request, error)  # type: ignore[union-attr]  # the spider of plans has it
        else:
            if TARGET not in request.meta:
                return result
            if isinstance(result, Request):
                # Before this one is off the list: the engine may be asked in between, finds
                # itself idle, and closes.
                self._scheduler().enqueue_request(result)
            else:
                spider.answered(request)  # type: ignore[union-attr]  # and this
        finally:
            self.active.remove(request)
        request.meta[ENDED] = True
        return request

    def _scheduler(self) -> BaseScheduler:
        return self.crawler.engine._slot.scheduler  # type: ignore[union-attr]  # noqa: SLF001 -- no other way

    async def _through_middlewares(self, request: Request) -> Response | Request:
        return await self.middleware.download_async(self.handlers.download_request_async, request)
