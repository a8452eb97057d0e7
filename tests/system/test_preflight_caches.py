"""`warmer preflight --cache`: servers in order, and with each fault of theirs, one at a time."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from redis.exceptions import OutOfMemoryError

from tests.servers.process import HOST, free_port
from tests.system.launch_site import Front, Launch, grades, reason

if TYPE_CHECKING:
    from tests.conftest import StartMemcached, StartRedis

ROUND_TRIPS = 100_000


def test_a_redis_that_anyone_may_enter_is_found(launch: Launch, start_redis: StartRedis) -> None:
    redis = start_redis(
        *("--bind", "0.0.0.0", "--protected-mode", "no"),
        *("--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"),
    )
    found = launch.look(Front(), "--cache", redis.url)
    assert (found.code, grades(found)) == (1, {"cache-exposed": "fail"})
    assert reason(found, "cache-exposed") == "listens on 0.0.0.0 without a password"


def test_a_redis_with_a_password_may_listen_anywhere(
    launch: Launch, start_redis: StartRedis
) -> None:
    redis = start_redis(
        *("--bind", "0.0.0.0", "--protected-mode", "no", "--requirepass", "s3cret"),
        *("--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"),
    )
    found = launch.look(Front(), "--cache", redis.url.replace("//", "//:s3cret@"))
    assert (found.code, grades(found)) == (0, {})
    assert reason(found, "cache-exposed") == "asks for a login"
    assert "s3cret" not in found.stdout + json.dumps(found.report)


def test_a_redis_that_is_full_and_evicts_nothing_is_found(
    launch: Launch, start_redis: StartRedis
) -> None:
    redis = start_redis("--maxmemory", "4mb", "--maxmemory-policy", "noeviction")
    with redis.client() as client, contextlib.suppress(OutOfMemoryError):
        for number in range(100):
            client.set(f"page:{number}", b"x" * 100_000)
    found = launch.look(Front(), "--cache", redis.url)
    assert grades(found) == {"cache-memory": "fail", "cache-policy": "warn"}, found.stdout
    assert found.code == 1
    assert reason(found, "cache-memory").startswith("full: ")


def test_a_redis_without_a_limit_that_has_evicted_is_warned_of(
    launch: Launch, start_redis: StartRedis
) -> None:
    redis = start_redis("--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru")
    with redis.client() as client:
        for number in range(40):
            client.set(f"page:{number}", b"x" * 100_000)
        client.config_set("maxmemory", 0)
    found = launch.look(Front(), "--cache", redis.url)
    assert grades(found) == {"cache-memory": "warn", "cache-evictions": "warn"}, found.stdout


def test_a_redis_that_refuses_writes_after_a_failed_snapshot_is_found(
    launch: Launch,
) -> None:
    # No file can take the name of a directory.
    (launch.redis.server.log.parent / "dump.rdb").mkdir()
    with launch.redis.client() as client:
        client.config_set("save", "3600 1")
        client.bgsave()
        for _ in range(ROUND_TRIPS):  # each waits for the server's answer
            if not client.info("persistence")["rdb_bgsave_in_progress"]:
                break
    found = launch.look(Front(), "--cache", launch.redis.url)
    assert (found.code, grades(found)) == (1, {"cache-persistence": "fail"}), found.stdout


def test_memcached_on_loopback_is_in_order(launch: Launch, start_memcached: StartMemcached) -> None:
    found = launch.look(Front(), "--cache", start_memcached().url)
    assert (found.code, grades(found)) == (0, {}), found.stdout
    assert reason(found, "cache-exposed") == "on loopback only"


def test_a_cache_that_does_not_answer_fails_and_the_rest_of_it_is_skipped(launch: Launch) -> None:
    found = launch.look(Front(), "--cache", f"redis://{HOST}:{free_port()}/0")
    assert (found.code, grades(found)) == (1, {"cache-reachable": "fail"})
    assert len(grades(found, "skipped")) == 7
