"""What `warmer check` finds in a file for the daemon, at real servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from warmer.config import SiteConfig
from warmer.daemon.check import check_daemon, is_kept_warm
from warmer.errors import ExitCode
from warmer.run.check import Finding

if TYPE_CHECKING:
    from tests.conftest import StartRedis
    from tests.servers.stores import MemcachedServer, RedisServer


def site(**keys: Any) -> SiteConfig:
    return msgspec.convert({"base_url": "https://www.example.com", **keys}, SiteConfig)


def checked(environment: dict[str, str] | None = None, **keys: Any) -> list[Finding]:
    return check_daemon(site(**keys), environment or {})


def test_a_stream_beside_the_cache_is_as_it_should_be(redis_server: RedisServer) -> None:
    stream, daemon = checked(
        cache=[{"url": redis_server.database(1)}],
        invalidation={"stream": redis_server.database(5)},
    )
    assert stream == Finding("stream", f"redis {redis_server.node}")
    assert daemon == Finding(
        "daemon", "127.0.0.1:8089, without a token, so nothing is triggered by HTTP"
    )


def test_a_stream_in_the_database_of_a_cache_is_refused_however_it_is_written(
    redis_server: RedisServer,
) -> None:
    url = f"redis://localhost:{redis_server.port}/1"
    stream, _ = checked(cache=[{"url": redis_server.database(1)}], invalidation={"stream": url})
    assert stream.error is ExitCode.USAGE
    assert stream.text == (
        f"{url} is also the database of the cache {redis_server.database(1)}, and is lost"
        " when that is flushed; expected another database, or better another server"
    )


def test_a_stream_on_a_server_that_evicts_anything_is_told_of(start_redis: StartRedis) -> None:
    server = start_redis("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
    stream, _ = checked(invalidation={"stream": server.database(5)})
    assert stream.error is None
    assert stream.text.endswith("; allkeys-lru may evict it when memory is full")


@pytest.mark.parametrize("scheme", ["redis+cluster", "memcached"])
def test_what_holds_no_stream_is_refused(scheme: str, memcached_server: MemcachedServer) -> None:
    stream, _ = checked(invalidation={"stream": f"{scheme}://{memcached_server.node}"})
    assert stream.error is ExitCode.USAGE
    assert "no stream is read there; expected redis://" in stream.text


@pytest.mark.parametrize("key", ["token_env", "secret_env"])
def test_a_variable_that_is_not_set_is_named(key: str) -> None:
    (daemon,) = checked(daemon={key: "SHOP_SECRET"})
    assert daemon.error is ExitCode.USAGE
    assert daemon.text.startswith(f"daemon.{key}: environment variable SHOP_SECRET is not set")
    (daemon,) = checked({"SHOP_SECRET": "abc"}, daemon={key: "SHOP_SECRET"})
    assert daemon.error is None


def test_of_a_file_that_says_nothing_of_the_daemon_nothing_is_said() -> None:
    assert checked() == []
    assert not is_kept_warm(site())
    assert is_kept_warm(site(invalidation={}))
