"""The whole daemon as a process: from a stream's entry or a POST to a page fetched, over kills."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers.process import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.servers.stores import RedisServer

WARMER = Path(sys.executable).with_name("warmer")
LIMIT_S = 30.0
TOKEN = "t0ken-of-this-test"
STREAM = "warmer:triggers"


class Origin:
    """Pages of any path that caches may keep, and how often each was asked for."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.asked: Counter[str] = Counter()
        self.away = ""
        origin = self

        class Pages(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                origin.asked[self.path] += 1
                body = b"<title>page</title>"
                self.send_response(302 if origin.away else 200)
                if origin.away:
                    self.send_header("Location", origin.away)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the interface
                """No line a request among the test's output."""

        self.server = ThreadingHTTPServer((host, 0), Pages)
        self.url = f"http://{host}:{self.server.server_port}"


@contextlib.contextmanager
def serving(found: Origin) -> Iterator[Origin]:
    with found.server:
        thread = threading.Thread(target=found.server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield found
        finally:
            found.server.shutdown()
            thread.join()


@pytest.fixture
def origin() -> Iterator[Origin]:
    with serving(Origin()) as found:
        yield found


class Daemon:
    """`warmer daemon` for one site, started and killed as a test says."""

    def __init__(self, directory: Path, origin: Origin, stream: str) -> None:
        self.directory = directory
        self.port = free_port()
        (directory / "shop.toml").write_text(
            f'name = "shop"\nbase_url = "{origin.url}"\n'
            f'[[source]]\npath = "{directory}/urls.txt"\n'
            '[verify]\nprobe = "never"\n'
            f'[invalidation]\nstream = "{stream}"\ndebounce_s = 0\n'
            f'[daemon]\nlisten = "127.0.0.1:{self.port}"\ntoken_env = "TOKEN"\n'
        )
        (directory / "urls.txt").write_text("/\n/list/\n")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.directory / "daemon.log").open("ab") as log:
            self.process = subprocess.Popen(
                [WARMER, "daemon", "-v", "-c", self.directory / "shop.toml"],
                env={**os.environ, "TOKEN": TOKEN},
                stdout=log,
                stderr=log,
            )
        until(lambda: self.get("/readyz")[0] == 200)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        try:
            connection.request(method, path, json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def get(self, path: str) -> tuple[int, str]:
        with contextlib.suppress(OSError):
            return self.ask("GET", path)
        return 0, ""


def until(is_so: Callable[[], bool]) -> None:
    ends = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.02)  # another process, which tells nobody


@pytest.fixture
def daemon(tmp_path: Path, origin: Origin, redis_server: RedisServer) -> Iterator[Daemon]:
    found = Daemon(tmp_path, origin, redis_server.url)
    try:
        yield found
    finally:
        found.kill()


def add(redis_server: RedisServer, number: int) -> None:
    with redis_server.client() as client:
        client.xadd(STREAM, {"v": "1", "urls": f'["/p/{number}/"]', "at": repr(time.time())})


def pending(redis_server: RedisServer) -> int:
    with redis_server.client() as client:
        found: Any = client.xpending(STREAM, "warmer:shop")
        return int(found["pending"])


def test_a_page_that_an_entry_names_is_fetched_and_the_entry_acknowledged(
    daemon: Daemon, origin: Origin, redis_server: RedisServer
) -> None:
    daemon.start()
    add(redis_server, 7)
    until(lambda: origin.asked["/p/7/"] == 1)
    until(lambda: pending(redis_server) == 0)
    text = daemon.get("/metrics")[1]
    assert 'warmer_invalidation_to_warm_seconds_count{site="shop"} 1.0' in text
    assert json.loads(daemon.get("/v1/status")[1])["sites"][0]["pending"] == 0
    report = json.loads(daemon.get("/v1/runs/last")[1])
    assert (report["run"]["trigger"], report["counts"]["planned"]) == ("invalidation", 1)


def test_pages_that_are_posted_are_fetched(daemon: Daemon, origin: Origin) -> None:
    daemon.start()
    assert daemon.ask("POST", "/v1/triggers", {"urls": ["/p/1/", "/p/2/"]})[0] == 202
    until(lambda: origin.asked["/p/1/"] == origin.asked["/p/2/"] == 1)
    assert daemon.ask("POST", "/v1/triggers", {"all": True, "why": "deploy"})[0] == 202
    until(lambda: origin.asked["/"] == origin.asked["/list/"] == 1)


def test_no_entry_is_lost_when_the_daemon_is_killed_again_and_again(
    daemon: Daemon, origin: Origin, redis_server: RedisServer
) -> None:
    def has_begun(start: int) -> bool:
        return origin.asked.total() > start

    for start in (0, 100, 200):
        daemon.start()
        for number in range(start, start + 100):
            add(redis_server, number)
        # While it reads, warms and acknowledges, wherever it is.
        until(functools.partial(has_begun, start))
        daemon.kill()
    daemon.start()
    until(lambda: pending(redis_server) == 0)
    assert [number for number in range(300) if not origin.asked[f"/p/{number}/"]] == []


def test_a_post_that_was_answered_outlives_a_kill(daemon: Daemon, origin: Origin) -> None:
    daemon.start()
    urls = [f"/q/{number}/" for number in range(200)]
    assert daemon.ask("POST", "/v1/triggers", {"urls": urls})[0] == 202
    daemon.kill()
    daemon.start()
    until(lambda: all(origin.asked[url] for url in urls))


def test_what_is_triggered_while_no_daemon_runs_is_done_by_the_next(
    daemon: Daemon, origin: Origin
) -> None:
    done = subprocess.run(
        [WARMER, "trigger", "-c", daemon.directory / "shop.toml", "/p/9/"],
        env={**os.environ, "TOKEN": TOKEN},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "in the queue on disk" in done.stdout
    daemon.start()
    until(lambda: origin.asked["/p/9/"] == 1)


def test_the_token_is_in_no_log(daemon: Daemon) -> None:
    daemon.start()
    assert daemon.ask("POST", "/v1/triggers", {"urls": ["/p/1/"]})[0] == 202
    assert daemon.ask("POST", "/v1/triggers", [])[0] == 422
    daemon.kill()
    log = (daemon.directory / "daemon.log").read_text()
    assert "ready: keeping shop warm" in log
    assert TOKEN not in log


def test_another_machine_is_asked_neither_by_a_request_nor_by_a_redirect(
    daemon: Daemon, origin: Origin, redis_server: RedisServer
) -> None:
    with serving(Origin("127.0.0.2")) as inner:
        origin.away = f"{inner.url}/secret"
        daemon.start()
        assert daemon.ask("POST", "/v1/triggers", {"urls": [origin.away]})[0] == 422
        with redis_server.client() as client:
            client.xadd(STREAM, {"v": "1", "urls": json.dumps([origin.away, "/p/1/"])})
        until(lambda: pending(redis_server) == 0 and origin.asked["/p/1/"] > 0)
        report = json.loads(daemon.get("/v1/runs/last")[1])
        assert report["counts"]["warm"] == 0
        assert inner.asked.total() == 0
