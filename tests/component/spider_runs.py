"""Runs one of the site-reading spiders to its end, by name, reactorless."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.crawler import AsyncCrawlerRunner
from scrapy.settings import Settings

from warmer.config import CrawlConfig
from warmer.crawl.origin import Origin
from warmer.crawl.source_crawl import crawl_source
from warmer.sources.skipped import Skipped

if TYPE_CHECKING:
    from warmer.model import Candidate

SETTINGS: dict[str, Any] = {
    "SPIDER_MODULES": ["warmer.spiders"],
    "TWISTED_REACTOR_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    "RETRY_ENABLED": False,
    "CONCURRENT_ITEMS": 1,
}


class SpiderRun:
    """What came of one crawl: candidates in order, counts, and the closed spider."""

    def __init__(self) -> None:
        self.candidates: list[Candidate] = []
        self.skipped = Skipped()
        self.spider: Any = None

    @property
    def weights(self) -> dict[str, float]:
        """Path to weight; the host is the test server's."""
        return {"/" + c.url.split("/", 3)[3]: c.weight for c in self.candidates}

    @property
    def errors(self) -> list[str]:
        errors: list[str] = self.spider.errors
        return errors


async def run_spider(
    name: str, *start: str, settings: dict[str, Any] | None = None, **arguments: Any
) -> SpiderRun:
    run = SpiderRun()
    runner = AsyncCrawlerRunner(Settings(SETTINGS | (settings or {})))
    crawler = runner.create_crawler(name)
    arguments = {"sink": run.candidates.append, "skipped": run.skipped} | arguments
    await runner.crawl(crawler, start_urls=start, **arguments)
    run.spider = crawler.spider
    return run


async def run_by_libcurl(name: str, *start: str, **arguments: Any) -> SpiderRun:
    """As `run_spider`, through the product's own download handler and settings."""
    run = SpiderRun()
    origin = Origin(base_url=start[0], hosts=frozenset({"127.0.0.1"}))
    config = CrawlConfig(retries=0)
    arguments |= {"start_urls": start, "sink": run.candidates.append, "skipped": run.skipped}
    run.spider = await crawl_source(name, origin, config, {}, **arguments)
    return run
