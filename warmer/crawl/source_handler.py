"""The download handler of sources: any of a site's servers will do, the first that can be reached.

Other hosts than the site's have one way alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from warmer.crawl.curl_handler import CurlDownloadHandler
from warmer.crawl.first_reachable import FirstReachable

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

    from warmer.crawl.fetch import Fetch
    from warmer.crawl.origin import Origin


class SourceDownloadHandler(CurlDownloadHandler):
    """Sends to another server what could not be sent to the one before."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._site = FirstReachable(self._origin, crawler.settings["WARMER_ADDRESSES"])

    async def _fetch(self, request: Request, by: Origin | None = None) -> Fetch:
        if by is not None or not self._origin.owns(urlsplit(request.url).hostname or ""):
            return await super()._fetch(request, by)
        return await self._site.ask(lambda way: self._fetch(request, way))
