"""Scrapy's scheduler over a plan: targets are taken lazily, in rank order.

The plan is an iterator that reads the store a page at a time, so memory does not
grow with it. What middlewares send back (retries, redirects) goes first.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from scrapy.core.scheduler import BaseScheduler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy import Request, Spider


class PlanScheduler(BaseScheduler):
    """Hands out `spider.requests` one by one; nothing is fetched twice unasked."""

    def open(self, spider: Spider) -> None:
        self._returned: deque[Request] = deque()
        self._requests: Iterator[Request] = spider.requests  # type: ignore[attr-defined]  # spiders of plans have it
        self._next: Request | None = next(self._requests, None)

    def close(self, reason: str) -> None:  # noqa: ARG002 -- the interface
        self._next = None
        self._returned.clear()

    def has_pending_requests(self) -> bool:
        return self._next is not None or bool(self._returned)

    def enqueue_request(self, request: Request) -> bool:
        self._returned.append(request)
        return True

    def next_request(self) -> Request | None:
        if self._returned:
            return self._returned.popleft()
        request = self._next
        if request is not None:
            self._next = next(self._requests, None)
        return request
