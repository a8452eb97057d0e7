"""Variants with a login, by the command line: a real Django admin's form, sessions, leaks."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    from tests.servers.visitor import Visit
    from tests.sites.newsroom.driver import Shell
    from tests.system.command import Result

PUBLIC = "news.example.test"
BASE = f"http://{PUBLIC}"
STAFF, CUSTOMER = "staff-s3cret-word", "customer-s3cret-word"
PEOPLE = f"""
User.objects.create_superuser("chief", password={STAFF!r})
User.objects.create_user("reader", password={CUSTOMER!r})
Article.objects.bulk_create(Article(slug=f"a-{{n}}", title="first") for n in range(1, 6))
1
"""
LOGIN = """
[[login]]
name = "staff"
url = "/admin/login/"
username_env = "NEWS_STAFF_USER"
password_env = "NEWS_STAFF_PASSWORD"
"""
STAFF_VARIANT = '[[variant]]\nname = "staff"\nlogin = "staff"\n'
DEFAULT_VARIANT = '[[variant]]\nname = "default"\n'


@dataclass(frozen=True, slots=True)
class Site:
    """The newsroom behind `place`, where `site.toml` is written and the store is."""

    room: Newsroom
    shell: Shell
    server: Running
    place: Path
    cache: str

    def write(self, *tables: str, keys: bool = True) -> None:
        head = (
            f'name = "newsroom"\nbase_url = "{BASE}"\nconnect_to = "{HOST}:{self.server.port}"\n'
        )
        cache = f'[[cache]]\nurl = "{self.cache}"\n' if keys else ""
        (self.place / "site.toml").write_text("\n".join([head, *tables, cache]))

    def crawl(self, *paths: str, word: str = "crawl") -> Result:
        urls = "\n".join(f"{BASE}{path}" for path in paths)
        return crawl(self.place, "-c", "site.toml", "-", stdin=urls, word=word)

    def visit(self, path: str) -> Visit:
        return visit(f"{HOST}:{self.server.port}", f"{BASE}{path}")


@pytest.fixture
def site(
    tmp_path: Path, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    monkeypatch.setenv("NEWS_STAFF_USER", "chief")
    monkeypatch.setenv("NEWS_STAFF_PASSWORD", STAFF)
    cache = redis_server.database(1)
    caches = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": cache}
    }
    settings = {"CACHES": caches, "LOGIN_URL": "/admin/login/"}
    room = Newsroom(tmp_path / "room", settings).migrate()
    place = tmp_path / "place"
    place.mkdir()
    with contextlib.closing(room), room.gunicorn() as server:
        shell = room.shell()
        shell(PEOPLE)
        yield Site(room, shell, server, place, cache)


def test_a_page_behind_a_login_is_fetched_by_its_variant_and_by_no_other(site: Site) -> None:
    site.write(LOGIN, DEFAULT_VARIANT, STAFF_VARIANT)
    done = site.crawl("/a/a-1/", "/members/a-2/")
    found = {(row.target, row.variant): (row.verdict, row.reason, row.status) for row in done.rows}
    assert found == {
        ("/a/a-1/", "default"): ("warm", None, 200),
        ("/a/a-1/", "staff"): ("warm", None, 200),
        ("/members/a-2/", "default"): ("uncacheable", "no-store", 200),  # the login form
        ("/members/a-2/", "staff"): ("uncacheable", "vary-cookie", 200),
    }


def test_a_page_behind_a_login_that_everybody_gets_is_told_as_a_leak(site: Site) -> None:
    site.write(LOGIN, STAFF_VARIANT)
    done = site.crawl("/leaky/a-1/")
    print(done.stderr, done.stdout)
    assert [(row.verdict, row.reason) for row in done.rows] == [
        ("uncacheable", "private-page-shared")
    ]
    assert site.visit("/leaky/a-1/").status == 200
