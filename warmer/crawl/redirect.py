"""Scrapy downloader middleware: follow redirects within the site, never out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urljoin, urlsplit

from warmer.crawl.fetch import FetchError

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from warmer.crawl.fetch import Fetch
    from warmer.crawl.job import CrawlJob

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})


class RedirectMiddleware:
    """Sends a redirected request on to its new URL; keeps the chain in meta."""

    def __init__(self, job: CrawlJob) -> None:
        self._job = job

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RedirectMiddleware:
        return cls(crawler.spider.job)  # type: ignore[union-attr]  # spiders of plans have a job

    def process_response(self, request: Request, response: Response) -> Response | Request:
        if response.status not in REDIRECT_STATUSES or "fetch" not in request.meta:
            return response
        fetch: Fetch = request.meta["fetch"]
        location = dict(fetch.headers).get("location")
        if not location:
            return response
        url = urldefrag(urljoin(request.url, location)).url
        chain: tuple[str, ...] = (*request.meta.get("redirects", ()), request.url)
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not self._job.origin.owns(parts.hostname or ""):
            reason = "redirect-offsite"
            raise FetchError(
                reason, f"redirects to another host: {parts.scheme}://{parts.hostname}"
            )
        if url in chain:
            reason = "redirect-loop"
            raise FetchError(reason, f"redirects in a circle of {len(chain)} back to {url}")
        if len(chain) > self._job.config.max_redirects:
            reason = "redirect-limit"
            raise FetchError(reason, f"more than {self._job.config.max_redirects} redirects")
        onward = request.replace(url=url)
        onward.meta["redirects"] = chain
        return onward
