"""Fixtures for tests of the newsroom's cached pages: sites, signed requests, what is stored."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.sites.newsroom.driver import Newsroom, Shell
from warmer.crawl.refresh import refresh_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.stores import RedisServer

BASE = "https://news.example.test"
SECRET = "a shared secret"
StartNewsroom = Any
CORE = "django.core.cache.backends.redis.RedisCache"
HELPERS = """
def get(path, method="get", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    site = {"secure": True, "SERVER_NAME": "news.example.test", "headers": named}
    response = getattr(client, method)(path, **site)
    return response.content.decode(), response.headers.get("Cache-Status")
"""


@pytest.fixture
def start(tmp_path: Path, redis_server: RedisServer) -> Iterator[StartNewsroom]:
    rooms: list[Newsroom] = []

    def begin(
        backend: str = CORE, location: str = "", *, stale: str = "", **more: Any
    ) -> tuple[Newsroom, Shell]:
        caches = {
            "default": {
                "BACKEND": backend,
                "LOCATION": location or redis_server.database(1),
                "KEY_PREFIX": "n*ws",
            }
        }
        warmer = {"base_url": BASE, "secret": SECRET, **({"stale": stale} if stale else {})}
        keywords = {key: more.pop(key) for key in ("python", "path") if key in more}
        room = Newsroom(tmp_path, {"CACHES": caches, "WARMER": warmer, **more}, **keywords)
        rooms.append(room.migrate())
        shell = room.shell()
        shell(HELPERS)
        return room, shell

    yield begin
    for room in rooms:
        room.close()


def signed(path: str, secret: str = SECRET, ago_s: float = 0) -> str:
    return refresh_line(BASE + path, secret, time.time() - ago_s).partition(": ")[2]


def refreshed(shell: Shell, path: str, **headers: str) -> list[str | None]:
    named = "".join(f", {name}={value!r}" for name, value in headers.items())
    answer: list[str | None] = shell(f"get({path!r}, X_Warmer_Refresh={signed(path)!r}{named})")
    return answer


def keys(server: RedisServer) -> list[str]:
    """Page entries and header lists; not the index beside them."""
    found: Any = server.client(1).keys("*views.decorators.cache*")
    return sorted(key.decode().partition("cache.")[2] for key in found)
