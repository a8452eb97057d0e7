"""A daemon's sessions: kept from run to run, had anew when they are over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.component.daemon_site import serving
from tests.servers.process import HOST
from tests.sites.newsroom.driver import Newsroom
from warmer.model import Trigger

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

PASSWORD = "a word of the reader's"
MODEL = "from django.contrib.sessions.models import Session\n"
SITE = """
name = "newsroom"
base_url = "http://news.example.test"
connect_to = "{node}"
[[login]]
name = "reader"
url = "/accounts/login/"
username_env = "NEWS_READER_USER"
password_env = "NEWS_READER_PASSWORD"
[[variant]]
name = "reader"
login = "reader"
[verify]
probe = "never"
[invalidation]
stream = "redis://127.0.0.1:1/0"
debounce_s = 0
"""


async def test_a_daemon_logs_in_once_and_again_when_its_session_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWS_READER_USER", "reader")
    monkeypatch.setenv("NEWS_READER_PASSWORD", PASSWORD)
    room = Newsroom(tmp_path / "room", {"LOGIN_URL": "/accounts/login/"}).migrate()
    shell = room.shell()
    shell(
        f"""
        User.objects.create_user("reader", password={PASSWORD!r})
        Article.objects.bulk_create(Article(slug=f"a-{{n}}", title="first") for n in range(5))
        1
        """
    )
    count = MODEL + "Session.objects.count()"
    sessions = []
    with room.gunicorn() as server:
        async with serving(tmp_path, SITE.format(node=f"{HOST}:{server.port}")) as daemon:
            for number in range(4):
                if number == 2:
                    shell(MODEL + "Session.objects.all().delete()[0]")
                await daemon.done(daemon.accept(Trigger.INVALIDATION, f"/members/a-{number}/"))
                sessions.append(shell(count))
        statuses = daemon.rows("SELECT status, final_url FROM outcomes WHERE fetch = 'warm'")
    room.close()
    assert sessions == [1, 1, 1, 1]
    assert statuses == [(200, "")] * 4
    assert PASSWORD.encode() not in (tmp_path / "warmer.db").read_bytes()
