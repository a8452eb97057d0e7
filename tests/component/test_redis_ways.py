"""Ways to a Redis server: passwords, sockets, TLS; and what is said where one leads nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers.certificates import Authority
from tests.servers.process import free_port
from warmer.caches.address import parse
from warmer.caches.delta import difference
from warmer.caches.open import open_cache
from warmer.caches.redis import RedisCache
from warmer.errors import ConfigError, UnreachableError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartMemcached, StartRedis
    from tests.servers.stores import RedisServer


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
    authority = Authority(tmp_path)
    certificate = authority.issue("localhost")
    port = free_port()
    start_redis(
        *("--tls-port", str(port), "--tls-auth-clients", "no"),
        *("--tls-cert-file", str(certificate.chain), "--tls-key-file", str(certificate.key)),
    )
    cache = open_cache(f"rediss://localhost:{port}/0?ca_file={authority.ca_file}")
    assert cache.entries(["page"]) == [None]
    cache.close()
    with pytest.raises(UnreachableError, match="certificate"):
        open_cache(f"rediss://localhost:{port}/0").entries(["page"])
    with pytest.raises(ConfigError, match=r"no file /no/such\.pem; expected"):
        open_cache(f"rediss://localhost:{port}/0?ca_file=/no/such.pem")
