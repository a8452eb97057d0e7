"""One replay on the running asyncio loop: `await replay(job)`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from warmer.crawl.governor import Governor, wake
from warmer.crawl.replay_settings import replay_settings
from warmer.crawl.spider_run import run_spider

if TYPE_CHECKING:
    from warmer.crawl.replay_job import ReplayJob


async def replay(job: ReplayJob) -> None:
    """Send what is due until nothing is left, then return; `job.aborted` tells if it was cut short.

    Ends as `run_spider` says. Raises what the job's schedule or observer raised.
    """
    governor = Governor(job)
    settings = replay_settings(job.origin, limit=governor.limit, ceiling=job.config.ceiling)
    await run_spider("replay", settings, job, governor, partial(_end_when_stopped, job, governor))


async def _end_when_stopped(job: ReplayJob, governor: Governor) -> None:
    """Between two requests nothing is in flight whose end would wake the engine."""
    await job.stopped.wait()
    wake(governor.crawler)
