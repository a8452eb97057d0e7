"""What `warmer daemon` costs while nothing happens, and how soon a saved page is hot again.

A save is an entry in the Redis stream, as the Django app writes it, after the page's keys
were removed. The page is hot when its keys are back, which is looked for every
millisecond. Rendering takes a few of them, and is in the figures.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import TYPE_CHECKING

from bench.figure import Figure, against_goal
from tests.servers.django_site import SiteOptions, running_site
from tests.servers.process import free_port
from tests.servers.stores import running_redis
from tests.system.daemon_process import Place, cpu_s, resident_mb
from warmer.daemon.requests import WarmRequest
from warmer.model import Trigger

if TYPE_CHECKING:
    from pathlib import Path

    import redis

    from tests.servers.django_site import DjangoSite
    from tests.servers.stores import RedisServer
    from tests.system.daemon_process import DaemonProcess

SAVES = 500
BURST = 10_000
IDLE_S = 20.0
_PAGES_DB = 1
_STREAM_DB = 5
_CONFIG = """
name = "shop"
base_url = "{url}"
connect_to = "{node}"
source = [{{ url = "/sitemap.xml" }}]
cache = [{{ url = "{cache}" }}]
[invalidation]
stream = "{stream}"
debounce_s = 0
[daemon]
listen = "127.0.0.1:{port}"
"""


def figures(directory: Path) -> list[Figure]:
    """Memory and CPU of an idle daemon, latency of saves one by one, time of a burst."""
    place = Place(directory / "daemon")
    place.directory.mkdir()
    with running_redis(directory / "redis") as server:
        options = SiteOptions(
            cache_backend="redis", cache_location=server.database(_PAGES_DB), site_cache=True
        )
        with running_site(directory / "site", options) as site:
            config = _CONFIG.format(
                url=site.url, node=site.node, port=free_port(),
                cache=server.database(_PAGES_DB), stream=server.database(_STREAM_DB),
            )  # fmt: skip
            place.write(config)
            with place.daemon() as daemon:
                return _figures(place, daemon, site, server)


def _figures(
    place: Place, daemon: DaemonProcess, site: DjangoSite, server: RedisServer
) -> list[Figure]:
    pid = daemon.process.pid
    fresh_mb = resident_mb(pid)
    with place.queue() as queue:
        place.accept(queue, WarmRequest(trigger=Trigger.MANUAL, everything=True))
        place.all_done()
        used_mb = resident_mb(pid)
        idle = _idle_percent(pid)
        latencies_ms = _saves(site, server)
        place.all_done()
        began = time.monotonic()
        urls = [f"{site.url}/p/{number % 20 + 1}/" for number in range(BURST)]
        saves = [(WarmRequest(trigger=Trigger.INVALIDATION, urls=(url,)), None) for url in urls]
        queue.accept_all(place.name, saves, now=time.time())
        place.all_done()
        burst_s = time.monotonic() - began
    ordered = sorted(latencies_ms)
    p99_ms = ordered[int(len(ordered) * 0.99)]
    hot = f"{SAVES} saves one by one, until the page is hot"
    return [
        against_goal("idle daemon, before its first run: memory", fresh_mb, "MB", 80),
        against_goal("idle daemon, after a run: memory", used_mb, "MB", 80),
        against_goal("idle daemon: CPU", idle, "% of a core", 0.5),
        against_goal(f"{hot}: median", statistics.median(latencies_ms), "ms", 100),
        against_goal(f"{hot}: p99", p99_ms, "ms", 500),
        against_goal(
            f"{BURST:,} saves at once: memory afterwards", resident_mb(pid), "MB", used_mb,
            f"compared with that before; all done after {burst_s:.1f} s",
        ),
    ]  # fmt: skip


def _idle_percent(pid: int) -> float:
    before = cpu_s(pid)
    time.sleep(IDLE_S)
    return (cpu_s(pid) - before) / IDLE_S * 100


def _saves(site: DjangoSite, server: RedisServer) -> list[float]:
    pages, stream = server.client(_PAGES_DB), server.client(_STREAM_DB)
    found = []
    for number in range(SAVES):
        url = f"{site.url}/p/{number % 20 + 1}/"
        pages.flushdb()
        began = time.monotonic()
        stream.xadd("warmer:triggers", {"v": "1", "urls": json.dumps([url]), "why": "save"})
        _wait_for_a_key(pages)
        found.append((time.monotonic() - began) * 1000)
        _wait_until_read(stream)
    return found


def _wait_for_a_key(pages: redis.Redis) -> None:
    while not pages.dbsize():
        time.sleep(0.001)


def _wait_until_read(stream: redis.Redis) -> None:
    """Until the entry is acknowledged: the daemon is idle again."""
    while stream.xpending("warmer:triggers", "warmer:shop")["pending"]:
        time.sleep(0.001)
