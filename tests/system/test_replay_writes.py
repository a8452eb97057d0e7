"""Saves in a real Django admin while a log is sent again: what they do to the pages' cache."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.servers.process import HOST
from tests.sites.newsroom.driver import Newsroom
from tests.system.command import warmer

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.servers.stores import RedisServer

PUBLIC = "news.example.test"
PASSWORD = "a word of the editor's"
PEOPLE = f"""
User.objects.create_superuser("editor", password={PASSWORD!r})
for number in (1, 2):
    Article.objects.create(slug=f"a-{{number}}", title="first")
1
"""
SITE = """
base_url = "http://news.example.test"
connect_to = "{place}"
[crawl]
concurrency = 8
[login]
url = "/admin/login/"
username_env = "EDITOR"
password_env = "EDITOR_PASSWORD"
[[write]]
name = "title"
url = "/admin/newsroom/article/1/change/"
rate = 1.0
fields = {{ title = "save {{n}}" }}
pages = ["/a/a-1/", "/a/a-2/"]
"""


def test_a_save_makes_its_page_cold_until_a_visitor_comes(
    tmp_path: Path,
    redis_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    caches = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": redis_server.database(1),
        }
    }
    options = {"base_url": f"http://{PUBLIC}", "secret": "s", "stale": "purge"}
    room = Newsroom(tmp_path / "room", {"CACHES": caches, "WARMER": options}).migrate()
    request.addfinalizer(room.close)
    shell = room.shell()
    shell(PEOPLE)
    (tmp_path / "urls.txt").write_text("/a/a-1/\n/a/a-2/\n")
    monkeypatch.setenv("EDITOR", "editor")
    monkeypatch.setenv("EDITOR_PASSWORD", PASSWORD)
    rhythm = ("--rate", "40/s", "--loop", "--for", "4.5")
    with room.gunicorn() as server:
        (tmp_path / "site.toml").write_text(SITE.format(place=f"{HOST}:{server.port}"))
        before = warmer(tmp_path, "replay", "urls.txt", "-c", "site.toml", *rhythm)
        assert before.code == 0, before.stderr
        assert "[[write]] steps are left out; --unsafe-methods carries them out" in before.stderr
        assert shell("Article.objects.get(pk=1).title") == "first"
        reports = ("--report", "report.json", "--unsafe-methods")
        done = warmer(tmp_path, "replay", "urls.txt", "-c", "site.toml", *rhythm, *reports)
        assert done.code == 0, done.stderr
        title = shell("Article.objects.get(pk=1).title")
        gone = SITE.format(place=f"{HOST}:{server.port}").replace("article/1/", "article/99/")
        (tmp_path / "site.toml").write_text(gone)
        refused = warmer(
            tmp_path, "replay", "urls.txt", "-c", "site.toml", *rhythm, "--unsafe-methods"
        )
    assert "WARNING: write title: 4 of 4 failed, the last: " in refused.stdout, refused.stdout
    found = json.loads((tmp_path / "report.json").read_text())
    writes = found["writes"]
    assert [each["error"] for each in writes] == [None] * len(writes)
    assert len(writes) >= 3
    assert title == f"save {len(writes)}"
    saved, other = zip(*(each["pages"] for each in writes), strict=True)
    assert all(page["path"] == "/a/a-1/" for page in saved)
    assert all(page["missed"] >= 1 for page in saved[:-1])  # the last one may come too late
    assert all(page["cold_s"] is not None for page in saved[:-1])
    assert [page["missed"] for page in other] == [0] * len(writes)
    assert "saves, 0 failed; pages after them" in done.stdout
