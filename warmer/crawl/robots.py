"""Scrapy downloader middleware: pages that robots.txt forbids are not asked for.

robots.txt is fetched once for each scheme, host and port, as the site's pages are:
connect-to, retries and redirects apply. Rules that cannot be read forbid everything
(RFC 9309, 2.3.1.4); Scrapy's own middleware takes them as permission.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from protego import Protego
from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http.request import NO_CALLBACK

from warmer.crawl.fetch import FetchError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy.crawler import Crawler

    from warmer.crawl.fetch import Fetch

PRODUCT = "warmer"
"""The name under which a robots.txt speaks of us."""

KEEP_BYTES = 512_000
"""At least 500 kibibytes must be read (RFC 9309, 2.5)."""


class Rules:
    """What one robots.txt says to us; `unread` tells why it could not be read."""

    def __init__(self, text: str = "", *, unread: str | None = None) -> None:
        self._unread = unread
        self._rules = Protego.parse(text)

    def check(self, url: str) -> None:
        """Raises IgnoreRequest for a page that must not be asked for."""
        if self._unread is not None:
            raise IgnoreRequest(f"robots.txt cannot be read: {self._unread}")
        if not self._rules.can_fetch(url, PRODUCT):
            raise IgnoreRequest("robots.txt forbids it")


def rules_from(fetch: Fetch) -> Rules:
    """A missing file (any 4xx) allows everything, a failing server nothing."""
    if fetch.status < 300:
        return Rules(fetch.body.decode("utf-8", errors="replace"))
    if 400 <= fetch.status < 500:
        return Rules()
    return Rules(unread=f"status {fetch.status}")


class RobotsMiddleware:
    """Reads the rules of a site when its first page is due; the others wait for it."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._rules: dict[str, asyncio.Future[Rules]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RobotsMiddleware:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        if "target" not in request.meta:
            return
        parts = urlsplit(request.url)
        site = f"{parts.scheme}://{parts.netloc}"
        rules = self._rules.get(site)
        if rules is None:
            rules = asyncio.ensure_future(self._read(site, request.meta["header_lines"]))
            self._rules[site] = rules
        (await asyncio.shield(rules)).check(request.url)

    async def _read(self, site: str, lines: Sequence[str]) -> Rules:
        plain = [line for line in lines if not line.lower().startswith("accept-encoding:")]
        request = Request(
            f"{site}/robots.txt",
            callback=NO_CALLBACK,
            meta={"header_lines": plain, "keep_bytes": KEEP_BYTES, "verbatim_url": True},
        )
        try:
            response = await self._crawler.engine.download_async(request)
        except FetchError as error:
            return Rules(unread=f"{error.reason}: {error.detail}")
        # The last request of a chain of redirects carries what came.
        return rules_from(response.request.meta["fetch"])  # type: ignore[union-attr]  # it has one
