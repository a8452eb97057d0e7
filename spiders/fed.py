"""A spider that one of our schedulers feeds: it counts what is taken, and tells how each ended.

Knows neither plan nor timetable: its children say what is sent, and who hears what came of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from scrapy import Request, Spider
from scrapy.exceptions import IgnoreRequest

from warmer.crawl.fetch import FetchError
from warmer.crawl.job import CrawlJob, NoSessionError, ServerDownError, StoppedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from warmer.crawl.governor import Governor
    from warmer.crawl.job import Page
    from warmer.model import Target


JobT = TypeVar("JobT", bound=CrawlJob)


class NoAnswer(NamedTuple):
    """Why no whole response came; `total_ms` as in FetchError."""

    reason: str
    detail: str
    total_ms: float | None = None


class FedSpider(Spider, ABC, Generic[JobT]):
    """Takes its requests through the scheduler, not from `start()`.

    The downloader tells it how each ended, so there is nothing to call back. `under_way`
    counts the requests taken and not answered for. What an observer raises fails the job,
    for Scrapy would log it and go on.
    """

    def __init__(self, job: JobT, governor: Governor) -> None:
        super().__init__()
        self.job = job
        self.governor = governor
        self.under_way = 0
        self.requests: Iterator[Request] = self._counted()

    async def start(self) -> AsyncIterator[Any]:
        """Nothing: the scheduler reads `requests`."""
        nothing: tuple[Request, ...] = ()
        for request in nothing:
            yield request

    @abstractmethod
    def planned(self) -> Iterator[Request]:
        """All that is to be sent, made when it is asked for."""

    @abstractmethod
    def tell_fetched(self, request: Request) -> Page | None:
        """Hand a whole response on; returns what its observer takes it for."""

    @abstractmethod
    def tell_failed(self, request: Request, why: NoAnswer) -> None:
        """Hand on that none came."""

    def new_request(self, target: Target, header_lines: Sequence[str], **meta: object) -> Request:
        """A request for a target, sent as it was planned; Scrapy would spell some of it anew."""
        return Request(
            target.url,
            meta={
                "target": target,
                "verbatim_url": True,
                "header_lines": header_lines,
                "keep_bytes": self.job.keep_bytes,
                **meta,
            },
        )

    def answered(self, request: Request) -> None:
        """Every status is an outcome; what it means is judged elsewhere."""
        self.under_way -= 1
        try:
            self.governor.answered(request, self.tell_fetched(request))
        except Exception as error:  # noqa: BLE001 -- raised again when the crawl has ended
            self.job.fail(error)

    def failed(self, request: Request, error: Exception) -> None:
        """No response, or one that must not be followed; what a stop cut off is not told."""
        self.under_way -= 1
        if isinstance(error, StoppedError):
            return
        why = _no_answer(error)
        if why is None:
            self.job.fail(error)
            return
        try:
            self.tell_failed(request, why)
        except Exception as raised:  # noqa: BLE001 -- raised again when the crawl has ended
            self.job.fail(raised)

    def _counted(self) -> Iterator[Request]:
        for request in self.planned():
            self.under_way += 1
            yield request


def _no_answer(error: Exception) -> NoAnswer | None:
    """In the report's words; None for a mistake of our own."""
    if isinstance(error, FetchError):
        return NoAnswer(error.reason, error.detail, error.total_ms)
    if isinstance(error, IgnoreRequest):
        return NoAnswer("robots", str(error))
    if isinstance(error, ServerDownError):
        return NoAnswer("connect", str(error))
    if isinstance(error, NoSessionError):
        return NoAnswer("login", str(error))
    return None
