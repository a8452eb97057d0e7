"""Scrapy's downloader for plans: one site, one limit, no slots.

Scrapy's own keeps a queue, a delay and a count for each host, and tells of each step by
signals. A plan has one site; its limit is `total_concurrency`, which the engine asks for
before it takes a request, and its pace is held by a middleware.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.core.downloader import Downloader
from scrapy.utils.defer import deferred_from_coro

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from twisted.internet.defer import Deferred


class PlanDownloader(Downloader):
    """Sends each request straight through the middlewares to the download handler."""

    def fetch(self, request: Request) -> Deferred[Response | Request]:  # type: ignore[override]  # as the engine calls it
        """A response, or the request that a middleware sends back."""
        # Counted before the coroutine starts: the engine asks at once whether there is room.
        self.active.add(request)
        return deferred_from_coro(self._fetch(request))

    async def _fetch(self, request: Request) -> Response | Request:
        try:
            return await self.middleware.download_async(
                self.handlers.download_request_async, request
            )
        finally:
            self.active.remove(request)
