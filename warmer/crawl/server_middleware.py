"""Scrapy downloader middleware: leave alone, for a while, the server that nobody answers at.

Before the pace is kept: what is not sent is no sample of how the site is. Only for targets
that no other server will do for; others go to the next one.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from warmer.crawl.job import ServerDownError
from warmer.crawl.request_meta import TARGET

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

    from warmer.crawl.servers import Route


class ServerMiddleware:
    """Fails targets of a server that is down at once, instead of waiting for each."""

    def __init__(self, route: Route) -> None:
        self._route = route

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ServerMiddleware:
        return cls(crawler.spider.job.route)  # type: ignore[union-attr]  # spiders of plans have a job

    def process_request(self, request: Request) -> None:
        """Raises ServerDownError."""
        if TARGET not in request.meta:
            return
        now = time.monotonic()
        first, *others = self._route.order(request.meta[TARGET], now)
        why = None if others else self._route.servers.down(first, now)
        if why is not None:
            raise ServerDownError(f"{first} is down: {why}")
