"""RedisCache against real servers; the servers' own counters are the oracle."""

# redis-py leaves half of its functions without types.
# mypy: allow-untyped-calls
from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.servers.process import free_port
from warmer.caches.address import parse
from warmer.caches.delta import difference, eviction_warning
from warmer.caches.open import open_cache
from warmer.caches.popularity import read_popularity
from warmer.caches.redis import RedisCache
from warmer.caches.server import Entry
from warmer.errors import ConfigError, SourceError, UnreachableError
from warmer.model import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import redis

    from tests.conftest import StartMemcached, StartRedis
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


def test_ten_thousand_keys_take_less_than_a_second(cache: RedisCache, site: redis.Redis) -> None:
    populate(site, 10_000)
    started = time.process_time()
    entries = cache.entries([f"page:{number}" for number in range(10_000)])
    assert time.process_time() - started < 1
    assert None not in entries


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


def test_nothing_listening_is_one_line_and_no_empty_cache() -> None:
    port = free_port()
    cache = open_cache(f"redis://:hush@127.0.0.1:{port}/0")
    with pytest.raises(UnreachableError) as caught:
        cache.entries(["page"])
    assert str(caught.value) == (
        f"cache redis://***@127.0.0.1:{port}/0: Redis does not answer (Error 111 connecting to "
        f"127.0.0.1:{port}. Connection refused.); start it, or mend the address"
    )
    with pytest.raises(UnreachableError):
        cache.readings()


def ask_until_it_fails(cache: RedisCache) -> None:
    # A process that was told to stop may answer once more before it does.
    while True:
        cache.entries(["page"])


def test_a_server_that_hangs_is_given_up_and_voids_the_difference(
    start_redis: StartRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warmer.caches.redis_connection.READ_TIMEOUT_S", 0.2)
    server = start_redis()
    cache = RedisCache(parse(server.url))
    before = cache.readings()[0]
    server.server.freeze()
    with pytest.raises(UnreachableError, match="does not answer"):
        ask_until_it_fails(cache)
    server.server.thaw()
    assert difference(before, cache.readings()[0]).trusted is False
    cache.close()


def test_a_wrong_password_is_refused_without_showing_it(start_redis: StartRedis) -> None:
    server = start_redis("--requirepass", "right")
    for login in (":hush", "ann:hush", ""):
        cache = open_cache(f"redis://{login}{'@' if login else ''}{server.node}/0")
        with pytest.raises(ConfigError) as caught:
            cache.entries(["page"])
        assert "refuses the login" in str(caught.value)
        assert "hush" not in str(caught.value)
    cache = open_cache(f"redis://:right@{server.node}/0")
    assert cache.entries(["page"]) == [None]
    cache.close()


def test_a_server_that_quotes_the_password_back_is_not_quoted(start_redis: StartRedis) -> None:
    server = start_redis("--rename-command", "AUTH", "")
    with pytest.raises(ConfigError) as caught:
        open_cache(f"redis://:hush@{server.node}/0").entries(["page"])
    assert "hush" not in str(caught.value)
    assert "AUTH" in str(caught.value)


def test_a_database_that_is_not_there_is_named(redis_server: RedisServer) -> None:
    with pytest.raises(ConfigError) as caught:
        open_cache(redis_server.database(99)).entries(["page"])
    assert str(caught.value) == (
        f"cache {redis_server.database(99)}: no such database (DB index is out of range); "
        "mend the number, or `databases` of the server"
    )


def test_a_user_without_the_commands_is_told_which(start_redis: StartRedis) -> None:
    server = start_redis()
    with server.client() as admin:
        admin.acl_setuser("ann", enabled=True, passwords=["+hush"], commands=["+info"], keys=["*"])
    with pytest.raises(ConfigError) as caught:
        open_cache(f"redis://ann:hush@{server.node}/0").entries(["page"])
    assert "allow it +info +scan +memory|usage +pttl +get" in str(caught.value)


def test_memcached_under_a_redis_url_is_a_wrong_port(start_memcached: StartMemcached) -> None:
    server = start_memcached()
    with pytest.raises((ConfigError, UnreachableError)) as caught:
        open_cache(f"redis://{server.node}/0").entries(["page"])
    assert "\n" not in str(caught.value)


def test_a_unix_socket_is_spoken_to(start_redis: StartRedis, tmp_path: Path) -> None:
    path = tmp_path / "r.sock"
    server = start_redis("--unixsocket", str(path))
    with server.client(db=2) as site:
        site.set("page", b"x")
    cache = open_cache(f"unix://{path}?db=2")
    assert cache.entries(["page"]) != [None]
    assert cache.readings()[0].node == str(path)
    cache.close()


def test_tls_is_spoken_and_the_certificate_verified(
    start_redis: StartRedis, tmp_path: Path
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-keyout", str(key), "-out", str(certificate), "-days", "1"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    port = free_port()
    start_redis(
        *("--tls-port", str(port), "--tls-auth-clients", "no"),
        *("--tls-cert-file", str(certificate), "--tls-key-file", str(key)),
    )
    cache = open_cache(f"rediss://127.0.0.1:{port}/0?ca_file={certificate}")
    assert cache.entries(["page"]) == [None]
    cache.close()
    with pytest.raises(UnreachableError, match="certificate"):
        open_cache(f"rediss://127.0.0.1:{port}/0").entries(["page"])
    with pytest.raises(ConfigError, match=r"no file /no/such\.pem; expected"):
        open_cache(f"rediss://127.0.0.1:{port}/0?ca_file=/no/such.pem")


def test_popular_urls_come_from_a_sorted_set_best_first(
    redis_server: RedisServer, site: redis.Redis
) -> None:
    site.zadd("popular", {f"/p/{number}": number for number in range(2500)})
    candidates = list(read_popularity(redis_server.database(1), "popular", 2100))
    assert len(candidates) == 2100
    assert candidates[0] == Candidate("/p/2499", 2499.0)
    assert candidates[-1] == Candidate("/p/400", 400.0)


def test_a_popular_url_that_is_no_utf_8_is_percent_encoded(
    redis_server: RedisServer, site: redis.Redis
) -> None:
    site.zadd("popular", {b"/caf\xe9?a=b%20c": 2})
    assert list(read_popularity(redis_server.database(1), "popular", 10)) == [
        Candidate("/caf%E9?a=b%20c", 2.0)
    ]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("absent", 'no key "absent"; expected a sorted set of URLs by hits'),
        ("text", 'key "text" is of another type; expected a sorted set of URLs by hits'),
        ("endless", 'key "endless" gives "/p/1" the score inf; expected a number'),
    ],
)
def test_a_key_that_is_no_sorted_set_of_urls_is_refused(
    redis_server: RedisServer, site: redis.Redis, key: str, message: str
) -> None:
    site.set("text", b"x")
    site.zadd("endless", {"/p/1": float("inf")})
    with pytest.raises(SourceError) as caught:
        list(read_popularity(redis_server.database(1), key, 10))
    assert str(caught.value) == f"source {redis_server.database(1)}: {message}"


def test_popularity_from_no_server_is_unreachable() -> None:
    with pytest.raises(UnreachableError):
        list(read_popularity(f"redis://127.0.0.1:{free_port()}/0", "popular", 10))


def test_popularity_from_memcached_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected a redis"):
        list(read_popularity("memcached://127.0.0.1", "popular", 10))
