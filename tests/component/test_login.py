"""Logging in to a real Django admin, and posting its forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers.process import HOST
from tests.sites.newsroom.driver import Newsroom
from warmer.config import LoginConfig
from warmer.crawl.fetch import FetchError
from warmer.crawl.login import Account, log_in
from warmer.crawl.origin import Origin
from warmer.crawl.role import Role
from warmer.crawl.session import submit
from warmer.errors import ConfigError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.process import Running
    from tests.sites.newsroom.driver import Shell
    from warmer.crawl.session import Session

PUBLIC = "news.example.test"
BASE = f"http://{PUBLIC}"
PASSWORD = "a word of the editor's"
EDITOR = Account("editor", PASSWORD)
ADMIN = LoginConfig(url="/admin/login/", username_env="U", password_env="P", name="staff")
SETTINGS = {"LOGIN_URL": "/admin/login/"}
LINES = ["User-Agent: a test", "Accept-Encoding: gzip"]
ARTICLE = "/admin/newsroom/article/1/change/"


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    found = Newsroom(tmp_path_factory.mktemp("newsroom"), SETTINGS).migrate()
    yield found
    found.close()


@pytest.fixture(scope="module")
def shell(room: Newsroom) -> Shell:
    shell = room.shell()
    shell(
        f"""
        User.objects.create_superuser("editor", password={PASSWORD!r})
        Article.objects.create(slug="a-1", title="first")
        1
        """
    )
    return shell


@pytest.fixture(scope="module")
def server(room: Newsroom, shell: Shell) -> Iterator[Running]:
    with room.gunicorn() as running:
        yield running


@pytest.fixture
def origin(server: Running) -> Origin:
    return origin_at(server.port)


def origin_at(port: int, **more: str) -> Origin:
    return Origin(
        base_url=BASE,
        hosts=frozenset({PUBLIC}),
        connect_to=f"{HOST}:{port}",
        timeout_s=10,
        **more,  # type: ignore[arg-type]  # of text only
    )


async def editor(origin: Origin) -> Session:
    return await log_in(ADMIN, EDITOR, origin, LINES)


async def test_an_editor_has_a_session_for_the_sites_pages(origin: Origin) -> None:
    session = await editor(origin)
    cookies = session.cookie_header(f"{BASE}/admin/")
    assert cookies is not None
    assert {each.partition("=")[0] for each in cookies.split("; ")} == {"csrftoken", "sessionid"}
    assert session.cookie_header("http://elsewhere.example.test/admin/") is None


async def test_an_article_is_saved_by_the_admins_own_form(origin: Origin, shell: Shell) -> None:
    session = await editor(origin)
    fetch = await submit(session, ARTICLE, {"title": "saved", "slug": "a-1"})
    assert fetch.status == 302
    assert shell("Article.objects.get(pk=1).title") == "saved"
