"""The servers that other tests rely on do start, answer, stay apart and stop."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.servers.process import ServerError, accepts, require

if TYPE_CHECKING:
    from tests.conftest import StartMemcached, StartNginx, StartRedis, StartVarnish
    from tests.servers.stores import MemcachedServer, RedisServer


def test_the_shared_redis_is_empty_and_answers(redis_server: RedisServer) -> None:
    client = redis_server.client()
    assert client.dbsize() == 0
    client.set("left", "behind")


def test_the_shared_redis_is_empty_again_for_the_next_test(redis_server: RedisServer) -> None:
    assert redis_server.client().get("left") is None


def test_the_shared_memcached_is_empty_and_answers(memcached_server: MemcachedServer) -> None:
    client = memcached_server.client()
    assert client.get("left") is None
    client.set("left", b"behind", noreply=False)


def test_the_shared_memcached_is_empty_again(memcached_server: MemcachedServer) -> None:
    assert memcached_server.client().get("left") is None


def test_a_redis_of_ones_own_takes_options_and_can_be_stopped(start_redis: StartRedis) -> None:
    server = start_redis("--maxmemory", "5mb")
    assert server.client().config_get("maxmemory") == {"maxmemory": "5242880"}
    server.server.stop()
    assert not accepts(server.port)


def test_a_redis_comes_back_on_its_port(start_redis: StartRedis) -> None:
    first = start_redis()
    first.server.stop()
    assert start_redis(port=first.port).client().ping()


def test_two_memcacheds_have_different_ports(start_memcached: StartMemcached) -> None:
    assert start_memcached().port != start_memcached("-m", "8").port


def test_nginx_serves_what_its_http_block_says(start_nginx: StartNginx) -> None:
    server = start_nginx("server { listen 127.0.0.1:@PORT@; return 200 hello; }")
    with urllib.request.urlopen(server.url) as response:
        assert response.read() == b"hello"


def test_varnish_serves_what_its_vcl_says(start_varnish: StartVarnish) -> None:
    server = start_varnish(
        'vcl 4.1; backend none none; sub vcl_recv { return (synth(200, "hello")); }'
    )
    with urllib.request.urlopen(server.url) as response:
        assert response.reason == "hello"


def test_a_server_that_does_not_start_is_reported_with_its_log(start_redis: StartRedis) -> None:
    with pytest.raises(ServerError, match="--no-such-option"):
        start_redis("--no-such-option", "1")


def test_a_server_that_is_not_installed_is_reported_with_its_package() -> None:
    with pytest.raises(ServerError, match="run: apt-get install redis-server"):
        require("no-such-server", package="redis-server")
