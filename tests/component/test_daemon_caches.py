"""The service of a Django shop on Redis: what its caches do between and during runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.component.daemon_site import serving
from tests.servers.django_site import SiteOptions
from warmer.model import Trigger

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartRedis, StartSite
    from tests.servers.django_site import DjangoSite
    from tests.servers.stores import RedisServer

SAVE = Trigger.INVALIDATION


def shop_on(start_site: StartSite, cache: RedisServer, *, version: int = 1) -> DjangoSite:
    return start_site(
        SiteOptions(
            cache_backend="redis",
            cache_location=cache.url,
            site_cache=True,
            version=version,
            pages=4,
        )
    )


def toml(shop: DjangoSite, cache: RedisServer) -> str:
    return f"""
    name = "shop"
    base_url = "{shop.url}"
    connect_to = "{shop.node}"
    source = [{{ url = "/sitemap.xml" }}]
    cache = [{{ url = "{cache.url}" }}]
    [invalidation]
    stream = "redis://127.0.0.1:1/0"
    debounce_s = 0
    """


async def test_a_cache_that_was_started_anew_between_two_runs_fails_neither(
    start_site: StartSite, start_redis: StartRedis, tmp_path: Path
) -> None:
    cache = start_redis()
    shop = shop_on(start_site, cache)
    async with serving(tmp_path, toml(shop, cache)) as daemon:
        await daemon.done(daemon.accept(SAVE, "/p/1/"))
        cache.server.stop()
        start_redis(port=cache.port)
        await daemon.done(daemon.accept(SAVE, "/p/1/"))
        status = daemon.service.status()
    assert status.failure is None
    assert daemon.runs() == [("invalidation", "finished", 1)] * 2
    assert daemon.rows("SELECT verdict, evidence LIKE 'key%' FROM verdicts") == [("warm", 1)] * 2
    assert shop.renders("/p/1/") == 2


async def test_a_cache_that_is_down_keeps_the_trigger_until_it_is_back(
    start_site: StartSite, start_redis: StartRedis, tmp_path: Path
) -> None:
    cache = start_redis()
    shop = shop_on(start_site, cache)
    async with serving(tmp_path, toml(shop, cache)) as daemon:
        await daemon.done(daemon.accept(SAVE, "/p/1/"))
        cache.server.stop()
        number = daemon.accept(SAVE, "/p/2/")
        assert str(cache.port) in await daemon.until_failure()
        assert daemon.service.status().pending == 1
        start_redis(port=cache.port)
        await daemon.done(number)
    assert daemon.runs()[-1] == ("invalidation", "finished", 1)
    assert {status for _, status, _ in daemon.runs()[1:-1]} == {"aborted"}


async def test_keys_are_learnt_once_and_again_when_pages_are_not_found_by_them(
    start_site: StartSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    shop = shop_on(start_site, redis_server)
    async with serving(tmp_path, toml(shop, redis_server)) as daemon:
        for path in ("/p/1/", "/p/2/", "/p/1/"):
            await daemon.done(daemon.accept(SAVE, path))
        keys = daemon.service._runner._keys
        assert keys is not None
        assert keys.is_settled
        # A deployment changes how keys are made, and the site moves with it.
        deployed = shop_on(start_site, redis_server, version=2)
        daemon.reload(toml(deployed, redis_server))
        for path in ("/p/1/", "/p/2/", "/p/3/"):
            await daemon.done(daemon.accept(SAVE, path))
    assert daemon.runs() == [("invalidation", "finished", 1)] * 6
    verdicts = [verdict for (verdict,) in daemon.rows("SELECT verdict FROM verdicts ORDER BY run")]
    assert verdicts[-1] == "warm"


@pytest.mark.parametrize("count", [1, 4])
async def test_when_pages_go_cold_is_known_after_a_run(
    start_site: StartSite, redis_server: RedisServer, tmp_path: Path, count: int
) -> None:
    shop = shop_on(start_site, redis_server)
    async with serving(tmp_path, toml(shop, redis_server)) as daemon:
        await daemon.done(daemon.accept(Trigger.MANUAL, everything=True))
        found = daemon.service.status(expiring=count).will_expire
    assert len(found) == count
    assert all(0 < seconds <= 700 for _, seconds in found)
