"""Ways to memcached: several nodes, a socket; and what is said where one leads nowhere."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING

import pytest
from pymemcache.client.hash import HashClient

from tests.servers.process import free_port, running
from warmer.caches.address import parse
from warmer.caches.delta import difference, differences
from warmer.caches.memcached import MemcachedCache
from warmer.caches.open import open_cache
from warmer.errors import ConfigError, UnreachableError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartMemcached, StartRedis


def test_keys_of_several_nodes_are_where_pymemcache_puts_them(
    start_memcached: StartMemcached,
) -> None:
    servers = [start_memcached() for _ in range(3)]
    site = HashClient([server.node for server in servers])
    keys = [f":1:page.{number}" for number in range(200)]
    for key in keys:
        site.set(key, b"x", noreply=False)
    cache = open_cache("memcached://" + ",".join(server.node for server in servers))
    before = cache.readings()
    assert [reading.node for reading in before] == [server.node for server in servers]
    assert None not in cache.entries(keys)
    assert cache.values(keys, 10) == [b"x"] * 200
    assert cache.count(":1:page.*", 10_000) == (200, True)
    for key in keys[:30]:
        site.get(key)
    deltas = differences(before, cache.readings())
    assert sum(delta.hits or 0 for delta in deltas) == 30
    assert [delta.misses for delta in deltas] == [0, 0, 0]
    cache.close()


def test_a_copy_on_a_node_that_no_client_asks_is_not_seen(start_memcached: StartMemcached) -> None:
    servers = [start_memcached() for _ in range(2)]
    nodes = ",".join(server.node for server in servers)
    site = HashClient([server.node for server in servers])
    asked = site.hasher.get_node("page")
    stale = next(server for server in servers if server.node != asked)
    with contextlib.closing(stale.client()) as client:
        client.set("page", b"stale", expire=100, noreply=False)
    strict, lenient = (
        open_cache(f"memcached://{nodes}"),
        open_cache(f"memcached://{nodes}?placement=any"),
    )
    assert strict.entries(["page"]) == [None]
    assert strict.find("page", 100) == ([], True)
    assert lenient.values(["page"], 10) == [b"stale"]
    site.set("page", b"fresh", expire=50, noreply=False)
    assert strict.values(["page"], 10) == [b"fresh"]
    (entry,) = lenient.entries(["page"])
    assert entry is not None
    assert entry.ttl_s is not None
    assert entry.ttl_s <= 50
    strict.close()
    lenient.close()


def test_one_node_of_several_that_is_gone_is_no_empty_cache(
    start_memcached: StartMemcached,
) -> None:
    server, gone = start_memcached(), free_port()
    cache = open_cache(f"memcached://{server.node},127.0.0.1:{gone}")
    with pytest.raises(UnreachableError) as caught:
        cache.entries([f"page:{number}" for number in range(50)])
    assert str(caught.value) == (
        f"cache memcached://{server.node},127.0.0.1:{gone}: memcached at 127.0.0.1:{gone} does "
        "not answer ([Errno 111] Connection refused); start it, or mend the address"
    )
    cache.close()


def ask_until_it_fails(cache: MemcachedCache) -> None:
    # A process that was told to stop may answer once more before it does.
    while True:
        cache.entries(["page"])


def test_a_server_that_hangs_is_given_up_and_voids_the_difference(
    start_memcached: StartMemcached, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warmer.caches.memcached_protocol.READ_TIMEOUT_S", 0.2)
    server = start_memcached()
    cache = MemcachedCache(parse(server.url))
    with contextlib.closing(server.client()) as site:
        site.set("page", b"x", noreply=False)
    before = cache.readings()[0]
    server.server.freeze()
    with pytest.raises(UnreachableError, match="timed out"):
        ask_until_it_fails(cache)
    server.server.thaw()
    assert cache.entries(["page"]) != [None]
    # `me` moves no counter: the difference stays sound.
    assert difference(before, cache.readings()[0]).trusted is True
    cache.close()


def test_redis_under_a_memcached_url_is_a_wrong_port(start_redis: StartRedis) -> None:
    server = start_redis()
    with pytest.raises(ConfigError) as caught:
        open_cache(f"memcached://{server.node}").entries(["page"])
    assert "not as memcached 1.6 does; mend the port, or upgrade memcached" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_unix_socket_is_spoken_to(tmp_path: Path) -> None:
    path = str(tmp_path / "m.sock")

    def answers(_port: int) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(path) == 0

    # Given a socket, memcached listens on no port.
    user = ["-u", "root"] if os.geteuid() == 0 else []
    command = ["memcached", "-s", path, *user]
    with running(lambda _port: command, directory=tmp_path / "memcached", answers=answers):
        cache = open_cache(f"memcached+unix://{path}")
        assert cache.entries(["page"]) == [None]
        assert cache.readings()[0].node == path
        cache.close()
