"""Logging in to a real Django admin, and posting its forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.servers.process import HOST
from tests.sites.newsroom.driver import Newsroom
from warmer.config import LoginConfig
from warmer.crawl.fetch import FetchError
from warmer.crawl.first_reachable import FirstReachable
from warmer.crawl.login import Account, log_in
from warmer.crawl.origin import Origin
from warmer.crawl.session import submit
from warmer.errors import ConfigError

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
LINES = ["User-Agent: a test", "Accept-Encoding: gzip"]
ARTICLE = "/admin/newsroom/article/1/change/"
PEOPLE = f"""
User.objects.create_superuser("editor", password={PASSWORD!r})
Article.objects.create(slug="a-1", title="first")
1
"""


def admin(**changed: Any) -> LoginConfig:
    given: dict[str, Any] = {
        "url": "/admin/login/",
        "username_env": "U",
        "password_env": "P",
        "name": "staff",
    }
    return LoginConfig(**{**given, **changed})


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    found = Newsroom(tmp_path_factory.mktemp("newsroom"), {}).migrate()
    yield found
    found.close()


@pytest.fixture(scope="module")
def shell(room: Newsroom) -> Shell:
    shell = room.shell()
    shell(PEOPLE)
    return shell


@pytest.fixture(scope="module")
def server(room: Newsroom, shell: Shell) -> Iterator[Running]:
    assert shell.process.poll() is None
    with room.gunicorn() as running:
        yield running


@pytest.fixture
def origin(server: Running) -> Origin:
    return origin_at(server.port)


def origin_at(port: int, headers: dict[str, str] | None = None) -> Origin:
    return Origin(
        base_url=BASE,
        hosts=frozenset({PUBLIC}),
        connect_to=f"{HOST}:{port}",
        headers=headers or {},
        timeout_s=10,
    )


async def editor(origin: Origin) -> Session:
    return await log_in(admin(), EDITOR, FirstReachable(origin), LINES)


async def test_an_editor_has_a_session_for_the_sites_pages_alone(origin: Origin) -> None:
    session = await editor(origin)
    cookies = session.cookie_header(f"{BASE}/admin/")
    assert cookies is not None
    assert {each.partition("=")[0] for each in cookies.split("; ")} == {"csrftoken", "sessionid"}
    assert session.cookie_header("http://elsewhere.example.test/admin/") is None


async def test_a_page_that_sends_to_the_form_will_do_as_its_place(origin: Origin) -> None:
    session = await log_in(admin(url="/admin/"), EDITOR, FirstReachable(origin), LINES)
    assert session.is_login_page(f"{BASE}/admin/login/?next=/admin/")
    assert not session.is_login_page(f"{BASE}/admin/")


async def test_a_proof_is_asked_for_with_the_session(origin: Origin) -> None:
    proof = {"proof_url": "/admin/newsroom/", "proof_text": "Log out"}
    await log_in(admin(**proof), EDITOR, FirstReachable(origin), LINES)
    with pytest.raises(ConfigError, match='"staff": no proof: proof_text is not on /admin/newsr'):
        await log_in(
            admin(**proof | {"proof_text": "no such words"}), EDITOR, FirstReachable(origin), LINES
        )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"url": "/nowhere/"}, "the form is not reached: /nowhere/ answers 404"),
        ({"url": "/"}, "no form is found: / has none that is posted with the fields username and"),
        ({"password_field": "word"}, "no form is found: /admin/login/ has none that is posted"),
        (
            {"csrf_field": "token", "csrf_cookie": "other"},
            "no CSRF token is found: the form has no field token, and no cookie other came",
        ),
        (
            {"fields": {"csrfmiddlewaretoken": "x" * 64}},
            r"refused: /admin/login/ answers 403 \(its CSRF check\)",
        ),
        ({"proof_url": "/nowhere/"}, "no proof: /nowhere/ answers 404"),
    ],
)
async def test_a_login_that_fails_says_at_which_step(
    origin: Origin, changed: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=f'^login "staff": {message}') as refused:
        await log_in(admin(**changed), EDITOR, FirstReachable(origin), LINES)
    assert PASSWORD not in str(refused.value)


async def test_a_wrong_password_is_said_and_not_shown(origin: Origin) -> None:
    wrong = Account("editor", "a wrong word")
    with pytest.raises(ConfigError) as refused:
        await log_in(admin(), wrong, FirstReachable(origin), LINES)
    assert str(refused.value) == (
        'login "staff": refused: the form comes again with status 200; are the values of U and P'
        " right, and is the account active?"
    )
    assert "wrong word" not in repr(wrong)


async def test_an_article_is_saved_by_the_admins_own_form(origin: Origin, shell: Shell) -> None:
    session = await editor(origin)
    fetch = await submit(session, ARTICLE, {"title": "saved\nin two lines", "slug": "a-1"})
    assert fetch.status == 302
    assert shell("Article.objects.get(pk=1).title") == "saved\r\nin two lines"  # as browsers send


async def test_a_form_that_is_not_taken_comes_again(origin: Origin) -> None:
    fetch = await submit(await editor(origin), ARTICLE, {"title": ""})
    assert fetch.status == 200


async def test_a_page_without_such_a_form_is_said(origin: Origin) -> None:
    with pytest.raises(FetchError, match="no form that is posted: the fields headline") as failed:
        await submit(await editor(origin), ARTICLE, {"headline": "x"})
    assert failed.value.reason == "form"


async def test_a_form_without_fields_to_fill_in_is_the_pages_own(
    origin: Origin, shell: Shell
) -> None:
    number = shell('Article.objects.create(slug="gone", title="to go").pk')
    session = await editor(origin)
    fetch = await submit(session, f"/admin/newsroom/article/{number}/delete/", {})
    assert fetch.status == 302
    assert shell(f"Article.objects.filter(pk={number}).count()") == 0


async def test_a_form_is_refused_when_the_session_is_over(origin: Origin, shell: Shell) -> None:
    session = await editor(origin)
    shell("from django.contrib.sessions.models import Session\nSession.objects.all().delete()[0]")
    with pytest.raises(FetchError) as failed:
        await submit(session, ARTICLE, {"title": "lost"})
    assert failed.value.reason == "login"


SECURE = {
    "SECURE_PROXY_SSL_HEADER": ["HTTP_X_FORWARDED_PROTO", "https"],
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
}


async def test_who_stands_where_the_proxy_does_is_logged_in_as_by_https(tmp_path: Path) -> None:
    room = Newsroom(tmp_path, SECURE).migrate()
    room.shell()(PEOPLE)
    with room.gunicorn() as server:
        session = await log_in(
            admin(),
            EDITOR,
            FirstReachable(origin_at(server.port, {"X-Forwarded-Proto": "https"})),
            [*LINES, "X-Forwarded-Proto: https"],
        )
        fetch = await submit(session, ARTICLE, {"title": "by the proxy's way"})
        with pytest.raises(ConfigError, match="refused: /admin/login/ answers 403"):
            await log_in(admin(), EDITOR, FirstReachable(origin_at(server.port)), LINES)
    room.close()
    assert fetch.status == 302


async def test_a_token_that_is_kept_in_the_session_is_taken_from_the_form(tmp_path: Path) -> None:
    room = Newsroom(tmp_path, {"CSRF_USE_SESSIONS": True}).migrate()
    room.shell()(PEOPLE)
    with room.gunicorn() as server:
        session = await editor(origin_at(server.port))
        fetch = await submit(session, ARTICLE, {"title": "by the session's token"})
    room.close()
    assert fetch.status == 302
