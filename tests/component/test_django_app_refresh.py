"""Refresh in place under gunicorn: whoever visits while pages are saved meets no cold page."""

from __future__ import annotations

import http.client
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.sites.newsroom.driver import Newsroom
from warmer.crawl.refresh import refresh_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.process import Running
    from tests.servers.stores import RedisServer

HOST = "news.example.test"
SECRET = "a shared secret"


@pytest.fixture
def room(tmp_path: Path, redis_server: RedisServer) -> Iterator[Newsroom]:
    settings = {
        "CACHES": {
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": redis_server.database(1),
            }
        },
        "WARMER": {"stream": redis_server.database(5), "secret": SECRET},
        # As behind a proxy that ends TLS and hands on the path as it was written.
        "USE_X_FORWARDED_HOST": True,
        "RENDER_S": 0.02,
    }
    opened = Newsroom(tmp_path, settings).migrate()
    yield opened
    opened.close()


def fetch(server: Running, target: str, **headers: str) -> tuple[str, str]:
    """Body and Cache-Status."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", target, headers={"Host": HOST, **headers})
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return body, response.headers["Cache-Status"]


def refresh(server: Running, target: str) -> tuple[str, str]:
    header = refresh_line(f"https://{HOST}{target}", SECRET, time.time()).partition(": ")[2]
    return fetch(server, target, **{"X-Warmer-Refresh": header})


@pytest.mark.parametrize("target", ["/a/one/?q=%7ex%2Fy&%C3%A9", "/a/%6fne/", "/a/one/?"])
def test_the_url_may_be_written_as_warmer_asked_for_it(room: Newsroom, target: str) -> None:
    room.shell()("Article.objects.create(slug='one', title='x')")
    with room.gunicorn() as server:
        assert refresh(server, target) == ("x", "django; fwd=request; stored")
        assert fetch(server, target) == ("x", "django; hit")


def test_a_visitor_meets_no_cold_page_while_it_is_saved(room: Newsroom) -> None:
    shell = room.shell()
    shell("a = Article.objects.create(slug='one', title='0')")
    with room.gunicorn(threads=4) as server:
        fetch(server, "/a/one/")
        seen: list[tuple[str, str]] = []
        over = threading.Event()

        def visit() -> None:
            while not over.wait(0.02):
                seen.append(fetch(server, "/a/one/"))

        visitor = threading.Thread(target=visit)
        visitor.start()
        for n in range(1, 21):
            shell(f"a.title = '{n}'; a.save()")
            assert refresh(server, "/a/one/") == (str(n), "django; fwd=request; stored")
        over.set()
        visitor.join()
        assert fetch(server, "/a/one/") == ("20", "django; hit")
    assert len(seen) > 10
    assert {status for _, status in seen} == {"django; hit"}
    assert len(room.renders()) == 21
