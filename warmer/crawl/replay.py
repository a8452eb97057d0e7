"""One replay on the running asyncio loop: `await replay(job)`."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from warmer.crawl.crawler import new_crawler
from warmer.crawl.governor import Governor, wake
from warmer.crawl.replay_settings import replay_settings

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from warmer.crawl.replay_job import ReplayJob


async def replay(job: ReplayJob) -> None:
    """Send what is due until nothing is left, then return; `job.aborted` tells if it was cut short.

    A stopped job ends when what is on the wire has come to its end, at the latest after the
    request timeout; so does one whose caller is cancelled. Raises what the job's schedule or
    observer raised.
    """
    config = job.config
    most = config.max_concurrency if config.concurrency == "auto" else config.concurrency
    governor = Governor(job)
    settings = replay_settings(job.origin, limit=governor.limit, ceiling=most)
    runner, crawler = new_crawler(settings, "replay")
    governor.crawler = crawler
    replaying = runner.crawl(crawler, job=job, governor=governor)
    standing_by = [
        asyncio.ensure_future(governor.stand_by()),
        asyncio.ensure_future(_end_when_stopped(job, crawler)),
    ]
    try:
        await asyncio.shield(replaying)
    except asyncio.CancelledError:
        job.stop()
        await replaying
        raise
    finally:
        for each in standing_by:
            each.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await each
    if job.failure is not None:
        raise job.failure
    lost = crawler.spider.under_way  # type: ignore[union-attr]  # the spider of replays has it
    if lost and not job.stopped.is_set():
        # Scrapy logs what goes wrong inside of it and goes on: counting is the only proof.
        raise RuntimeError(f"{lost} requests were taken and never answered for")


async def _end_when_stopped(job: ReplayJob, crawler: Crawler) -> None:
    """Between two requests nothing is in flight whose end would wake the engine."""
    await job.stopped.wait()
    wake(crawler)
