"""Scrapy settings of replays: each request once, when it is due; no retry, no redirect followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from warmer.crawl.settings import COMMON

if TYPE_CHECKING:
    from warmer.crawl.origin import Origin


def replay_settings(origin: Origin, *, limit: int, ceiling: int) -> dict[str, Any]:
    """Nothing between engine and wire but the pace; `limit` may be moved up to `ceiling`."""
    handler = "warmer.crawl.replay_handler.ReplayDownloadHandler"
    return COMMON | {
        "WARMER_ORIGIN": origin,
        "SCHEDULER": "warmer.crawl.replay_scheduler.ReplayScheduler",
        "DOWNLOADER": "warmer.crawl.plan_downloader.PlanDownloader",
        "DOWNLOAD_HANDLERS": {"http": handler, "https": handler},
        "DOWNLOADER_MIDDLEWARES_BASE": {},
        "DOWNLOADER_MIDDLEWARES": {"warmer.crawl.pace.PaceMiddleware": 900},
        "SPIDER_MIDDLEWARES_BASE": {},
        "EXTENSIONS_BASE": {},
        "CONCURRENT_REQUESTS": limit,
        "CONCURRENT_REQUESTS_PER_DOMAIN": ceiling,
    }
