"""Every entry of a URL is removed, whoever asked for it, and what that costs Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sites.newsroom.pages import BASE, CORE, keys, start

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import StartRedis
    from tests.servers.stores import MemcachedServer, RedisServer
    from tests.sites.newsroom.pages import StartNewsroom

__all__ = ["start"]
STORES: dict[str, Callable[[RedisServer], tuple[str, str]]] = {
    "core": lambda server: (CORE, server.database(1)),
    "django-redis": lambda server: ("django_redis.cache.RedisCache", server.database(1)),
    "locmem": lambda _: ("django.core.cache.backends.locmem.LocMemCache", "x"),
}


@pytest.mark.parametrize("store", STORES)
def test_a_purge_removes_every_entry_of_the_url_and_nothing_else(
    start: StartNewsroom, redis_server: RedisServer, store: str
) -> None:
    _, shell = start(*STORES[store](redis_server))
    shell("""
        Article.objects.create(slug="one", title="x")
        for method in ("head", "get"):
            for language in ("en", "de"):
                for device in ("phone", "watch", ""):
                    get("/a/one/", method, Accept_Language=language, X_Device=device)
        get("/by-decorator/one/")
        get("/")
    """)
    assert shell("purge(['/a/one/'])") == 12
    assert shell("get('/a/one/', X_Device='watch')")[1] == "django; fwd=miss; stored"
    assert shell("get('/a/one/', X_Device='phone', Accept_Language='de')")[1] == "django; fwd=miss; stored"  # fmt: skip
    assert shell("get('/')") == ["x", "django; hit"]
    assert shell(f"purge(['{BASE}/by-decorator/one/', '{BASE}/a/two/', '//', ''])") >= 1


def test_a_purge_finds_what_was_stored_before_the_app_was_there(
    start: StartNewsroom, redis_server: RedisServer
) -> None:
    _, shell = start()
    shell("Article.objects.create(slug='one', title='x')")
    shell("for device in 'abc': get('/a/one/', X_Device=device)")
    client = redis_server.client(1)
    indexes: Any = client.keys("*warmer.variants*")
    client.delete(*indexes)
    assert shell("purge(['/a/one/'])") == 3
    assert keys(redis_server) == []


@pytest.mark.parametrize("language_only", [True, False])
def test_on_memcached_a_purge_removes_what_can_be_derived(
    start: StartNewsroom, memcached_server: MemcachedServer, *, language_only: bool
) -> None:
    _, shell = start("django.core.cache.backends.memcached.PyMemcacheCache", memcached_server.node)
    shell("Article.objects.create(slug='one', title='x')")
    path = "/" if language_only else "/a/one/"
    shell(f"get('{path}'); get('{path}', Accept_Language='de'); get('{path}', 'head')")
    assert shell(f"purge(['{path}'])") == 2
    assert shell(f"get('{path}')")[1] == "django; fwd=miss; stored"
    assert ("stay until they expire" in shell.log()) is not language_only


def test_a_cache_behind_a_unix_socket_has_an_index_too(
    start: StartNewsroom, start_redis: StartRedis, tmp_path: Path
) -> None:
    socket = tmp_path / "redis.sock"
    start_redis("--unixsocket", str(socket))
    _, shell = start(CORE, f"unix://{socket}?db=1")
    shell("Article.objects.create(slug='one', title='x'); get('/a/one/')")
    assert shell("purge(['/a/one/'])") == 1


def test_purging_costs_the_same_in_a_large_redis(
    start: StartNewsroom, redis_server: RedisServer
) -> None:
    _, shell = start()
    shell("Article.objects.create(slug='one', title='x'); get('/a/one/'); purge(['/a/one/'])")
    client: Any = redis_server.client(1)
    pipeline = client.pipeline(transaction=False)
    for n in range(50_000):
        pipeline.set(f"n*ws:1:other.{n}", "")
    pipeline.execute()

    def commands() -> dict[str, int]:
        stats = client.info("commandstats")
        return {name.removeprefix("cmdstat_"): stats[name]["calls"] for name in stats}

    shell("for device in 'abc': get('/a/one/', X_Device=device)")
    before = commands()
    assert shell("purge(['/a/one/'])") == 3
    after = commands()
    spent = {name: after[name] - before.get(name, 0) for name in after}
    assert spent.get("scan", 0) == 0
    assert sum(spent.values()) < 15
