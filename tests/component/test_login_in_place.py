"""Crawls with sessions of a real Django site that answers strangers with 200 and the login form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.component.form_site import FORM, FormSite, Script
from tests.component.login_runs import (
    LINES,
    READER,
    SESSIONS,
    fetch,
    new_origin,
    newsroom,
    shell_with_reader,
)
from warmer.config import LoginConfig
from warmer.crawl.fetch import FetchError
from warmer.crawl.first_reachable import FirstReachable
from warmer.crawl.login import log_in
from warmer.crawl.role import Role
from warmer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.component.crawl_runs import Notebook
    from tests.servers.process import Running
    from tests.sites.newsroom.driver import Newsroom, Shell

CLUB = LoginConfig(url="/enter/", username_env="U", password_env="P", name="reader", csrf_field="")
FIRST = [f"/club/a-{number}/" for number in range(8)]
LATER = [f"/club/a-{number}/" for number in range(10, 18)]
POSTERS = [f"/poster/p-{number}/" for number in range(8)]
MAY_SHE = (
    'the site sends the login form with status 200: may "reader" see this page? If everybody gets'
    " the form on it, name in login.logged_out what strangers alone read"
)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    with newsroom(
        tmp_path_factory.mktemp("newsroom"), ROOT_URLCONF="tests.sites.newsroom.club"
    ) as found:
        yield found


@pytest.fixture(scope="module")
def shell(room: Newsroom) -> Shell:
    return shell_with_reader(room, "inside")


@pytest.fixture(scope="module")
def server(room: Newsroom, shell: Shell) -> Iterator[Running]:
    assert shell.process.poll() is None
    with room.gunicorn() as running:
        yield running


def club_role(port: int, **changed: object) -> Role:
    return Role(
        msgspec.structs.replace(CLUB, **changed), READER, FirstReachable(new_origin(port)), LINES
    )


def end_sessions(shell: Shell) -> None:
    shell(f"{SESSIONS}.all().delete()[0]")


def bodies(*notebooks: Notebook) -> dict[str, bytes]:
    calls = [seen for notebook in notebooks for seen in notebook.calls]
    return {seen.path: seen.fetch.body for seen in calls if seen.fetch is not None}


async def test_a_session_that_ends_under_a_crawl_costs_one_login_and_no_page(
    server: Running, shell: Shell, room: Newsroom
) -> None:
    role = club_role(server.port)
    first = await fetch(server.port, role, *FIRST)
    end_sessions(shell)
    second = await fetch(server.port, role, *LATER)
    assert bodies(first, second) == dict.fromkeys(FIRST + LATER, b"inside")
    assert role.logins == 2
    assert "/lounge/" not in room.renders()  # nothing more was asked for than the form


async def test_pages_that_a_role_may_not_see_fail_and_cost_a_few_logins(server: Running) -> None:
    role = club_role(server.port)
    shut = [f"/board/a-{number}/" for number in range(20)]
    notebook = await fetch(server.port, role, *shut)
    assert {seen.reason for seen in notebook.calls} == {"login"}
    assert {seen.detail for seen in notebook.calls} == {MAY_SHE}
    assert role.logins <= 4


@pytest.mark.parametrize(
    "changed",
    [
        {"fields": {"next": "/poster/top/"}},
        {"proof_url": "/poster/proof/"},
        {"proof_url": "/poster/proof/", "proof_text": "dances of four centuries"},
        {"logged_out": "Members only"},
    ],
)
async def test_a_form_above_pages_for_everybody_is_not_taken_for_a_session_that_is_over(
    server: Running, shell: Shell, changed: dict[str, object]
) -> None:
    role = club_role(server.port, **changed)
    posters = await fetch(server.port, role, *POSTERS)
    end_sessions(shell)
    pages = await fetch(server.port, role, *LATER, "/board/a-1/")
    assert {seen.path: seen.status for seen in posters.calls} == dict.fromkeys(POSTERS, 200)
    assert bodies(pages) == dict.fromkeys(LATER, b"inside")
    assert pages.results()["/board/a-1/"] == "login"
    assert role.logins <= 4


async def test_a_form_that_nothing_shows_to_be_everybodys_is_taken_for_a_shut_page(
    server: Running,
) -> None:
    notebook = await fetch(server.port, club_role(server.port), *POSTERS)
    assert {seen.reason for seen in notebook.calls} == {"login"}


async def test_the_forms_own_page_is_a_page(server: Running) -> None:
    role = club_role(server.port)
    notebook = await fetch(server.port, role, "/enter/", "/accounts/login/", "/club/a-1/")
    assert set(notebook.results().values()) == {200}


async def test_forms_at_home_cost_one_login_for_each_place_not_for_each_page() -> None:
    taken = (302, {"Set-Cookie": "sessionid=s3cret; Path=/", "Location": "/home/"}, "")
    form: Script = (200, {}, f"<title>Log in</title>{FORM}")
    paths = [f"/login/?next=/p-{number}" for number in range(20)]
    script = {
        "GET /enter/": form,
        "POST /enter/": taken,
        **{f"GET {path}": (200, {}, "inside") for path in ("/", "/home/")},
        **{f"GET {path}": form for path in paths},
    }
    async with FormSite(script) as site:
        role = club_role(site.port)
        notebook = await fetch(site.port, role, *paths)
        later = await fetch(site.port, role, *paths)
    assert notebook.results() == later.results() == dict.fromkeys(paths, 200)
    assert role.logins == 2


async def test_a_form_is_posted_again_after_a_session_is_over(
    server: Running, shell: Shell
) -> None:
    role = club_role(server.port)
    await role.session()
    end_sessions(shell)
    answer = await role.submit("/desk/a-30/", {"title": "first"})
    assert answer.status == 302
    end_sessions(shell)
    answer = await role.submit("/desk/a-31/", {})
    assert answer.status == 302
    assert role.logins == 3
    assert shell('Article.objects.get(slug="a-30").title') == "first"


async def test_a_stranger_gets_what_is_everybodys_and_logs_in_nowhere(
    server: Running, room: Newsroom
) -> None:
    role = club_role(server.port)
    await role.session()
    logins = room.renders().count("/enter/")
    paths = ["/club/a-1/", "/members/a-1/", "/poster/p-1/", "/a/a-1/"]
    notebook = await fetch(server.port, role.stranger(), *paths)
    assert notebook.results() == {
        "/club/a-1/": "login",  # the form in its place
        "/members/a-1/": "login",  # a redirect to the form
        "/poster/p-1/": 200,
        "/a/a-1/": 200,
    }
    assert room.renders().count("/enter/") == logins


async def test_a_stranger_is_known_by_the_text_where_the_configuration_has_one() -> None:
    script: dict[str, Script] = {
        "GET /enter/": (200, {}, FORM),
        "POST /enter/": (302, {"Set-Cookie": "sessionid=s3cret; Path=/", "Location": "/"}, ""),
        "GET /shut/": (200, {"Content-Type": "application/json"}, '{"error": "login_required"}'),
        "GET /enter/help/": (200, {}, FORM),
    }
    async with FormSite(script) as site:
        role = club_role(site.port, logged_out='"error": "login_required"')
        await role.session()
        notebook = await fetch(site.port, role.stranger(), "/shut/", "/enter/help/")
    assert notebook.results() == {"/shut/": "login", "/enter/help/": 200}


async def test_a_login_that_the_site_does_not_keep_opens_no_page() -> None:
    taken = (302, {"Set-Cookie": "sessionid=s3cret; Path=/", "Location": "/home/"}, "")
    in_place: Script = (200, {}, f"<title>Please log in</title>{FORM}")
    script = {
        "GET /enter/": (200, {}, f"<title>Log in</title>{FORM}"),
        "POST /enter/": taken,
        **{f"GET {path}": in_place for path in ("/", "/home/", "/a", "/b")},
    }
    async with FormSite(script) as site:
        role = club_role(site.port)
        notebook = await fetch(site.port, role, "/a", "/b")
        with pytest.raises(FetchError, match="asks for a login") as refused:
            await role.submit("/a", {})
        with pytest.raises(ConfigError, match="no proof: the form comes in place of /home/"):
            await club_role(site.port, proof_url="/home/").session()
    assert notebook.results() == {"/a": "login", "/b": "login"}
    assert refused.value.reason == "login"
    assert [what for what, _, _ in site.requests if what.startswith("POST /a")] == []


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            {"POST /enter/": (200, {"Set-Cookie": "a=b"}, "You are not logged in")},
            "refused: logged_out is on the answer with status 200",
        ),
        (
            {
                "POST /enter/": (302, {"Set-Cookie": "a=b", "Location": "/home/"}, ""),
                "GET /home/": (200, {}, "You are not logged in"),
            },
            "no proof: logged_out is on /home/",
        ),
    ],
)
async def test_a_text_for_strangers_after_the_login_says_that_it_failed(
    script: dict[str, Script], message: str
) -> None:
    async with FormSite({"GET /enter/": (200, {}, FORM), **script}) as site:
        config = msgspec.structs.replace(CLUB, logged_out="not logged in", proof_url="/home/")
        with pytest.raises(ConfigError, match=message):
            await log_in(config, READER, FirstReachable(new_origin(site.port)), LINES)
