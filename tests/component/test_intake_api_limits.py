"""What clients of the API can hold is bounded: sizes, times, connections."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.component.intake_api import BEARER, TOKEN, Client, serving
from tests.component.intake_site import LIMIT_S, NOW, HeldSite
from warmer.daemon.access import Access
from warmer.daemon.api import Api
from warmer.daemon.connections import MAX_CONNECTIONS
from warmer.daemon.metrics import Metrics
from warmer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with serving(HeldSite(tmp_path / "w.db")) as served:
        yield served


async def test_a_huge_header_is_refused(client: Client) -> None:
    async with client.session.get(client.url("/healthz"), headers={"X": "x" * 9_000}) as answer:
        assert answer.status == 400


async def test_more_connections_than_allowed_are_turned_away_and_the_others_served(
    client: Client,
) -> None:
    assert client.api.port is not None
    opened = [
        await asyncio.open_connection("127.0.0.1", client.api.port) for _ in range(MAX_CONNECTIONS)
    ]
    async with asyncio.timeout(LIMIT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", client.api.port)
        assert (await reader.readline()) == b"HTTP/1.1 503 Service Unavailable\r\n"
        writer.close()
        opened.pop()[1].close()
        first_reader, first_writer = opened[0]
        first_writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await first_reader.readline()) == b"HTTP/1.1 200 OK\r\n"
    for _, writer in opened:
        writer.close()


async def test_a_client_that_never_ends_its_head_is_cut_off(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warmer.daemon.connections.REQUEST_S", 0.05)
    assert client.api.port is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", client.api.port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
    async with asyncio.timeout(LIMIT_S):
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    writer.close()


async def test_a_client_that_never_ends_its_body_is_answered(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warmer.daemon.api_triggers.BODY_S", 0.05)
    assert client.api.port is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", client.api.port)
    head = f"POST /v1/triggers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    writer.write(f"{head}Content-Length: 9\r\n\r\n{{".encode())
    async with asyncio.timeout(LIMIT_S):
        assert await reader.readline() == b"HTTP/1.1 408 Request Timeout\r\n"
    writer.close()


async def test_a_port_that_another_program_has_is_refused(tmp_path: Path) -> None:
    holder = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = holder.sockets[0].getsockname()[1]
    site = HeldSite(tmp_path / "w.db")
    api = Api([site.reception], Access(host="127.0.0.1", port=port), [], Metrics(lambda: NOW))
    with pytest.raises(ConfigError) as refused:
        await api.claim()
    assert str(refused.value) == (
        f"daemon.listen: 127.0.0.1:{port} is taken by another program, perhaps by another daemon;"
        " expected a free port, or stop that one first"
    )
    holder.close()


async def test_an_address_that_the_machine_has_not_got_yet_is_waited_for(tmp_path: Path) -> None:
    site = HeldSite(tmp_path / "w.db")
    api = Api([site.reception], Access(host="192.0.2.1", port=8089), [], Metrics(lambda: NOW))
    await api.claim()
    health = api.health()
    assert not health.ok
    assert health.detail.startswith("daemon.listen: 192.0.2.1:8089 cannot be used: ")


async def test_a_trigger_is_refused_for_now_while_another_process_writes(tmp_path: Path) -> None:
    site = HeldSite(tmp_path / "w.db", patience_s=0.01)
    with contextlib.closing(sqlite3.connect(tmp_path / "w.db", isolation_level=None)) as other:
        async with serving(site) as client:
            other.execute("BEGIN IMMEDIATE")
            url = client.url("/v1/triggers")
            async with client.session.post(url, json={"all": True}, headers=BEARER) as answer:
                assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
                assert "database is locked" in await answer.text()
            other.execute("COMMIT")
            status, _ = await client.post({"all": True}, BEARER)
            assert status == 202


async def test_a_body_without_a_length_is_bounded_too(client: Client) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    async with client.session.post(
        client.url("/v1/triggers"), data=chunks(), headers=BEARER
    ) as answer:
        assert answer.status == 413
