"""Limiters as tests start them, what they are told, and a simulated crawl by one."""

from __future__ import annotations

from tests.unit.crawl.simulated_origin import SimulatedCrawl, even
from warmer.crawl.limiter import AutoLimiter, Sample

WORKERS = [1, 2, 4, 8, 16]


def auto(*, start: int = 1, maximum: int = 16, ramp_up_s: float = 0.0) -> AutoLimiter:
    return AutoLimiter(start=start, maximum=maximum, ramp_up_s=ramp_up_s, now=0.0)


def crawling(workers: int, page_ms: float, **options: int) -> SimulatedCrawl:
    return SimulatedCrawl(auto(**options), workers, even(page_ms))


def page(took_ms: float = 10.0, *, in_flight: int = 1, sent_at: float = 0.0) -> Sample:
    return Sample(took_ms, in_flight, sent_at)


def failure(*, sent_at: float, retry_after_s: float | None = None) -> Sample:
    return Sample(5.0, 1, sent_at, cold=False, failure="status-503", retry_after_s=retry_after_s)
