"""How real servers stand: who gets in, where they listen, what they keep."""

# redis-py leaves half of its functions without types.
# mypy: allow-untyped-calls
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers.process import HOST, free_port
from warmer.caches.address import parse
from warmer.caches.standing import Standing, standings
from warmer.errors import ConfigError, UnreachableError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartMemcached, StartRedis

ROUND_TRIPS = 100_000


def only(url: str) -> Standing:
    (found,) = standings(parse(url))
    return found


def test_a_redis_of_ones_own_listens_on_loopback_and_keeps_nothing(start_redis: StartRedis) -> None:
    found = only(start_redis().url)
    assert (found.asks_login, found.address, found.binds) == (False, HOST, (HOST,))
    assert (found.keeps, found.write_error, found.loopback_only) == ("nothing", None, True)


def test_addresses_that_may_be_missing_and_snapshots_are_understood(
    start_redis: StartRedis,
) -> None:
    redis = start_redis("--bind", HOST, "-::1", "--save", "3600 1")
    found = only(redis.url)
    assert (found.binds, found.keeps) == ((HOST, "::1"), "snapshots")


def test_an_append_only_file_is_told(start_redis: StartRedis) -> None:
    assert only(start_redis("--appendonly", "yes").url).keeps == "append-only file"


def test_a_redis_that_asks_strangers_for_a_password_is_known(start_redis: StartRedis) -> None:
    redis = start_redis("--requirepass", "s3cret")
    assert only(redis.url.replace("//", "//:s3cret@")).asks_login
    with pytest.raises(ConfigError):
        standings(parse(redis.url))


def test_a_login_that_strangers_do_not_need_protects_nothing(start_redis: StartRedis) -> None:
    redis = start_redis("--user", "shop", "on", ">s3cret", "~*", "+@all")
    assert not only(redis.url.replace("//", "//shop:s3cret@")).asks_login


def test_a_redis_that_forbids_config_does_not_tell_where_it_listens(
    start_redis: StartRedis,
) -> None:
    redis = start_redis("--user", "shop", "on", ">s3cret", "~*", "+@all", "-config")
    found = only(redis.url.replace("//", "//shop:s3cret@"))
    assert (found.binds, found.loopback_only) == (None, False)
    assert found.keeps == "no append-only file; whether snapshots are taken it does not tell"


def test_a_unix_socket_has_no_address(start_redis: StartRedis, tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    start_redis("--unixsocket", str(path))
    found = only(f"unix://{path}")
    assert (found.address, found.reading.node) == (None, str(path))


def test_the_primaries_of_a_cluster_stand_each_for_itself(start_redis: StartRedis) -> None:
    redis = start_redis("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    with redis.client() as client:
        client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16_383)
        client.execute_command("CONFIG", "SET", "cluster-announce-ip", HOST)
        for _ in range(ROUND_TRIPS):
            if client.execute_command("CLUSTER INFO")["cluster_state"] == "ok":
                break
        client.config_set("requirepass", "s3cret")
    found = only(f"redis+cluster://:s3cret@{redis.node}")
    assert (found.reading.node, found.asks_login) == (redis.node, True)


def test_every_address_that_memcached_listens_on_is_told(start_memcached: StartMemcached) -> None:
    found = only(start_memcached("-l", "127.0.0.2").url)
    assert (found.address, found.binds) == (HOST, (HOST, "127.0.0.2"))
    assert (found.keeps, found.asks_login) == ("nothing", False)


def test_a_server_that_does_not_answer_is_an_error_of_one_line() -> None:
    for url in (f"redis://{HOST}:{free_port()}/0", f"memcached://{HOST}:{free_port()}"):
        with pytest.raises(UnreachableError) as failed:
            standings(parse(url))
        assert "\n" not in str(failed.value)
