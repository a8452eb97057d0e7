"""Nothing that was committed is lost, and a dead receiver costs a save next to nothing."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers.process import free_port
from tests.sites.newsroom.driver import Newsroom
from warmer.contrib.django.delivery import signature
from warmer.daemon.signature import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import StartRedis
    from tests.servers.stores import RedisServer

BASE = "https://news.example.test"
SECRET = "a shared secret"


@pytest.fixture
def rooms(tmp_path: Path) -> Iterator[Any]:
    opened: list[Newsroom] = []

    def start(**warmer: Any) -> Newsroom:
        opened.append(Newsroom(tmp_path, {"WARMER": {"base_url": BASE, **warmer}}).migrate())
        return opened[-1]

    yield start
    for room in opened:
        room.close()


def sent(server: RedisServer) -> list[str]:
    """The own page of each trigger, in the order of arrival."""
    client: Any = server.client(5)
    entries = client.xrange("warmer:triggers")
    return [json.loads(fields[b"urls"])[0] for _, fields in entries]


def test_a_process_killed_between_commit_and_send_loses_nothing(
    rooms: Any, redis_server: RedisServer
) -> None:
    room = rooms(stream=redis_server.database(5))
    shell = room.shell()
    shell.send("""
        import os, signal
        for n in range(20):
            with transaction.atomic():
                # Runs first after the commit of the last save, before anything is sent.
                if n == 19:
                    transaction.on_commit(lambda: os.kill(os.getpid(), signal.SIGKILL))
                Article.objects.create(slug=f"a{n}", title="x")
    """)
    assert shell.process.wait(timeout=20) == -signal.SIGKILL
    assert len(sent(redis_server)) == 19
    swept = room.manage("warmer_outbox")
    assert (swept.returncode, swept.stdout) == (0, "1 sent, 0 left\n")
    assert sent(redis_server) == [f"{BASE}/a/a{n}/" for n in range(20)]


def test_of_1500_saves_with_a_receiver_that_dies_in_between_none_is_lost(
    rooms: Any, start_redis: StartRedis
) -> None:
    redis = start_redis()
    room = rooms(stream=redis.database(5), retry_s=0.1)
    shell = room.shell()
    shell("for n in range(500): Article.objects.create(slug=f'a{n}', title='x')")
    arrived = sent(redis)
    redis.server.process.kill()
    redis.server.process.wait()
    shell("for n in range(500, 1000): Article.objects.create(slug=f'a{n}', title='x')")
    assert shell("Outbox.objects.count()") == 500
    again = start_redis(port=redis.port)
    shell("for n in range(1000, 1500): Article.objects.create(slug=f'a{n}', title='x')")
    assert shell("from warmer.contrib.django.background import background; background.drain(60)")
    assert room.manage("warmer_outbox").returncode == 0
    assert shell("Outbox.objects.count()") == 0
    assert {*arrived, *sent(again)} == {f"{BASE}/a/a{n}/" for n in range(1500)}


def test_a_refused_connection_neither_breaks_nor_slows_saves(rooms: Any) -> None:
    shell = rooms(stream=f"redis://127.0.0.1:{free_port()}/5").shell()
    seconds = shell("""
        import time
        began = time.monotonic()
        for n in range(50):
            Article.objects.create(slug=f"a{n}", title="x")
        time.monotonic() - began
    """)
    assert shell("Article.objects.count(), Outbox.objects.count()") == [50, 50]
    assert seconds < 3
    assert shell.log().count("kept in the outbox") == 1


def test_a_receiver_that_never_answers_costs_half_a_second_once(
    rooms: Any, start_redis: StartRedis
) -> None:
    redis = start_redis()
    redis.server.freeze()
    shell = rooms(stream=redis.database(5)).shell()
    first, later = shell("""
        import time
        def timed(slug):
            began = time.monotonic()
            Article.objects.create(slug=slug, title="x")
            return time.monotonic() - began
        timed("a"), max(timed(f"b{n}") for n in range(5))
    """)
    assert 0.2 < first < 1.5
    assert later < 0.25
    assert shell("Outbox.objects.count()") == 6


def test_what_an_outage_left_is_sent_soon_after_it(rooms: Any, start_redis: StartRedis) -> None:
    port = free_port()
    shell = rooms(stream=f"redis://127.0.0.1:{port}/5", retry_s=0.001).shell()
    shell("for n in range(5): Article.objects.create(slug=f'a{n}', title='x')")
    redis = start_redis(port=port)
    shell("""
        Article.objects.create(slug="last", title="x")
        from warmer.contrib.django.background import background
        background.drain(10)
    """)
    expected = ["last", *(f"a{n}" for n in range(5))]
    assert sent(redis) == [f"{BASE}/a/{slug}/" for slug in expected]
    assert shell("Outbox.objects.count()") == 0


def test_a_stream_behind_a_unix_socket_is_sent_to(
    rooms: Any, start_redis: StartRedis, tmp_path: Path
) -> None:
    socket_path = tmp_path / "redis.sock"
    redis = start_redis("--unixsocket", str(socket_path))
    rooms(stream=f"unix://{socket_path}?db=5").shell()("warm(['/a/'])")
    assert sent(redis) == [f"{BASE}/a/"]


def test_the_sweep_says_what_is_left_by_its_exit_code(rooms: Any) -> None:
    port = free_port()
    room = rooms(stream=f"redis://127.0.0.1:{port}/5")
    room.shell()("for n in range(3): Article.objects.create(slug=f'a{n}', title='x')")
    swept = room.manage("warmer_outbox")
    assert (swept.returncode, swept.stdout) == (1, "0 sent, 3 left\n")
    assert "CommandError: 3 left in the outbox: stream warmer:triggers: " in swept.stderr


def test_the_sweep_can_go_on_until_it_is_told_to_stop(
    rooms: Any, redis_server: RedisServer
) -> None:
    import subprocess

    room = rooms(stream=redis_server.database(5))
    loop = subprocess.Popen(
        [room.python, "-m", "django", "warmer_outbox", "--loop", "0.05"],
        env=room.environment | {"PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert loop.stdout
    assert loop.stdout.readline() == "0 sent, 0 left\n"
    room.shell()("""
        from warmer.contrib.django.trigger import Trigger
        import uuid
        Outbox.of(Trigger(urls=("/left/",), why="save", at=1.0), uuid.uuid4()).save()
    """)
    while loop.stdout.readline() != "1 sent, 0 left\n":
        assert loop.poll() is None
    loop.terminate()
    assert loop.wait(timeout=10) == 0
    assert sent(redis_server) == ["/left/"]


def test_two_sweeps_at_once_lose_nothing(rooms: Any, redis_server: RedisServer) -> None:
    room = rooms(stream=redis_server.database(5))
    shell, other = room.shell(), room.shell()
    shell("""
        from warmer.contrib.django.trigger import Trigger
        import uuid
        for n in range(100):
            Outbox.of(Trigger(urls=(f"/{n}/",), why="save", at=1.0), uuid.uuid4()).save()
    """)
    shell.send("call_command('warmer_outbox')")
    # Its exit code may tell of rows that the other one is about to delete.
    other.ask("call_command('warmer_outbox')")
    shell.answer()
    assert set(sent(redis_server)) == {f"/{n}/" for n in range(100)}
    assert shell("Outbox.objects.count()") == 0


def test_the_stream_keeps_about_as_many_entries_as_it_is_told(
    rooms: Any, redis_server: RedisServer
) -> None:
    room = rooms(stream=redis_server.database(5), key="news", maxlen=10)
    room.shell()("for n in range(300): warm([f'/{n}/'])")
    assert redis_server.client(5).xlen("news") < 200


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
    seconds = shell("""
        import time
        began = time.monotonic()
        for n in range(10):
            Article.objects.create(slug=f"a{n}", title="x")
        time.monotonic() - began
    """)
    assert seconds < 1.5
    assert shell(DRAIN)
    assert shell("Outbox.objects.count()") == 10


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
    import ssl

    from tests.servers.certificates import Authority

    listening = socket.create_server(("127.0.0.1", 0))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made = Authority(tmp_path / "authority").issue("localhost")
    context.load_cert_chain(made.chain, made.key)
    port = listening.getsockname()[1]

    def refuse() -> None:
        connection, _ = listening.accept()
        with connection, pytest.raises(OSError):  # noqa: PT011 -- of whichever kind the client's alert is
            context.wrap_socket(connection, server_side=True).recv(1)

    server = threading.Thread(target=refuse)
    server.start()
    shell = rooms(webhook=f"https://localhost:{port}/", secret=SECRET).shell()
    shell("Article.objects.create(slug='a', title='x')")
    assert shell(DRAIN)
    server.join(timeout=10)
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
