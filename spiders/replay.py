"""Sends the requests of a replay, each when it is due, and tells what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.crawl.replay_job import ReplayJob
from warmer.crawl.replay_scheduler import DUE

from .fed import FedSpider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy import Request

    from warmer.crawl.job import Page
    from warmer.crawl.replay_job import Due

    from .fed import NoAnswer


class ReplaySpider(FedSpider[ReplayJob]):
    """Takes its requests from the timetable."""

    name = "replay"

    def planned(self) -> Iterator[Request]:
        for due in self.job.schedule:
            yield self.new_request(due.target, due.lines, **{DUE: due})

    def tell_fetched(self, request: Request) -> Page | None:
        due: Due = request.meta[DUE]
        fetch = request.meta["fetch"]
        return self.job.observer.fetched(due, fetch, self._waited_ms(request))

    def tell_failed(self, request: Request, why: NoAnswer) -> None:
        due: Due = request.meta[DUE]
        waited_ms = self._waited_ms(request)
        self.job.observer.failed(due, why.reason, why.detail, waited_ms, why.total_ms)

    def _waited_ms(self, request: Request) -> float:
        due: Due = request.meta[DUE]
        late_s: float = request.meta["sent_at"] - self.job.started - due.due_s
        return max(0.0, late_s * 1000)
