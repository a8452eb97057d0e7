"""The download handler of plans that heed robots.txt at a site with several servers.

robots.txt is no target, so it has no route: it comes from the first server that can be reached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.crawl.first_reachable import FirstReachable
from warmer.crawl.plan_handler import PlanDownloadHandler

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

    from warmer.crawl.fetch import Fetch
    from warmer.crawl.job import CrawlJob
    from warmer.crawl.origin import Origin


class RobotsDownloadHandler(PlanDownloadHandler):
    """Targets go where their route says."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        job: CrawlJob = crawler.spider.job  # type: ignore[union-attr]  # spiders of plans have a job
        assert job.route is not None  # noqa: S101 -- several servers have one
        self._site = FirstReachable(self._origin, job.route.servers.addresses)

    async def _fetch(self, request: Request, by: Origin | None = None) -> Fetch:
        if by is not None:
            return await super()._fetch(request, by)
        return await self._site.ask(lambda way: self._fetch(request, way))
