"""TLS as visitors have it, at another machine: names, trust, client certificates."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

import pytest

from tests.component.crawl_runs import HOST, new_job, warm
from tests.component.wiretap import Wiretap, server_tls
from tests.servers.misbehaviour import page, redirect
from tests.servers.process import HOST as LOOPBACK
from tests.servers.rogue import Rogue
from warmer.crawl.crawl import crawl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import StartNginx
    from tests.servers.certificates import Authority, Certificate


BASE_URL = f"https://{HOST}"


@pytest.fixture
def tls_rogue(certificate: Certificate) -> Iterator[Rogue]:
    server = Rogue(server_tls(certificate))
    server.start()
    yield server
    server.stop()


async def test_host_and_server_name_are_the_sites_where_tcp_goes_elsewhere(
    authority: Authority, certificate: Certificate
) -> None:
    async with Wiretap(tls=server_tls(certificate)) as wire:
        seen = await warm(
            ["/"],
            base_url=BASE_URL,
            connect_to=f"127.0.0.1:{wire.port}",
            origin={"ca_file": str(authority.ca_file)},
        )
    assert seen.only().status == 200
    assert wire.names == [HOST]
    assert b"\r\nHost: www.example.com\r\n" in wire.heads[0]
    assert b"\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n" in wire.heads[0]
    assert b"\r\nSec-Fetch-Mode: navigate\r\n" in wire.heads[0]


@pytest.mark.parametrize(
    ("name", "expired", "detail"),
    [
        (
            "other.example.com",
            False,
            "no alternative certificate subject name matches target hostname",
        ),
        (HOST, True, "certificate has expired"),
    ],
)
async def test_a_certificate_that_visitors_would_refuse_is_refused(
    authority: Authority, name: str, detail: str, *, expired: bool
) -> None:
    context = server_tls(authority.issue(name, expired=expired))
    async with Wiretap(tls=context) as wire:
        seen = await warm(
            ["/"],
            base_url=BASE_URL,
            connect_to=f"127.0.0.1:{wire.port}",
            origin={"ca_file": str(authority.ca_file)},
        )
    call = seen.only()
    assert (call.reason, call.attempts, wire.heads) == ("tls", 1, [])
    assert detail in call.detail


async def test_an_authority_that_is_not_trusted_is_refused(certificate: Certificate) -> None:
    async with Wiretap(tls=server_tls(certificate)) as wire:
        seen = await warm(["/"], base_url=BASE_URL, connect_to=f"127.0.0.1:{wire.port}")
    call = seen.only()
    assert (call.reason, wire.heads) == ("tls", [])
    assert "unable to get local issuer certificate" in call.detail


async def test_a_file_of_authorities_that_is_not_there_is_named(certificate: Certificate) -> None:
    async with Wiretap(tls=server_tls(certificate)) as wire:
        seen = await warm(
            ["/"],
            base_url=BASE_URL,
            connect_to=f"127.0.0.1:{wire.port}",
            origin={"ca_file": "/nowhere/authörity.pem"},
        )
    call = seen.only()
    assert call.reason == "tls"
    assert "/nowhere/auth" in call.detail


async def test_a_server_that_speaks_no_tls_is_a_fault_of_tls(start_nginx: StartNginx) -> None:
    proxy = start_nginx(f"server {{ listen {LOOPBACK}:@PORT@; return 200; }}")
    seen = await warm(["/"], base_url=BASE_URL, connect_to=proxy.node)
    assert seen.only().reason == "tls"


async def test_a_client_certificate_is_shown_to_the_site(
    authority: Authority, certificate: Certificate
) -> None:
    client = authority.issue("warmer.example.com")
    async with Wiretap(tls=server_tls(certificate, clients=authority.ca_file)) as wire:
        seen = await warm(
            ["/"],
            base_url=BASE_URL,
            connect_to=f"127.0.0.1:{wire.port}",
            origin={
                "ca_file": str(authority.ca_file),
                "client_cert": str(client.chain),
                "client_key": str(client.key),
            },
        )
    assert seen.only().status == 200


async def test_a_client_certificate_that_is_missing_is_a_fault_of_tls(
    authority: Authority, certificate: Certificate
) -> None:
    context = server_tls(certificate, clients=authority.ca_file)
    # With 1.3 the refusal races with the request.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with Wiretap(tls=context) as wire:
        seen = await warm(
            ["/"],
            base_url=BASE_URL,
            connect_to=f"127.0.0.1:{wire.port}",
            origin={"ca_file": str(authority.ca_file)},
        )
    call = seen.only()
    assert (call.reason, call.attempts, wire.heads) == ("tls", 1, [])
    assert call.detail.startswith("TLS connect error")


async def test_slow_pages_over_tls_are_fetched_side_by_side(
    tls_rogue: Rogue, authority: Authority
) -> None:
    tls_rogue.on("/held", page())
    job = new_job(
        ["/held"] * 8,
        base_url=BASE_URL,
        connect_to=f"{tls_rogue.host}:{tls_rogue.port}",
        origin={"ca_file": str(authority.ca_file)},
    )
    async with tls_rogue.hold("/held") as held:
        crawling = asyncio.create_task(crawl(job))
        await held.arrived(4)
    await crawling
    assert (tls_rogue.count(), tls_rogue.connections) == (8, 4)


async def test_the_twin_over_https_is_met_at_the_same_machine(
    rogue: Rogue, tls_rogue: Rogue, authority: Authority
) -> None:
    twin = f"https://{HOST}:{tls_rogue.port}/p"
    rogue.on("/p", redirect(twin, status="301 Moved Permanently"))
    tls_rogue.on("/p", page())

    seen = await warm(
        ["/p"],
        connect_to=f"{rogue.host}:{rogue.port}",
        origin={"ca_file": str(authority.ca_file)},
    )

    assert (seen.only().status, seen.only().final_url) == (200, twin)
    (request,) = tls_rogue.requests()
    assert request.headers["host"] == f"{HOST}:{tls_rogue.port}"
