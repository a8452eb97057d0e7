"""Scrapy itself, loaded with the first crawl: a daemon with nothing to do costs half without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy.crawler import AsyncCrawlerRunner, Crawler


def new_crawler(settings: Mapping[str, Any], spider: str) -> tuple[AsyncCrawlerRunner, Crawler]:
    """A crawler for the spider of this name, and what runs it; good for one crawl."""
    from scrapy.crawler import AsyncCrawlerRunner  # noqa: PLC0415 -- 40 MB, and most of a second
    from scrapy.settings import Settings  # noqa: PLC0415 -- likewise

    runner = AsyncCrawlerRunner(Settings(dict(settings)))
    return runner, runner.create_crawler(spider)
