"""Scrapy settings, as plain dictionaries, for the two kinds of crawl.

Everything that runs code sent to a port, shares state between requests, or costs
time without use here is off; certificates are verified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from warmer.crawl.origin import Origin

COMMON: dict[str, Any] = {
    "BOT_NAME": "warmer",
    "SPIDER_MODULES": ["warmer.spiders"],
    "TWISTED_REACTOR_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    "DOWNLOAD_VERIFY_CERTIFICATES": True,
    "COOKIES_ENABLED": False,
    "HTTPCACHE_ENABLED": False,
    "METAREFRESH_ENABLED": False,
    "LOG_FORMATTER": "warmer.crawl.log_formatter.QuietLogFormatter",
    "STATS_DUMP": False,
    # The default of 100 starts 100 tasks for every response.
    "CONCURRENT_ITEMS": 1,
}
BARE: dict[str, Any] = COMMON | {
    "DOWNLOADER": "warmer.crawl.plan_downloader.PlanDownloader",
    "DOWNLOADER_MIDDLEWARES_BASE": {},
    "SPIDER_MIDDLEWARES_BASE": {},
    "EXTENSIONS_BASE": {},
}
"""For plans and replays: nothing between engine and wire but our own middlewares."""


def plan_settings(
    origin: Origin,
    *,
    limit: int,
    ceiling: int,
    robots: bool,
    logins: bool = False,
    servers: int = 1,
) -> dict[str, Any]:
    """For passes over a plan.

    `limit` may be moved up to `ceiling` while the crawl goes on, also over several `servers`.
    """
    handler = "warmer.crawl.plan_handler.PlanDownloadHandler"
    if robots and servers > 1:
        handler = "warmer.crawl.robots_handler.RobotsDownloadHandler"
    middlewares = {
        "warmer.crawl.retry.RetryMiddleware": 550,
        "warmer.crawl.redirect.RedirectMiddleware": 600,
        "warmer.crawl.pace.PaceMiddleware": 900,
    }
    if servers > 1:
        middlewares["warmer.crawl.server_middleware.ServerMiddleware"] = 850
    if robots:
        middlewares["warmer.crawl.robots.RobotsMiddleware"] = 100
    if logins:
        middlewares["warmer.crawl.login_middleware.LoginMiddleware"] = 700
    return BARE | {
        "WARMER_ORIGIN": origin,
        "WARMER_SERVERS": servers,
        "SCHEDULER": "warmer.crawl.plan_scheduler.PlanScheduler",
        "DOWNLOAD_HANDLERS": {"http": handler, "https": handler},
        "DOWNLOADER_MIDDLEWARES": middlewares,
        "CONCURRENT_REQUESTS": limit,
        "CONCURRENT_REQUESTS_PER_DOMAIN": ceiling,
    }
