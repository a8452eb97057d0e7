"""One crawl of a plan on the running asyncio loop: `await crawl(job)`."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from scrapy.crawler import AsyncCrawlerRunner
from scrapy.settings import Settings

from warmer.crawl.settings import plan_settings

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from warmer.crawl.job import CrawlJob


async def crawl(job: CrawlJob) -> None:
    """Fetch every target of the job, then return; `job.aborted` says whether it was cut short.

    A stopped job ends when what is on the wire has come to its end, at the latest
    after the request timeout.
    """
    limit = job.start_limit if job.config.concurrency == "auto" else job.config.concurrency
    settings = plan_settings(job.origin, limit=limit, robots=job.config.robots)
    runner = AsyncCrawlerRunner(Settings(settings))
    crawler = runner.create_crawler("warm")
    crawling = runner.crawl(crawler, job=job)
    stopping = asyncio.ensure_future(_stop_when_asked(crawler, job))
    try:
        await crawling
    finally:
        stopping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await stopping


async def _stop_when_asked(crawler: Crawler, job: CrawlJob) -> None:
    await job.stopped.wait()
    await crawler.stop_async()
