"""One crawl of a plan on the running asyncio loop: `await crawl(job)`."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from warmer.crawl.crawler import new_crawler
from warmer.crawl.governor import Governor
from warmer.crawl.settings import plan_settings

if TYPE_CHECKING:
    from warmer.crawl.job import CrawlJob
    from warmer.crawl.watch import Watch


async def crawl(job: CrawlJob) -> None:
    """Fetch every target of the job, then return; `job.aborted` says whether it was cut short.

    A stopped job ends when what is on the wire has come to its end, at the latest
    after the request timeout; so does one whose caller is cancelled. Raises what the
    job's targets or observer raised.
    """
    config = job.config
    most = config.max_concurrency if config.concurrency == "auto" else config.concurrency
    governor = Governor(job)
    settings = plan_settings(
        job.origin,
        limit=governor.limit,
        ceiling=most,
        robots=config.robots,
        logins=bool(job.roles),
        servers=1 if job.route is None else len(job.route.servers.addresses),
    )
    runner, crawler = new_crawler(settings, "warm")
    governor.crawler = crawler
    crawling = runner.crawl(crawler, job=job, governor=governor)
    beside = [asyncio.ensure_future(governor.stand_by())]
    if job.watch is not None:
        governor.watched_by(job.watch)
        beside.append(asyncio.ensure_future(_watch(job, job.watch, governor)))
    try:
        await asyncio.shield(crawling)
    except asyncio.CancelledError:
        job.stop()
        await crawling
        raise
    finally:
        for each in beside:
            each.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await each
    if job.failure is not None:
        raise job.failure
    lost = crawler.spider.under_way  # type: ignore[union-attr]  # the spider of plans has it
    if lost and not job.stopped.is_set():
        # Scrapy logs what goes wrong inside of it and goes on: counting is the only proof.
        raise RuntimeError(f"{lost} targets were taken and never answered for")


async def _watch(job: CrawlJob, watch: Watch, governor: Governor) -> None:
    """What goes wrong in it ends the crawl: unwatched, it must not go on as if it were."""
    try:
        await watch.run(governor)
    except Exception as error:  # noqa: BLE001 -- raised again by `crawl`
        job.fail(error)
