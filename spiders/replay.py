"""Sends the requests of a replay, each when it is due, and tells what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider

from warmer.crawl.fetch import FetchError
from warmer.crawl.job import StoppedError
from warmer.crawl.replay_scheduler import DUE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from warmer.crawl.governor import Governor
    from warmer.crawl.replay_job import Due, ReplayJob


class ReplaySpider(Spider):
    """Takes its requests from the timetable, through the scheduler, not from `start()`.

    `under_way` counts what was taken and has not ended. What the observer raises fails
    the job, for Scrapy would log it and go on.
    """

    name = "replay"

    def __init__(self, job: ReplayJob, governor: Governor) -> None:
        super().__init__()
        self.job = job
        self.governor = governor
        self.under_way = 0
        self.requests: Iterator[Request] = self._requests()

    async def start(self) -> AsyncIterator[Any]:
        """Nothing: the scheduler reads the timetable."""
        nothing: tuple[Request, ...] = ()
        for request in nothing:
            yield request

    def _requests(self) -> Iterator[Request]:
        for due in self.job.schedule:
            self.under_way += 1
            yield Request(
                due.target.url,
                meta={
                    "target": due.target,
                    DUE: due,
                    "verbatim_url": True,
                    "header_lines": due.lines,
                    "keep_bytes": self.job.keep_bytes,
                },
            )

    def answered(self, request: Request) -> None:
        """Every status is an outcome; what it means is judged elsewhere."""
        self.under_way -= 1
        due: Due = request.meta[DUE]
        try:
            fetch = request.meta["fetch"]
            page = self.job.replay_observer.fetched(due, fetch, self._waited_ms(request))
            self.governor.answered(request, page)
        except Exception as error:  # noqa: BLE001 -- raised again by `replay`
            self.job.fail(error)

    def failed(self, request: Request, error: Exception) -> None:
        """No response came."""
        self.under_way -= 1
        due: Due = request.meta[DUE]
        if not isinstance(error, FetchError):
            if not isinstance(error, StoppedError):
                self.job.fail(error)
            return
        try:
            self.job.replay_observer.failed(
                due, error.reason, error.detail, self._waited_ms(request), error.total_ms
            )
        except Exception as raised:  # noqa: BLE001 -- raised again by `replay`
            self.job.fail(raised)

    def _waited_ms(self, request: Request) -> float:
        due: Due = request.meta[DUE]
        late_s: float = request.meta["sent_at"] - self.job.started - due.due_s
        return max(0.0, late_s * 1000)
