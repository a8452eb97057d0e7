"""Scrapy settings of replays: each request once, when it is due; no retry, no redirect followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from warmer.crawl.settings import BARE

if TYPE_CHECKING:
    from warmer.crawl.origin import Origin


def replay_settings(origin: Origin, *, limit: int, ceiling: int) -> dict[str, Any]:
    """With the pace as the only middleware; `limit` may be moved up to `ceiling`."""
    handler = "warmer.crawl.replay_handler.ReplayDownloadHandler"
    return BARE | {
        "WARMER_ORIGIN": origin,
        "SCHEDULER": "warmer.crawl.replay_scheduler.ReplayScheduler",
        "DOWNLOAD_HANDLERS": {"http": handler, "https": handler},
        "DOWNLOADER_MIDDLEWARES": {"warmer.crawl.pace.PaceMiddleware": 900},
        "CONCURRENT_REQUESTS": limit,
        "CONCURRENT_REQUESTS_PER_DOMAIN": ceiling,
    }
