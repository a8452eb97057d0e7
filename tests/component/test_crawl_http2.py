"""HTTP/2 where a server offers it, as nginx saw it: connections, and what of them ends early."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from tests.component.crawl_runs import HOST, Notebook, new_job, warm
from tests.servers.misbehaviour import cut_short, page
from tests.servers.process import HOST as LOOPBACK
from warmer.crawl.crawl import crawl

if TYPE_CHECKING:
    from tests.conftest import StartNginx
    from tests.servers.certificates import Authority, Certificate
    from tests.servers.proxies import Proxy
    from tests.servers.rogue import Rogue

BASE_URL = f"https://{HOST}"


def nginx_http2(certificate: Certificate, upstream: int) -> str:
    return f"""
    log_format wire '$server_protocol $connection $request_uri $http_host';
    server {{
        access_log @DIR@/access.log wire;
        listen {LOOPBACK}:@PORT@ ssl http2;
        ssl_certificate {certificate.chain};
        ssl_certificate_key {certificate.key};
        keepalive_requests 50;
        location / {{
            proxy_pass http://{LOOPBACK}:{upstream};
            proxy_buffering off;
        }}
    }}
    """


def logged(proxy: Proxy) -> list[list[str]]:
    """Protocol, connection, path and host of each request that nginx has served."""
    proxy.server.stop()
    return [line.split() for line in proxy.access_log.read_text().splitlines()]


async def test_http_2_is_spoken_where_the_server_offers_it(
    rogue: Rogue, authority: Authority, certificate: Certificate, start_nginx: StartNginx
) -> None:
    rogue.on("/", page())
    proxy = start_nginx(nginx_http2(certificate, rogue.port))
    await warm(
        ["/"] * 8,
        base_url=BASE_URL,
        connect_to=proxy.node,
        origin={"ca_file": str(authority.ca_file)},
        concurrency="auto",
    )
    lines = logged(proxy)
    assert [line[0] for line in lines] == ["HTTP/2.0"] * 8
    assert {line[3] for line in lines} == {HOST}


async def test_a_site_said_to_speak_http_2_is_met_over_one_connection(
    rogue: Rogue,
    authority: Authority,
    certificate: Certificate,
    start_nginx: StartNginx,
) -> None:
    rogue.on("/held", page())
    proxy = start_nginx(nginx_http2(certificate, rogue.port))
    job = new_job(
        ["/held"] * 8,
        base_url=BASE_URL,
        connect_to=proxy.node,
        origin={"ca_file": str(authority.ca_file)},
        concurrency=8,
        http="2",
    )
    async with rogue.hold("/held") as held:
        crawling = asyncio.create_task(crawl(job))
        await held.arrived(8)
    await crawling

    lines = logged(proxy)
    assert [line[0] for line in lines] == ["HTTP/2.0"] * 8
    assert len({line[1] for line in lines}) == 1


async def test_a_server_that_ends_its_http_2_connections_gets_no_request_untold(
    rogue: Rogue, authority: Authority, certificate: Certificate, start_nginx: StartNginx
) -> None:
    proxy = start_nginx(nginx_http2(certificate, rogue.port))
    paths = [f"/p/{number}" for number in range(500)]
    for path in paths:
        rogue.on(path, page())

    seen = await warm(
        paths,
        base_url=BASE_URL,
        connect_to=proxy.node,
        origin={"ca_file": str(authority.ca_file)},
        concurrency=16,
    )

    assert seen.results() == dict.fromkeys(paths, 200)
    # Where a connection ends between request and answer, ours is tried again: that is told.
    asked = Counter(request.target for request in rogue.requests())
    assert all(1 <= asked[each.path] <= each.attempts for each in seen.calls)


async def test_a_page_cut_short_over_http_2_was_closed_early(
    rogue: Rogue, authority: Authority, certificate: Certificate, start_nginx: StartNginx
) -> None:
    proxy = start_nginx(nginx_http2(certificate, rogue.port))
    rogue.on("/cut", cut_short())
    rogue.on("/good", page())
    notebook = Notebook()
    await crawl(
        new_job(
            ["/cut", "/good"],
            base_url=BASE_URL,
            connect_to=proxy.node,
            origin={"ca_file": str(authority.ca_file)},
            observer=notebook,
            retries=0,
        )
    )
    assert notebook.results() == {"/cut": "closed-early", "/good": 200}


async def test_only_http_1_is_spoken_where_it_was_asked_for(
    rogue: Rogue, authority: Authority, certificate: Certificate, start_nginx: StartNginx
) -> None:
    proxy = start_nginx(nginx_http2(certificate, rogue.port))
    rogue.on("/", page())
    await warm(
        ["/"],
        base_url=BASE_URL,
        connect_to=proxy.node,
        origin={"ca_file": str(authority.ca_file)},
        http="1.1",
    )
    assert [line[0] for line in logged(proxy)] == ["HTTP/1.1"]
