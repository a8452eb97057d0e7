"""Nothing that was committed is lost, and a dead receiver costs a save next to nothing."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

from tests.servers.process import free_port
from tests.sites.newsroom.pages import BASE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartRedis
    from tests.servers.stores import RedisServer


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


def test_a_refused_connection_breaks_no_save_and_is_told_once(rooms: Any) -> None:
    shell = rooms(stream=f"redis://127.0.0.1:{free_port()}/5").shell()
    shell("for n in range(50): Article.objects.create(slug=f'a{n}', title='x')")
    assert shell("Article.objects.count(), Outbox.objects.count()") == [50, 50]
    assert shell.log().count("kept in the outbox") == 1


def test_a_receiver_that_never_answers_is_waited_for_by_one_save_alone(
    rooms: Any, start_redis: StartRedis
) -> None:
    redis = start_redis()
    before = redis.connections()
    shell = rooms(stream=redis.database(5)).shell()
    redis.server.freeze()
    shell("for n in range(6): Article.objects.create(slug=f'a{n}', title='x')")
    redis.server.thaw()
    # The save's one, and this look's.
    assert redis.connections() == before + 2
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


def test_a_stream_that_nobody_reads_is_bounded_unless_it_is_told_not_to_be(
    rooms: Any, redis_server: RedisServer
) -> None:
    client = redis_server.client(5)
    for key, setting in (("bounded", {}), ("whole", {"maxlen": 0})):
        pipeline = client.pipeline(transaction=False)
        for _ in range(100_500):
            pipeline.xadd(key, {"v": "1"})
        pipeline.execute()
        rooms(stream=redis_server.database(5), key=key, **setting).shell()("warm(['/1/'])")
    assert 100_000 <= client.xlen("bounded") < 100_500
    assert client.xlen("whole") == 100_501
