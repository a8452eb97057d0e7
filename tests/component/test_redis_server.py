"""RedisCache against real servers; the servers' own counters are the oracle."""

# redis-py leaves half of its functions without types.
# mypy: allow-untyped-calls
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from warmer.caches.address import parse
from warmer.caches.delta import difference, eviction_warning
from warmer.caches.redis import RedisCache
from warmer.caches.server import Entry
from warmer.errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

    from tests.conftest import StartRedis
    from tests.servers.stores import RedisServer


@pytest.fixture
def cache(redis_server: RedisServer) -> Iterator[RedisCache]:
    opened = RedisCache(parse(redis_server.database(1)))
    yield opened
    opened.close()


@pytest.fixture
def site(redis_server: RedisServer) -> Iterator[redis.Redis]:
    """What the site itself does in the cache's database."""
    with redis_server.client(db=1) as client:
        yield client


def hits_and_misses(client: redis.Redis) -> tuple[int, int]:
    stats = client.info("stats")
    return stats["keyspace_hits"], stats["keyspace_misses"]


def populate(client: redis.Redis, pages: int) -> None:
    client.eval(f"for n = 0, {pages - 1} do redis.call('SET', 'page:' .. n, 'x') end", 0)


def test_presence_and_ttl_of_keys_are_told(cache: RedisCache, site: redis.Redis) -> None:
    site.set("page", b"x" * 1000, px=90_000)
    site.set("kept", b"y")
    page, absent, kept = cache.entries(["page", "absent", "kept"])
    assert page is not None
    assert page.ttl_s is not None
    assert 80 < page.ttl_s <= 90
    assert page.size_bytes > 1000
    assert absent is None
    assert kept == Entry(kept.size_bytes if kept else 0, None)


def test_a_key_is_asked_for_in_its_own_database(
    cache: RedisCache, redis_server: RedisServer
) -> None:
    with redis_server.client(db=0) as other:
        other.set("page", b"x")
    assert cache.entries(["page"]) == [None]


def test_keys_are_utf_8(cache: RedisCache, site: redis.Redis) -> None:
    site.set("prix:é€😀".encode(), b"x")
    assert cache.entries(["prix:é€😀"]) != [None]
    assert cache.find("é€", 100) == (["prix:é€😀"], True)


def test_a_key_that_is_no_utf_8_is_found_and_asked_for_again(
    cache: RedisCache, site: redis.Redis
) -> None:
    site.set(b"page:\xff\xfe", b"x")
    keys, _ = cache.find("page:", 100)
    assert cache.entries(keys) != [None]


def test_a_key_that_expired_but_is_not_reaped_is_absent(start_redis: StartRedis) -> None:
    server = start_redis("--enable-debug-command", "yes")
    cache = RedisCache(parse(server.url))
    with server.client() as site:
        site.execute_command("DEBUG", "SET-ACTIVE-EXPIRE", "0")
        site.set("page", b"x", px=1)
        set_at = site.time()
        while site.time() < (set_at[0], set_at[1] + 2_000):
            pass
        hits, misses = hits_and_misses(site)
        assert site.memory_usage("page") is not None
        assert cache.entries(["page"]) == [None]
        assert hits_and_misses(site) == (hits, misses + 1)
    assert (cache.readings()[0].own_hits, cache.readings()[0].own_misses) == (0, 1)
    cache.close()


def test_our_own_look_ups_are_tallied_exactly(cache: RedisCache, site: redis.Redis) -> None:
    for number in range(40):
        site.set(f"page:{number}", b"x")
    site.lpush("list", "x")
    hits, misses = hits_and_misses(site)
    cache.entries([f"page:{number}" for number in range(50)])  # 40 PTTL
    cache.entries(["list"])  # 1 PTTL
    cache.values([f"page:{number}" for number in range(35, 45)], 100)  # 5 GET
    cache.values(["list", "absent"], 100)  # 1 GET, WRONGTYPE
    cache.find("page:", 1000)
    cache.count("page:*", 1000)
    assert hits_and_misses(site) == (hits + 47, misses)
    reading = cache.readings()[0]
    assert (reading.own_hits, reading.own_misses) == (47, 0)


def test_what_visitors_ask_is_the_difference_of_two_readings(
    cache: RedisCache, site: redis.Redis
) -> None:
    site.set("page", b"x")
    before = cache.readings()[0]
    for _ in range(3):
        site.get("page")
    site.get("absent")
    cache.entries(["page", "absent"])
    cache.values(["page"], 100)
    delta = difference(before, cache.readings()[0])
    assert (delta.hits, delta.misses, delta.hit_ratio, delta.note) == (3, 1, 0.75, None)


def test_a_value_comes_raw_and_only_up_to_its_limit(cache: RedisCache, site: redis.Redis) -> None:
    site.set("ten", b"\x80" * 10)
    site.set("eleven", b"y" * 11)
    site.set("huge", b"z" * 100_000)
    site.set("empty", b"")
    site.hset("hash", "a", "b")
    assert cache.values(["ten", "eleven", "huge", "empty", "hash", "absent"], 10) == [
        b"\x80" * 10,
        None,
        None,
        b"",
        None,
        None,
    ]


