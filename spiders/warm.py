"""Fetches the targets of a plan, each once, and hands what came to the job's observer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.crawl.plan_job import PlanJob

from .fed import FedSpider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy import Request

    from warmer.crawl.job import Page

    from .fed import NoAnswer


class WarmSpider(FedSpider[PlanJob]):
    """Takes its requests from the plan."""

    name = "warm"

    def planned(self) -> Iterator[Request]:
        for target in self.job.targets:
            yield self.new_request(target, self.job.lines(target.variant, target.url))

    def tell_fetched(self, request: Request) -> Page | None:
        meta = request.meta
        return self.job.observer.fetched(
            meta["target"],
            meta["fetch"],
            attempts=meta.get("attempts", 1),
            final_url=request.url,
        )

    def tell_failed(self, request: Request, why: NoAnswer) -> None:
        self.job.observer.failed(
            request.meta["target"],
            why.reason,
            why.detail,
            attempts=request.meta.get("attempts", 1),
            final_url=request.url,
            total_ms=why.total_ms,
        )
