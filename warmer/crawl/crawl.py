"""One crawl of a plan on the running asyncio loop: `await crawl(job)`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from warmer.crawl.crawler import new_crawler
from warmer.crawl.settings import plan_settings

if TYPE_CHECKING:
    from warmer.crawl.job import CrawlJob


async def crawl(job: CrawlJob) -> None:
    """Fetch every target of the job, then return; `job.aborted` says whether it was cut short.

    A stopped job ends when what is on the wire has come to its end, at the latest
    after the request timeout; so does one whose caller is cancelled. Raises what the
    job's targets or observer raised.
    """
    config = job.config
    if config.concurrency == "auto":
        limit, ceiling = min(job.start_limit, config.max_concurrency), config.max_concurrency
    else:
        limit = ceiling = config.concurrency
    settings = plan_settings(
        job.origin,
        limit=limit,
        ceiling=ceiling,
        robots=config.robots,
        logins=bool(job.roles),
    )
    runner, crawler = new_crawler(settings, "warm")
    crawling = runner.crawl(crawler, job=job)
    try:
        await asyncio.shield(crawling)
    except asyncio.CancelledError:
        job.stop()
        await crawling
        raise
    if job.failure is not None:
        raise job.failure
    lost = crawler.spider.under_way  # type: ignore[union-attr]  # the spider of plans has it
    if lost and not job.stopped.is_set():
        # Scrapy logs what goes wrong inside of it and goes on: counting is the only proof.
        raise RuntimeError(f"{lost} targets were taken and never answered for")
