"""The webhook: signed, in a thread of its own, and patient with a receiver that is not."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers.certificates import Authority
from tests.sites.newsroom.pages import BASE, SECRET
from warmer.contrib.django.delivery import signature
from warmer.daemon.signature import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Receiver(ThreadingHTTPServer):
    """A webhook: keeps what it got, answers with `status` or, while `held`, not at all."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.status = 202
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.free = threading.Event()
        self.free.set()
        self.url = f"http://127.0.0.1:{self.server_port}/v1/triggers?site=news"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.free.wait()
        self.server.got.append((dict(self.headers) | {"path": self.path}, body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"why")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.free.set()
    server.shutdown()
    server.server_close()


DRAIN = "from warmer.contrib.django.background import background; background.drain(20)"


def test_a_webhook_gets_signed_json_and_its_202_empties_the_outbox(
    rooms: Any, receiver: Receiver
) -> None:
    shell = rooms(webhook=receiver.url, secret=SECRET).shell()
    shell("Article.objects.create(slug='a', title='x'); Section.objects.create(slug='s')")
    assert shell(DRAIN)
    (headers, body), (_, second) = receiver.got
    message = json.loads(body)
    assert headers["path"] == "/v1/triggers?site=news"
    assert headers["Content-Type"] == "application/json"
    moment = int(headers["X-Warmer-Signature"].removeprefix("t=").partition(",")[0])
    assert abs(moment - time.time()) < 60
    assert headers["X-Warmer-Signature"] == signature(SECRET, moment, body)
    assert refusal(headers["X-Warmer-Signature"], body, secret=SECRET, now=moment) is None
    assert sorted(message) == ["at", "id", "tags", "urls", "why"]
    assert message["urls"] == [f"{BASE}/a/a/", f"{BASE}/"]
    assert json.loads(second)["id"] != message["id"]
    assert shell("Outbox.objects.count()") == 0


def test_a_webhook_that_hangs_does_not_hold_up_the_save(rooms: Any, receiver: Receiver) -> None:
    receiver.free.clear()
    shell = rooms(webhook=receiver.url, secret=SECRET).shell()
    was_waited_for = shell("""
        from warmer.contrib.django.background import background
        for n in range(10):
            Article.objects.create(slug=f"a{n}", title="x")
        background.drain(0)
    """)
    assert not was_waited_for
    assert shell(DRAIN)
    assert shell("Outbox.objects.count()") == 10


def test_a_webhook_that_hangs_holds_up_no_save_of_a_site_without_an_outbox(
    rooms: Any, receiver: Receiver
) -> None:
    receiver.free.clear()
    shell = rooms(webhook=receiver.url, secret=SECRET).shell()
    was_waited_for = shell("""
        from warmer.contrib.django.background import background
        connection.cursor().execute("DROP TABLE warmer_outbox")
        Article.objects.create(slug="a", title="x")
        background.drain(0)
    """)
    assert not was_waited_for


def test_what_a_webhook_refuses_stays_and_does_not_stop_the_rest(
    rooms: Any, receiver: Receiver
) -> None:
    room = rooms(webhook=receiver.url, secret=SECRET)
    shell = room.shell()
    receiver.status = 422
    shell("Article.objects.create(slug='a', title='x')")
    assert shell(DRAIN)
    assert "status 422; expected 202: why" in shell.log()
    receiver.status = 202
    shell("Article.objects.create(slug='b', title='x')")
    assert shell(DRAIN)
    assert shell("Outbox.objects.count()") == 1
    receiver.status = 422
    swept = room.manage("warmer_outbox")
    assert swept.returncode == 1
    assert "status 422" in swept.stderr


def test_a_process_that_ends_sends_what_it_had_queued(rooms: Any, receiver: Receiver) -> None:
    room = rooms(webhook=receiver.url, secret=SECRET)
    shell = room.shell()
    shell("Article.objects.create(slug='a', title='x')")
    assert shell.end() == 0
    assert len(receiver.got) == 1


def test_a_webhook_whose_certificate_nobody_vouches_for_gets_nothing(
    rooms: Any, tmp_path: Path
) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made = Authority(tmp_path / "authority").issue("localhost")
    context.load_cert_chain(made.chain, made.key)
    port = listening.getsockname()[1]
    received: list[bytes] = []

    def refuse() -> None:
        connection, _ = listening.accept()
        with connection, contextlib.suppress(OSError):  # the client's alert, of whichever kind
            received.append(context.wrap_socket(connection, server_side=True).recv(1))

    server = threading.Thread(target=refuse, daemon=True)
    server.start()
    shell = rooms(webhook=f"https://localhost:{port}/", secret=SECRET).shell()
    shell("Article.objects.create(slug='a', title='x')")
    assert shell(DRAIN)
    server.join(timeout=10)
    assert (server.is_alive(), b"".join(received)) == (False, b"")
    assert "CERTIFICATE_VERIFY_FAILED" in shell.log()
    assert shell("Outbox.objects.count()") == 1
    listening.close()


def test_a_forked_worker_sends_with_a_thread_of_its_own(rooms: Any, receiver: Receiver) -> None:
    shell = rooms(webhook=receiver.url, secret=SECRET).shell()
    shell("Article.objects.create(slug='parent', title='x')")
    assert shell(DRAIN)
    shell("""
        import os
        from django.db import connections
        connections.close_all()
        child = os.fork()
        if not child:
            Article.objects.create(slug="child", title="x")
            from warmer.contrib.django.background import background
            os._exit(0 if background.drain(10) else 1)
        os.waitpid(child, 0)
    """)
    assert len(receiver.got) == 2