def test_a_huge_value_is_not_read(cache: RedisCache, site: redis.Redis) -> None:
    site.set("huge", b"z" * 100_000)
    sent = site.info("stats")["total_net_output_bytes"]
    cache.values(["huge"], 1_000)
    assert site.info("stats")["total_net_output_bytes"] - sent < 20_000


def test_a_fragment_is_taken_literally(cache: RedisCache, site: redis.Redis) -> None:
    site.mset({"a*b[c]?\\d": b"", "aXb[c]?\\d": b"", "axbc": b""})
    assert cache.find("a*b[c]?\\", 100) == (["a*b[c]?\\d"], True)


def test_keys_are_counted_by_a_glob(cache: RedisCache, site: redis.Redis) -> None:
    site.mset({f"template.cache.{name}.{n}": b"" for name in ("nav", "foot") for n in range(30)})
    assert cache.count("template.cache.nav.*", 1000) == (30, True)
    assert cache.count("template.cache.???.[12]?", 1000) == (20, True)
    assert cache.count("template.cache.[!n]*", 1000) == (30, True)
    assert cache.count("absent*", 1000) == (0, True)


def test_a_scan_of_300_000_keys_stops_at_its_limit(cache: RedisCache, site: redis.Redis) -> None:
    populate(site, 300_000)
    calls = site.info("commandstats").get("cmdstat_scan", {"calls": 0})["calls"]
    found, complete = cache.count("page*", 20_000)
    assert not complete
    assert 19_000 < found < 25_000
    assert site.info("commandstats")["cmdstat_scan"]["calls"] - calls == 20
    assert cache.count("page*", 1_000_000) == (300_000, True)


def test_ten_thousand_keys_are_asked_for_in_few_round_trips(
    cache: RedisCache, site: redis.Redis
) -> None:
    populate(site, 10_000)
    reads = site.info("stats")["total_reads_processed"]
    entries = cache.entries([f"page:{number}" for number in range(10_000)])
    assert None not in entries
    # The server reads 16 KiB at a time, so that hundreds of commands are one read.
    assert site.info("stats")["total_reads_processed"] - reads < 200


def test_a_flush_is_noticed(cache: RedisCache, site: redis.Redis) -> None:
    before = cache.readings()[0]
    site.flushdb()
    delta = difference(before, cache.readings()[0])
    assert (delta.trusted, delta.hits) == (False, None)
    assert delta.note == "the cache was flushed between the readings"


def test_a_restart_is_noticed(start_redis: StartRedis) -> None:
    first = start_redis()
    cache = RedisCache(parse(first.url))
    before = cache.readings()[0]
    first.server.stop()
    with pytest.raises(UnreachableError):
        cache.readings()
    start_redis(port=first.port)
    delta = difference(before, cache.readings()[0])
    assert delta.note == "the server restarted or failed over between the readings"
    cache.close()


def test_every_reset_of_the_counters_is_noticed(start_redis: StartRedis) -> None:
    server = start_redis()
    cache = RedisCache(parse(server.url))
    with server.client() as site:
        for _ in range(3):
            before = cache.readings()[0]
            site.config_resetstat()
            # By now every counter has overtaken what it was.
            for _ in range(30):
                with server.client() as visitor:
                    visitor.get("absent")
            delta = difference(before, cache.readings()[0])
            assert delta.trusted is False
            assert delta.note is not None
            assert "the counters were reset" in delta.note
    cache.close()


def test_evictions_are_warned_of_with_memory_and_policy(start_redis: StartRedis) -> None:
    server = start_redis("--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru")
    cache = RedisCache(parse(server.url))
    before = cache.readings()[0]
    with server.client() as site:
        for number in range(400):
            site.set(f"page:{number}", b"x" * 10_000)
        evicted = site.info("stats")["evicted_keys"]
    after = cache.readings()[0]
    assert (before.max_bytes, before.policy) == (3_145_728, "allkeys-lru")
    warning = eviction_warning(before, after)
    assert warning is not None
    assert warning.startswith(f"redis {server.node} EVICTED {evicted} entries during the run (")
    assert "MiB used of 3.0 MiB, policy allkeys-lru)" in warning
    cache.close()


def test_a_server_without_memory_usage_is_asked_by_ttl(start_redis: StartRedis) -> None:
    server = start_redis("--rename-command", "MEMORY", "")
    cache = RedisCache(parse(server.url))
    with server.client() as site:
        site.set("page", b"x" * 10, ex=100)
        site.lpush("list", "x")
        hits, misses = hits_and_misses(site)
        page, absent, listed = cache.entries(["page", "absent", "list"])
        assert page is not None
        assert page.size_bytes == 10
        assert (absent, listed) == (None, Entry(0, None))
        assert cache.values(["page", "list"], 10) == [b"x" * 10, None]
        reading = cache.readings()[0]
        assert hits_and_misses(site) == (hits + reading.own_hits, misses + reading.own_misses)
        assert reading.resets == 0
    cache.close()
