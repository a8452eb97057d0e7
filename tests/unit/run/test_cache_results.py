"""Counters by pass, and key patterns, from a real Redis."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from warmer.config import CacheConfig, PatternConfig
from warmer.run.cache_keys import CacheKeys
from warmer.run.cache_results import CacheLog

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.conftest import StartRedis
    from tests.servers.stores import RedisServer


def visit(redis: RedisServer, *, hits: int, misses: int) -> None:
    with redis.client() as client:
        client.set("page", "x")
        for _ in range(hits):
            client.get("page")
        for _ in range(misses):
            client.get("absent")


def watched(
    config: CacheConfig,
    steps: Callable[[CacheLog], Awaitable[None]],
    *,
    looks: Callable[[], int] = lambda: 0,
) -> tuple[list[dict[str, object]], list[dict[str, object]], list[str]]:
    """Results, pattern results and warnings of a log after these steps."""

    async def watch() -> CacheLog:
        keys = CacheKeys([config], None)
        log = CacheLog([config], keys, looks=looks)
        try:
            await steps(log)
        finally:
            keys.close()
        return log

    log = asyncio.run(watch())
    return log.results(), log.pattern_results(), log.warnings()


def numbers(found: Any) -> tuple[object, object, object]:
    return found["hits"], found["misses"], found["hit_ratio"]


def test_each_pass_has_its_own_counts_and_the_probes_stand_for_visitors(
    redis_server: RedisServer,
) -> None:
    async def steps(log: CacheLog) -> None:
        visit(redis_server, hits=5, misses=5)  # before the run: nobody's business
        await log.begin()
        visit(redis_server, hits=1, misses=3)
        await log.after_warm()
        visit(redis_server, hits=8, misses=2)
        await log.after_probe()
        visit(redis_server, hits=9, misses=9)
        await log.end()

    ((found,), _, warnings) = watched(CacheConfig(url=redis_server.url), steps)
    assert (found["node"], found["kind"], found["trusted"]) == (redis_server.node, "redis", True)
    assert numbers(found) == (8, 2, 0.8)
    assert numbers(found["warm_pass"]) == (1, 3, 0.25)
    assert numbers(found["probe_pass"]) == (8, 2, 0.8)
    assert (found["evictions"], found["note"], warnings) == (0, None, [])


def test_what_the_visitor_guard_asked_for_is_told_by_pass(redis_server: RedisServer) -> None:
    looks = 7  # before the run

    async def steps(log: CacheLog) -> None:
        nonlocal looks
        await log.begin()
        looks += 5
        await log.after_warm()
        looks += 2
        await log.after_probe()
        looks += 1

    ((found,), _, _) = watched(CacheConfig(url=redis_server.url), steps, looks=lambda: looks)
    assert found["warm_pass"] == {"hits": 0, "misses": 0, "hit_ratio": None, "canary_looks": 5}
    assert found["probe_pass"] == {"hits": 0, "misses": 0, "hit_ratio": None, "canary_looks": 2}


def test_without_probes_the_warm_pass_stands_for_itself(redis_server: RedisServer) -> None:
    async def steps(log: CacheLog) -> None:
        await log.begin()
        visit(redis_server, hits=3, misses=1)
        await log.after_warm()
        await log.end()

    ((found,), _, _) = watched(CacheConfig(url=redis_server.url), steps)
    assert numbers(found) == (3, 1, 0.75)
    assert numbers(found["warm_pass"]) == (3, 1, 0.75)
    assert found["probe_pass"] is None


def test_a_pass_in_which_nothing_was_asked_has_no_ratio(redis_server: RedisServer) -> None:
    async def steps(log: CacheLog) -> None:
        await log.begin()
        await log.after_warm()

    ((found,), _, _) = watched(CacheConfig(url=redis_server.url), steps)
    assert numbers(found) == (0, 0, None)


def test_a_run_that_ended_before_a_second_reading_has_counted_nothing(
    redis_server: RedisServer,
) -> None:
    async def steps(log: CacheLog) -> None:
        await log.begin()

    ((found,), _, _) = watched(CacheConfig(url=redis_server.url), steps)
    assert numbers(found) == (None, None, None)
    assert (found["evictions"], found["trusted"]) == (None, False)
    assert found["note"] == "the run ended before the second reading"


def test_a_flush_in_between_voids_the_counts_and_says_so(redis_server: RedisServer) -> None:
    async def steps(log: CacheLog) -> None:
        await log.begin()
        visit(redis_server, hits=3, misses=1)
        await log.after_warm()
        redis_server.flush()
        await log.after_probe()

    ((found,), _, _) = watched(CacheConfig(url=redis_server.url), steps)
    assert numbers(found) == (None, None, None)
    assert found["note"] == "the cache was flushed between the readings"
    assert numbers(found["warm_pass"]) == (3, 1, 0.75)
    assert numbers(found["probe_pass"]) == (None, None, None)


def test_evictions_are_a_warning_with_memory_and_policy(start_redis: StartRedis) -> None:
    redis = start_redis("--maxmemory", "2mb", "--maxmemory-policy", "allkeys-lru")

    async def steps(log: CacheLog) -> None:
        await log.begin()
        with redis.client() as client:
            for number in range(400):
                client.set(f"page{number}", "x" * 10_000)
        await log.after_warm()

    ((found,), _, (warning,)) = watched(CacheConfig(url=redis.url), steps)
    assert isinstance(found["evictions"], int)
    assert found["evictions"] > 0
    assert found["policy"] == "allkeys-lru"
    assert warning.startswith(f"redis {redis.node} EVICTED {found['evictions']} entries")
    assert "of 2.0 MiB, policy allkeys-lru" in warning


@pytest.mark.parametrize(
    ("minimum", "limit", "value", "verdict"),
    [
        (30, 10_000, 30, "pass"),
        (31, 10_000, 30, "fail"),
        # The search ended at its limit: that fewer were found proves nothing.
        (5000, 100, None, "no_data"),
    ],
)
def test_patterns_have_minimum_counts(
    redis_server: RedisServer, minimum: int, limit: int, value: int | None, verdict: str
) -> None:
    with redis_server.client() as client:
        for number in range(30):
            client.set(f"fragment.{number}", "x")
        for number in range(3000):
            client.set(f"other.{number}", "x")
    config = CacheConfig(
        url=redis_server.url,
        pattern=(PatternConfig(match="fragment.*", min=minimum),),
        scan_limit=limit,
    )

    async def steps(log: CacheLog) -> None:
        await log.begin()
        await log.after_warm()
        await log.end()

    (_, patterns, _) = watched(config, steps)
    assert patterns == [
        {"expr": f"count(fragment.*)>={minimum}", "value": value, "verdict": verdict}
    ]
