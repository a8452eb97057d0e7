"""A real Django site and its daemon, from an editor's click to the next visitor's page.

The judge is the site itself: which pages it rendered, and for whom.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.sites.newsroom.kept_warm import VARIABLES, KeptWarm, kept_warm
from tests.system.daemon_process import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.stores import RedisServer

ARTICLES = 200
ROUNDS = 5
PAUSE_MS = 600
STREAM = "warmer:triggers"
VISITOR = {"User-Agent": "a visitor"}


@pytest.fixture
def newsroom(tmp_path: Path, redis_server: RedisServer) -> Iterator[KeptWarm]:
    with kept_warm(tmp_path, redis_server, count=ARTICLES) as opened:
        yield opened


def has_text(newsroom: KeptWarm, path: str, text: str) -> None:
    """Wait until a visitor gets it."""
    deadline = time.monotonic() + LIMIT_S
    while newsroom.visit(path, VISITOR).body != text.encode():
        assert time.monotonic() < deadline, f"{path} never said {text!r}"


def unsent(redis_server: RedisServer, goal: int) -> int:
    """How many entries the stream lacks."""
    return goal - int(redis_server.client(5).xlen(STREAM))


def unacknowledged(redis_server: RedisServer) -> int:
    """Entries of the stream that no run has done, delivered or not."""
    ((group,),) = [redis_server.client(5).xinfo_groups(STREAM)]
    return int(group["pending"]) + int(group["lag"])


def test_after_a_save_in_the_admin_the_next_visitor_gets_the_new_text_from_the_cache(
    newsroom: KeptWarm,
) -> None:
    editor = newsroom.editor()
    with newsroom.place.daemon(variables=VARIABLES):
        assert newsroom.visit("/a/a-1/", VISITOR).body == b"first"
        rendered_for_visitors = newsroom.room.renderers().count(VISITOR["User-Agent"])
        editor.save(1, slug="a-1", title="second")
        has_text(newsroom, "/a/a-1/", "second")
        assert newsroom.visit("/a/a-1/", VISITOR).headers["Cache-Status"] == "django; hit"
    assert rendered_for_visitors == 1
    assert newsroom.room.renderers().count(VISITOR["User-Agent"]) == 1


def test_of_a_thousand_saves_none_is_missing_though_daemons_are_killed_and_redis_stalls(
    newsroom: KeptWarm, redis_server: RedisServer
) -> None:
    for number in range(ROUNDS):
        with newsroom.place.daemon(variables=VARIABLES) as daemon:
            newsroom.shell.send(f"""
                for article in Article.objects.all():
                    article.title = "round {number}"
                    article.save()
            """)
            # Each time after more of the saves.
            goal = ARTICLES * number + (number + 1) * ARTICLES // (ROUNDS + 1)
            newsroom.place.runs_out(partial(unsent, redis_server, goal), "saves are not sent")
            daemon.process.kill()
            # For longer than a save waits: it is left in the outbox.
            redis_server.client(5).client_pause(PAUSE_MS)
            assert "error" not in newsroom.shell.answer()
    # As its timer does; what the pause cut off was perhaps taken, and is sent twice.
    assert newsroom.room.manage("warmer_outbox").returncode == 0
    assert redis_server.client(5).xlen(STREAM) >= ARTICLES * ROUNDS
    with newsroom.place.daemon(variables=VARIABLES):
        newsroom.place.runs_out(lambda: unacknowledged(redis_server), "saves wait for ever")
        pages = [newsroom.visit(f"/a/a-{n}/", VISITOR) for n in range(1, ARTICLES + 1)]
    assert {page.body for page in pages} == {f"round {ROUNDS - 1}".encode()}
    assert {page.headers["Cache-Status"] for page in pages} == {"django; hit"}
    assert newsroom.place.waiting() == 0
