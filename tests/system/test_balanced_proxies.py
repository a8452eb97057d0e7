"""`warmer crawl` through a balancer of connections, in front of proxies that share no cache."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

from tests.servers import fronts
from tests.servers.django_site import SiteOptions
from tests.servers.process import HOST
from tests.system.command import crawl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.conftest import StartNginx, StartSite

PAGES = 50
PER_SECOND = 20
"""So a pass takes longer than a connection is kept where nobody chooses any."""


@contextlib.contextmanager
def balancer(ports: Sequence[int]) -> Iterator[str]:
    """Two connections to the first, two to the next, and so on; yields where it listens."""
    with socket.create_server((HOST, 0)) as listening:
        serving = threading.Thread(target=_serve, args=(listening, ports))
        serving.start()
        yield f"{HOST}:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        serving.join()


def _serve(listening: socket.socket, ports: Sequence[int]) -> None:
    pumps: list[threading.Thread] = []
    count = 0
    while True:
        try:
            client, _ = listening.accept()
        except OSError:  # the end of the test
            break
        server = socket.create_connection((HOST, ports[count // 2 % len(ports)]))
        count += 1
        for ends in ((client, server), (server, client)):
            pumps.append(threading.Thread(target=_pump, args=ends))
            pumps[-1].start()
    for each in pumps:
        each.join()


def _pump(source: socket.socket, goal: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other one has closed
        while chunk := source.recv(65536):
            goal.sendall(chunk)
    with contextlib.suppress(OSError):
        goal.shutdown(socket.SHUT_WR)


def test_pages_that_one_of_two_proxies_keeps_are_not_all_called_warm(
    start_site: StartSite, start_nginx: StartNginx, tmp_path: Path
) -> None:
    site = start_site(SiteOptions(pages=PAGES))
    ports = [start_nginx(fronts.nginx_cache(site.port)).port for _ in range(2)]
    pages = "\n".join(f"/p/{number}/" for number in range(1, PAGES + 1))
    with balancer(ports) as node:
        found = crawl(
            tmp_path,
            *("-", "--base-url", site.url, "--connect-to", node),
            *("--concurrency", "1", "--rate", f"{PER_SECOND}/s"),
            stdin=pages,
        )
    assert 0 < len(found.warm()) < PAGES, found.stderr
