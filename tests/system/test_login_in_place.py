"""Sessions that end under a run of a site which then sends the login form with status 200.

What a run calls warm is asked for by other clients, and held to what the site counts.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers.process import HOST
from tests.servers.visitor import visit
from tests.sites.newsroom.driver import Newsroom
from tests.system.command import crawl, warmer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.process import Running
    from tests.servers.stores import RedisServer
    from tests.sites.newsroom.driver import Shell
    from tests.system.command import Result

BASE = "http://news.example.test"
READER = "reader-s3cret-word"
SITE = """
name = "newsroom"
base_url = "{base}"
connect_to = "{node}"
[login]
url = "/enter/"
username_env = "NEWS_READER_USER"
password_env = "NEWS_READER_PASSWORD"
csrf_field = ""
[[variant]]
name = "reader"
login = "default"
[[cache]]
url = "{cache}"
[crawl]
concurrency = 1
"""
OTHER_MEMBER = """
from django.test import Client
client = Client()
client.force_login(User.objects.create_user("other"))
client.cookies["sessionid"].value
"""
FORM = b'<form method="post" action="/enter/">'


@dataclass(frozen=True, slots=True)
class Club:
    """The newsroom with pages for members; sessions are in a Redis database of their own."""

    room: Newsroom
    shell: Shell
    server: Running
    place: Path
    sessions: Any

    def crawl(self, *paths: str) -> Result:
        urls = "\n".join(f"{BASE}{path}" for path in paths)
        return crawl(self.place, "-c", "site.toml", "-", stdin=urls)

    def crawl_while_sessions_end(self, before: list[str], after: list[str]) -> Result:
        """All sessions are deleted when the pages before are fetched, and those after are not."""
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(self.crawl, *before, "/gate/", *after)
            assert self.sessions.blpop("reached", timeout=60), running.result()
            assert self.sessions.delete(*self.sessions.keys("*contrib.sessions*")) == 1
            self.sessions.rpush("open", 1)
            return running.result()

    def visits(self, paths: list[str], cookie: str = "") -> list[bytes]:
        """What another client gets; nothing of it is rendered for him."""
        rendered = len(self.room.renders())
        node = f"{HOST}:{self.server.port}"
        found = [visit(node, BASE + path, {"Cookie": cookie}).body for path in paths]
        assert self.room.renders()[rendered:] == []
        return found


@pytest.fixture
def club(
    tmp_path: Path, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Club]:
    monkeypatch.setenv("NEWS_READER_USER", "reader")
    monkeypatch.setenv("NEWS_READER_PASSWORD", READER)
    backend = "django.core.cache.backends.redis.RedisCache"
    settings = {
        "ROOT_URLCONF": "tests.sites.newsroom.club",
        "SESSION_ENGINE": "django.contrib.sessions.backends.cache",
        "SESSION_CACHE_ALIAS": "sessions",
        "CACHES": {
            "default": {"BACKEND": backend, "LOCATION": redis_server.database(1)},
            "sessions": {"BACKEND": backend, "LOCATION": redis_server.database(2)},
        },
    }
    room = Newsroom(tmp_path / "room", settings).migrate()
    place = tmp_path / "place"
    place.mkdir()
    with contextlib.closing(room), room.gunicorn() as server:
        shell = room.shell()
        shell(
            f"""
            User.objects.create_user("reader", password={READER!r})
            Article.objects.bulk_create(
                Article(slug=f"a-{{n}}", title=f"inside {{n}}") for n in range(1, 10)
            )
            1
            """
        )
        cache = redis_server.database(1)
        node = f"{HOST}:{server.port}"
        (place / "site.toml").write_text(SITE.format(base=BASE, node=node, cache=cache))
        yield Club(room, shell, server, place, redis_server.client(2))


def test_pages_called_warm_are_the_members_after_a_session_that_ended(club: Club) -> None:
    before = [f"/club/a-{n}/" for n in range(1, 5)]
    after = ["/club/a-5/", "/club/a-6/", "/club/a-7/"]
    done = club.crawl_while_sessions_end(before, after)
    assert done.warm() == [*before, *after]
    logins = club.room.renders().count("/enter/")
    other = f"sessionid={club.shell(OTHER_MEMBER)}"
    assert club.visits(done.warm(), other) == [f"inside {n}".encode() for n in range(1, 8)]
    assert logins == 3  # two to fetch the pages, and one for second fetches


def test_a_page_that_a_cache_keeps_as_the_form_is_not_warm(club: Club) -> None:
    done = club.crawl_while_sessions_end(["/club/a-1/"], ["/open-club/a-2/", "/open-club/a-3/"])
    assert done.verdicts() == {
        "/club/a-1/": ("warm", None),
        "/gate/": ("uncacheable", "no-store"),
        "/open-club/a-2/": ("failed", "login"),
        "/open-club/a-3/": ("uncacheable", "private-page-shared"),
    }
    kept, page = club.visits(["/open-club/a-2/", "/open-club/a-3/"])
    assert FORM in kept
    assert page == b"inside 3"
    assert f"DATA LEAK: {BASE}/open-club/a-3/ is behind a login" in done.stdout


def test_a_page_for_everybody_with_the_form_above_it_is_no_leak(club: Club) -> None:
    site = club.place / "site.toml"
    site.write_text(site.read_text() + '[login.fields]\nnext = "/poster/top/"\n')
    done = club.crawl("/club/a-1/", "/poster/fair/")
    assert done.warm() == ["/club/a-1/", "/poster/fair/"]
    assert "DATA LEAK" not in done.stdout


def test_an_explanation_tells_a_leak_of_a_page_that_strangers_get_the_form_for(club: Club) -> None:
    done = warmer(club.place, "explain", "/open-club/a-1/", "-c", "site.toml")
    assert "DATA LEAK" in done.stdout


def test_a_page_that_the_role_may_not_see_says_so(club: Club) -> None:
    done = club.crawl("/club/a-1/", "/board/a-2/")
    assert done.verdicts() == {"/club/a-1/": ("warm", None), "/board/a-2/": ("failed", "login")}
    (problem,) = done.report["problems"]
    assert problem["detail"] == (
        'the site sends the login form with status 200: may "default" see this page? If everybody'
        " gets the form on it, name in login.logged_out what strangers alone read"
    )
