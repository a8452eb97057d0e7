"""One spider from its first request to its last, on the running asyncio loop.

Scrapy logs what goes wrong inside of it and goes on; here it is raised, and what was taken
and never answered for is counted.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from warmer.crawl.crawler import new_crawler

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from warmer.crawl.governor import Governor
    from warmer.crawl.job import CrawlJob


async def run_spider(
    name: str,
    settings: Mapping[str, Any],
    job: CrawlJob,
    governor: Governor,
    *beside: Callable[[], Coroutine[Any, Any, None]],
) -> None:
    """Run the spider of this name to its end, with what goes on `beside` it until then.

    A stopped job ends when what is on the wire has come to its end, at the latest
    after the request timeout; so does one whose caller is cancelled. Raises the job's failure.
    """
    runner, crawler = new_crawler(settings, name)
    governor.crawler = crawler
    crawling = runner.crawl(crawler, job=job, governor=governor)
    tasks = [asyncio.ensure_future(each()) for each in (governor.stand_by, *beside)]
    try:
        await asyncio.shield(crawling)
    except asyncio.CancelledError:
        job.stop()
        await crawling
        raise
    finally:
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
    if job.failure is not None:
        raise job.failure
    lost = crawler.spider.under_way  # type: ignore[union-attr]  # the spiders that are fed have it
    if lost and not job.stopped.is_set():
        raise RuntimeError(f"{lost} requests were taken and never answered for")
