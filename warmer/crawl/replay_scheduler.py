"""Scrapy's scheduler over a timetable: a request is handed out when it is due, not before.

Holds one request. What is due while as many are in flight as may be waits for its turn, and
how long it waited is told with its outcome. A stopped job has nothing to hand out.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from scrapy.core.scheduler import BaseScheduler

from warmer.crawl.governor import wake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy import Request, Spider
    from scrapy.crawler import Crawler

    from warmer.crawl.replay_job import ReplayJob

DUE = "due"
"""Key in a request's meta: what it is to send, and when."""
_EARLY_S = 0.0005
"""The loop's timers count milliseconds; half of one is on time."""


class ReplayScheduler(BaseScheduler):
    """Hands out `spider.requests`, each at its time; wakes the engine for the next."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._timer: asyncio.TimerHandle | None = None
        self._next: Request | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ReplayScheduler:
        return cls(crawler)

    def open(self, spider: Spider) -> None:
        self._job: ReplayJob = spider.job  # type: ignore[attr-defined]  # the spider of replays has it
        self._requests: Iterator[Request] = spider.requests  # type: ignore[attr-defined]  # and this
        self._loop = asyncio.get_running_loop()
        self._read_ahead()
        self._job.started = time.monotonic()

    def close(self, reason: str) -> None:  # noqa: ARG002 -- the interface
        self._next = None
        if self._timer is not None:
            self._timer.cancel()

    def has_pending_requests(self) -> bool:
        return self._next is not None and not self._job.stopped.is_set()

    def enqueue_request(self, request: Request) -> bool:  # noqa: ARG002 -- what has ended comes back
        return True

    def next_request(self) -> Request | None:
        request = self._next
        if request is None or self._job.stopped.is_set():
            return None
        wait_s: float = self._job.started + request.meta[DUE].due_s - time.monotonic()
        if wait_s > _EARLY_S:
            if self._timer is None:
                self._timer = self._loop.call_later(wait_s, self._wake)
            return None
        self._read_ahead()
        return request

    def _wake(self) -> None:
        self._timer = None
        wake(self._crawler)

    def _read_ahead(self) -> None:
        try:
            self._next = next(self._requests, None)
        except Exception as error:  # noqa: BLE001 -- Scrapy would log it and wait for ever
            self._next = None
            self._job.fail(error)
