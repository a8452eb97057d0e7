"""One crawl of a plan on the running asyncio loop: `await crawl(job)`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from warmer.crawl.governor import Governor
from warmer.crawl.settings import plan_settings
from warmer.crawl.spider_run import run_spider

if TYPE_CHECKING:
    from warmer.crawl.plan_job import PlanJob
    from warmer.crawl.watch import Watch


async def crawl(job: PlanJob) -> None:
    """Fetch every target of the job, then return; `job.aborted` says whether it was cut short.

    Ends as `run_spider` says. Raises what the job's targets or observer raised.
    """
    governor = Governor(job)
    settings = plan_settings(
        job.origin,
        limit=governor.limit,
        ceiling=job.config.ceiling,
        robots=job.config.robots,
        logins=bool(job.roles),
        servers=1 if job.route is None else len(job.route.servers.addresses),
    )
    if job.watch is None:
        await run_spider("warm", settings, job, governor)
    else:
        governor.watched_by(job.watch)
        watching = partial(_watch, job, job.watch, governor)
        await run_spider("warm", settings, job, governor, watching)


async def _watch(job: PlanJob, watch: Watch, governor: Governor) -> None:
    """What goes wrong in it ends the crawl: unwatched, it must not go on as if it were."""
    try:
        await watch.run(governor)
    except Exception as error:  # noqa: BLE001 -- raised again by `crawl`
        job.fail(error)
