"""One crawl for a source: sitemaps, feeds, robots.txt and link discovery.

These spiders parse pages, so Scrapy's own middlewares (compression, retries,
redirects, robots.txt) stay in; connect-to, headers and credentials are those of
the plan's crawl, for both go through the same download handler. Of several servers the
first that can be reached is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

from warmer.crawl.crawler import new_crawler
from warmer.crawl.settings import COMMON

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from warmer.config import CrawlConfig
    from warmer.crawl.origin import Origin

GENTLE_CONCURRENCY = 4
"""Discovery renders pages before anybody knows what they cost."""

_MIDDLEWARES = {
    f"scrapy.downloadermiddlewares.{name}": place
    for name, place in {
        "offsite.OffsiteMiddleware": 50,
        "robotstxt.RobotsTxtMiddleware": 100,
        "defaultheaders.DefaultHeadersMiddleware": 400,
        "useragent.UserAgentMiddleware": 500,
        "retry.RetryMiddleware": 550,
        "httpcompression.HttpCompressionMiddleware": 590,
        "redirect.RedirectMiddleware": 600,
        "stats.DownloaderStats": 850,
    }.items()
}
"""Scrapy's, at Scrapy's places, without those that are off: to load cookies' alone takes 80 ms."""


class SourceSpider(Protocol):
    """What the spiders of sources have collected when their crawl is over.

    `errors` holds a line for each file that could not be read, `unreachable` those of
    them that nobody answered for; `failure` is what the taker of candidates raised.
    """

    errors: list[str]
    unreachable: list[str]
    notes: list[str]
    failure: Exception | None


async def crawl_source(
    name: str,
    origin: Origin,
    config: CrawlConfig,
    headers: Mapping[str, str],
    *,
    servers: Sequence[str] = (),
    **arguments: object,
) -> SourceSpider:
    """Run the spider of this name to its end and return it, with what it collected."""
    limit = config.concurrency if isinstance(config.concurrency, int) else GENTLE_CONCURRENCY
    runner, crawler = new_crawler(_settings(origin, config, headers, limit, servers), name)
    await runner.crawl(crawler, **arguments)
    assert crawler.spider is not None  # noqa: S101 -- a crawl that ended had one
    return cast("SourceSpider", crawler.spider)


def _settings(
    origin: Origin,
    config: CrawlConfig,
    headers: Mapping[str, str],
    limit: int,
    servers: Sequence[str],
) -> dict[str, Any]:
    handler = "warmer.crawl.source_handler.SourceDownloadHandler"
    plain = {name: value for name, value in headers.items() if name.lower() != "accept-encoding"}
    agent = plain.pop("User-Agent", "")
    return COMMON | {
        "WARMER_ORIGIN": origin,
        "WARMER_ADDRESSES": servers,
        "DOWNLOAD_HANDLERS": {"http": handler, "https": handler},
        "EXTENSIONS_BASE": {},
        "DOWNLOADER_MIDDLEWARES_BASE": _MIDDLEWARES,
        "DEFAULT_REQUEST_HEADERS": plain,
        "USER_AGENT": agent,
        "ROBOTSTXT_OBEY": config.robots,
        "ROBOTSTXT_USER_AGENT": "warmer",
        "RETRY_TIMES": config.retries,
        "RETRY_EXCEPTIONS": ["warmer.crawl.fetch.FetchError"],
        "REDIRECT_MAX_TIMES": config.max_redirects,
        "DOWNLOAD_MAXSIZE": origin.max_body_bytes,
        "DOWNLOAD_DELAY": 1 / config.rate if config.rate else 0,
        "DOWNLOAD_DELAY_JITTER": 0,
        "CONCURRENT_REQUESTS": limit,
        "CONCURRENT_REQUESTS_PER_DOMAIN": limit,
        "REFERER_ENABLED": False,
        "LOG_LEVEL": "ERROR",
    }
