"""Scrapy's scheduler over a plan: targets are taken lazily, in rank order.

The plan is an iterator that reads the store a page at a time, so memory does not
grow with it. What middlewares send back (retries, redirects) goes first. A stopped
job has nothing to hand out, so the engine finds itself idle and closes.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from scrapy.core.scheduler import BaseScheduler

from warmer.crawl.request_meta import ENDED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy import Request, Spider

    from warmer.crawl.job import CrawlJob


class PlanScheduler(BaseScheduler):
    """Hands out `spider.requests` one by one; nothing is fetched twice unasked."""

    def open(self, spider: Spider) -> None:
        self._job: CrawlJob = spider.job  # type: ignore[attr-defined]  # spiders of plans have it
        self._requests: Iterator[Request] = spider.requests  # type: ignore[attr-defined]  # and this
        self._stopped = self._job.stopped
        self._returned: deque[Request] = deque()
        self._next: Request | None = None
        self._read_ahead()

    def close(self, reason: str) -> None:  # noqa: ARG002 -- the interface
        self._next = None
        self._returned.clear()

    def has_pending_requests(self) -> bool:
        if self._stopped.is_set():
            return False
        return self._next is not None or bool(self._returned)

    def enqueue_request(self, request: Request) -> bool:
        if ENDED not in request.meta:
            self._returned.append(request)
        return True

    def next_request(self) -> Request | None:
        if self._stopped.is_set():
            return None
        if self._returned:
            return self._returned.popleft()
        request = self._next
        if request is not None:
            self._read_ahead()
        return request

    def _read_ahead(self) -> None:
        try:
            self._next = next(self._requests, None)
        except Exception as error:  # noqa: BLE001 -- Scrapy would log it and wait for ever
            self._next = None
            self._job.fail(error)
