"""Refresh in place under gunicorn: whoever visits while pages are saved meets no cold page."""

from __future__ import annotations

import http.client
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.sites.newsroom.driver import Newsroom
from tests.system.command import crawl
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


def test_the_printed_configuration_lets_warmer_refresh_the_site(
    room: Newsroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = room.shell()
    shell("for n in range(3): Article.objects.create(slug=f'a{n}', title='Old')")
    printed = room.manage("warmer_config")
    (tmp_path / "site.toml").write_text(printed.stdout)
    monkeypatch.setenv("WARMER_REFRESH_SECRET", SECRET)
    with room.gunicorn() as server:
        where = ["--base-url", f"http://{HOST}", "--connect-to", f"127.0.0.1:{server.port}"]
        first = crawl(tmp_path, "-c", "site.toml", *where)
        assert first.code == 0, first.stderr
        shell("for a in Article.objects.all(): a.title = 'New'; a.save()")
        stale = fetch(server, "/a/a1/", **{"Accept-Language": "de"})
        second = crawl(tmp_path, "-c", "site.toml", *where, "--refresh")
        assert second.code == 0, second.stderr
        seen = [
            fetch(server, f"/a/a{n}/", **{"Accept-Language": language})
            for n in range(3)
            for language in ("en", "de")
        ]
    assert stale == ("Old", "django; hit")
    assert seen == [("New", "django; hit")] * 6
    assert {row.verdict for row in (*first.rows, *second.rows)} == {"warm"}
    assert all("key" in row.evidence for row in second.rows)
