"""Scrapy downloader middleware: try again what may pass, as late as the origin asks.

A request that waits keeps its place among those in flight: an origin in trouble
gets fewer requests, not the next ones instead.
"""

from __future__ import annotations

import email.utils
import logging
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from warmer.crawl.fetch import FetchError

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from warmer.config import CrawlConfig
    from warmer.crawl.fetch import Fetch
    from warmer.crawl.job import CrawlJob

_log = logging.getLogger(__name__)
RETRIED_STATUSES = frozenset({408, 429, 502, 503, 504, 520, 521, 522, 523, 524})
"""500 is not among them: a page that raised once raises again, and costs a render."""

MAX_BACKOFF_S = 60.0
"""Twenty doublings of half a second would be three days."""

RETRIED_REASONS = frozenset({"connect", "dns", "timeout", "closed-early"})


def retry_after_s(value: str, now: datetime) -> float | None:
    """Seconds asked for by a Retry-After field (RFC 9110, 10.2.3), None if unreadable."""
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        then = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return max(0.0, (then - now).total_seconds())


def asked_pause_s(request: Request) -> float | None:
    """Seconds that the response to this request asks us to wait, None if it asks for none."""
    fetch: Fetch | None = request.meta.get("fetch")
    asked = dict(fetch.headers).get("retry-after") if fetch else None
    return None if asked is None else retry_after_s(asked, datetime.now(UTC))


def pause_s(
    attempt: int, asked_s: float | None, config: CrawlConfig, chance: float
) -> float | None:
    """How long to wait after failed attempt number `attempt` (1, 2, …); None: give up.

    Doubles from `backoff_s` up to a minute, spread by `chance` (0..1) over half to one
    and a half of it, so that requests that failed together do not return together. What
    the origin asked for goes first; more than `max_retry_after_s` is not waited for.
    """
    if attempt > config.retries:
        return None
    if asked_s is not None:
        return asked_s if asked_s <= config.max_retry_after_s else None
    longest_s = max(MAX_BACKOFF_S, config.backoff_s)
    return float(min(config.backoff_s * 2 ** (attempt - 1), longest_s) * (0.5 + chance))


class RetryMiddleware:
    """Returns the request to the scheduler after its pause; counts attempts in meta."""

    def __init__(self, job: CrawlJob) -> None:
        self._job = job

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RetryMiddleware:
        return cls(crawler.spider.job)  # type: ignore[union-attr]  # spiders of plans have a job

    async def process_response(self, request: Request, response: Response) -> Response | Request:
        if response.status not in RETRIED_STATUSES or "fetch" not in request.meta:
            return response
        asked_s = asked_pause_s(request)
        return await self._again(request, f"status {response.status}", asked_s) or response

    async def process_exception(self, request: Request, exception: Exception) -> Request | None:
        if isinstance(exception, FetchError) and exception.reason in RETRIED_REASONS:
            return await self._again(request, exception.reason, None)
        return None

    async def _again(self, request: Request, why: str, asked_s: float | None) -> Request | None:
        attempts = request.meta.get("attempts", 1)
        delay_s = pause_s(attempts, asked_s, self._job.config, random.random())  # noqa: S311 -- jitter
        if delay_s is None:
            if asked_s is not None and attempts <= self._job.config.retries:
                _log.info("%s: %s, not again: Retry-After asks for %g s", request.url, why, asked_s)
            return None
        asked = "" if asked_s is None else ", as Retry-After asks"
        _log.info("%s: %s, again in %.1f s%s", request.url, why, delay_s, asked)
        if await self._job.stops_within(delay_s):
            return None
        again = request.copy()
        again.meta["attempts"] = attempts + 1
        return again
