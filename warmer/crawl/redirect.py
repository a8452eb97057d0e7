"""Scrapy downloader middleware: follow redirects within the site, never out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from warmer.crawl.fetch import FetchError
from warmer.crawl.request_meta import TARGET

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from warmer.crawl.fetch import Fetch
    from warmer.crawl.plan_job import PlanJob

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_AS_THEY_ARE = "".join(map(chr, range(0x21, 0x7F)))


def onward_url(url: str, location: str) -> str:
    """The absolute URL that a Location field of `url` leads to; raises ValueError.

    As a browser asks for it: other octets than visible ASCII escaped as they came, no
    fragment, host in lower case, no default port. Credentials are left out: the site's
    own are the only ones we send.
    """
    escaped = quote(location.strip(" \t").encode("latin-1"), safe=_AS_THEY_ARE)
    parts = urlsplit(urljoin(url, escaped))
    if not parts.hostname:
        raise ValueError(f"no host in {escaped}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = "" if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
    return urlunsplit((parts.scheme, host + port, parts.path or "/", parts.query, ""))


class RedirectMiddleware:
    """Sends a redirected request on to its new URL; keeps the chain in meta."""

    def __init__(self, job: PlanJob) -> None:
        self._job = job

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RedirectMiddleware:
        return cls(crawler.spider.job)  # type: ignore[union-attr]  # spiders of plans have a job

    def process_response(self, request: Request, response: Response) -> Response | Request:
        """The next request, or the response if it leads nowhere; raises FetchError."""
        if response.status not in REDIRECT_STATUSES:
            return response
        fetch: Fetch = request.meta["fetch"]
        location = dict(fetch.headers).get("location")
        if not location:
            return response
        self._job.redirected(request.url, fetch)
        try:
            url = onward_url(request.url, location)
        except ValueError:
            detail = f"redirects to {location!a}, which is no URL"
            raise FetchError("protocol", detail, total_ms=fetch.total_ms) from None
        parts = urlsplit(url)
        if parts.scheme not in _DEFAULT_PORTS or not self._job.origin.owns(parts.hostname or ""):
            place = f"{parts.scheme}://{parts.netloc}"
            detail = f"redirects to another host: {place}"
            raise FetchError("redirect-offsite", detail, total_ms=fetch.total_ms)
        chain: tuple[str, ...] = (*request.meta.get("redirects", ()), request.url)
        onward = request.replace(url=url)
        if onward.url in chain:
            detail = f"redirects in a circle of {len(chain)} back to {onward.url}"
            raise FetchError("redirect-loop", detail, total_ms=fetch.total_ms)
        if len(chain) > self._job.config.max_redirects:
            detail = f"more than {self._job.config.max_redirects} redirects"
            raise FetchError("redirect-limit", detail, total_ms=fetch.total_ms)
        onward.meta["redirects"] = chain
        if TARGET in onward.meta:
            onward.meta["header_lines"] = self._job.lines(onward.meta[TARGET].variant, onward.url)
        return onward
