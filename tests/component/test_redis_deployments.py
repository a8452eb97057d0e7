"""RedisCache against a real Cluster of three primaries, and a master under a Sentinel."""

# redis-py leaves half of its functions without types.
# mypy: allow-untyped-calls
from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from redis.cluster import RedisCluster
from redis.crc import key_slot

from tests.servers.process import free_port
from warmer.caches.delta import difference, differences
from warmer.caches.open import open_cache
from warmer.errors import ConfigError, UnreachableError

if TYPE_CHECKING:
    from pathlib import Path

    import redis
    from redis.client import PubSub

    from tests.conftest import StartRedis
    from tests.servers.stores import RedisServer

ROUND_TRIPS = 100_000


def wait_for_every_slot(client: redis.Redis) -> None:
    """Ask until the node has heard of the whole cluster; each question is a round trip."""
    for _ in range(ROUND_TRIPS):
        if client.execute_command("CLUSTER INFO")["cluster_state"] == "ok":
            return
    raise AssertionError("the cluster did not come up")


@pytest.fixture
def cluster(start_redis: StartRedis) -> list[RedisServer]:
    """Three primaries, a third of the slots each."""
    servers = [
        start_redis("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
        for _ in range(3)
    ]
    subprocess.run(
        ["redis-cli", "--cluster", "create", *(s.node for s in servers), "--cluster-yes"],
        check=True,
        capture_output=True,
    )
    for server in servers:
        with server.client() as client:
            wait_for_every_slot(client)
    return servers


def test_a_cluster_is_one_cache_with_a_tally_for_each_node(cluster: list[RedisServer]) -> None:
    keys = [f"page:{number}" for number in range(300)]
    site = open_site(cluster)
    for key in keys[:200]:
        site.set(key, b"x", ex=100)
    cache = open_cache(f"redis+cluster://{cluster[0].node},{cluster[1].node}")
    before = cache.readings()
    assert sorted(r.node for r in before) == sorted(server.node for server in cluster)
    entries = cache.entries(keys)
    assert [entry is not None for entry in entries] == [True] * 200 + [False] * 100
    assert cache.values(keys[199:201], 10) == [b"x", None]
    assert cache.count("page:*", 10_000) == (200, True)
    assert len(cache.find("page:1", 10_000)[0]) == 111
    for key in keys[:30]:
        site.get(key)
    after = cache.readings()
    assert sum(r.own_hits for r in after) == 201
    deltas = differences(before, after)
    assert sum(delta.hits or 0 for delta in deltas) == 30
    assert [(delta.misses, delta.note) for delta in deltas] == [(0, None)] * 3
    site.close()

    # A slot on its way from one node to another: ASK; then arrived: MOVED.
    move_slot(cluster, keys[0], arrived=False)
    assert cache.entries(keys[:1]) != [None]
    move_slot(cluster, keys[0], arrived=True)
    assert None not in cache.entries(keys[:200])

    with pytest.raises(ConfigError) as caught:
        open_cache(cluster[0].url).count("*", 100)
    assert str(caught.value) == (
        f"cache {cluster[0].url}: a node of a Redis Cluster, which holds only a part of the "
        "keys; write redis+cluster://host:port"
    )

    cluster[2].server.stop()
    with pytest.raises(UnreachableError):
        cache.entries(keys)
    cache.close()


def open_site(cluster: list[RedisServer]) -> RedisCluster:
    return RedisCluster(host=cluster[0].host, port=cluster[0].port)


def move_slot(cluster: list[RedisServer], key: str, *, arrived: bool) -> None:
    """Move the slot of `key`: first its key alone, then, `arrived`, the slot's ownership."""
    slot = key_slot(key.encode())
    names = {}
    for server in cluster:
        with server.client() as client:
            names[server.node] = client.execute_command("CLUSTER", "MYID").decode()
    with RedisCluster(host=cluster[0].host, port=cluster[0].port) as site:
        source = site.get_node_from_key(key)
        origin = next(server for server in cluster if server.node == source.name)
    target = next(server for server in cluster if server is not origin)
    with origin.client() as old, target.client() as new:
        if arrived:
            for client in (new, old):
                client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", names[target.node])
            return
        new.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", names[origin.node])
        old.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", names[target.node])
        old.execute_command("MIGRATE", target.host, target.port, key, 0, 5000)


def test_a_single_server_under_a_cluster_url_is_refused(redis_server: RedisServer) -> None:
    with pytest.raises(ConfigError) as caught:
        open_cache(f"redis+cluster://{redis_server.node}").entries(["page"])
    assert str(caught.value) == (
        f"cache redis+cluster://{redis_server.node}: not a Redis Cluster; write redis://host:port"
    )


def test_no_node_of_a_cluster_answering_is_unreachable() -> None:
    with pytest.raises(UnreachableError, match=r"does not answer \(Error 111"):
        open_cache(f"redis+cluster://127.0.0.1:{free_port()}").entries(["page"])


def heard(events: PubSub, channel: bytes) -> None:
    """Wait for what the Sentinel announces on a channel."""
    for event in events.listen():
        if event["type"] == "message" and event["channel"] == channel:
            return


@pytest.mark.slow
def test_the_master_is_asked_for_at_the_sentinel_and_a_failover_is_noticed(
    start_redis: StartRedis, tmp_path: Path
) -> None:
    master = start_redis()
    replica = start_redis(
        "--replicaof", master.host, str(master.port), "--repl-diskless-sync-delay", "0"
    )
    config = tmp_path / "sentinel.conf"
    config.write_text(f"sentinel monitor shop {master.host} {master.port} 1\n")
    sentinel = start_redis(str(config), "--sentinel")
    with master.client(db=1) as site:
        site.set("page", b"x", ex=100)
        site.wait(1, 5000)
    cache = open_cache(f"redis+sentinel://{sentinel.node}/shop/1")
    before = cache.readings()
    assert [r.node for r in before] == [master.node]
    assert cache.entries(["page"]) != [None]
    assert cache.readings()[0].own_hits == 1

    with sentinel.client() as watcher, watcher.pubsub() as events:
        events.subscribe("+slave", "+switch-master")
        if watcher.sentinel_master("shop")["num-slaves"] == 0:
            heard(events, b"+slave")
        watcher.execute_command("SENTINEL", "FAILOVER", "shop")
        heard(events, b"+switch-master")
    assert cache.entries(["page"]) != [None]
    after = cache.readings()
    assert [r.node for r in after] == [replica.node]
    assert [delta.trusted for delta in differences(before, after)] == [False, False]
    assert difference(before[0], after[0]).note == (
        "the server restarted or failed over between the readings"
    )
    cache.close()


def test_an_unknown_master_is_unreachable_and_named(
    start_redis: StartRedis, tmp_path: Path
) -> None:
    config = tmp_path / "sentinel.conf"
    config.touch()
    sentinel = start_redis(str(config), "--sentinel")
    with pytest.raises(UnreachableError, match="No master found for 'shop'"):
        open_cache(f"redis+sentinel://:hush@{sentinel.node}/shop").readings()
