"""Crawls with sessions of a real Django site: what happens when one is over."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.component.login_runs import (
    BASE,
    SESSIONS,
    fetch,
    new_role,
    newsroom,
    shell_with_reader,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.process import Running
    from tests.sites.newsroom.driver import Newsroom, Shell


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    with newsroom(tmp_path_factory.mktemp("newsroom"), LOGIN_URL="/accounts/login/") as found:
        yield found


@pytest.fixture(scope="module")
def shell(room: Newsroom) -> Shell:
    return shell_with_reader(room, "first")


@pytest.fixture(scope="module")
def server(room: Newsroom, shell: Shell) -> Iterator[Running]:
    assert shell.process.poll() is None
    with room.gunicorn() as running:
        yield running


MEMBERS = [f"/members/a-{number}/" for number in range(12)]
LATER = [f"/members/a-{number}/" for number in range(20, 32)]


async def test_a_session_that_ends_under_a_crawl_costs_one_login_and_no_page(
    server: Running, shell: Shell
) -> None:
    role = new_role(server.port)
    first = await fetch(server.port, role, *MEMBERS)
    shell(f"{SESSIONS}.all().delete()[0]")
    second = await fetch(server.port, role, *LATER)  # the first ones are in the site's cache
    found = {seen.final_url: seen.status for seen in first.calls + second.calls}
    assert found == {BASE + path: 200 for path in MEMBERS + LATER}
    assert role.logins == 2


async def test_a_new_session_that_opens_nothing_costs_no_login_for_the_pages_beside_it(
    server: Running,
) -> None:
    role = new_role(server.port)
    renewed = await role.after_refusal(await role.session())
    assert renewed is not None
    # Several are in flight: another page comes back before the one that the login was for.
    assert await role.after_refusal(renewed) is None
    assert role.logins == 2


async def test_pages_that_a_role_may_not_see_cost_a_few_logins_not_one_each(
    server: Running,
) -> None:
    role = new_role(server.port)
    pages = [f"/admin/newsroom/article/{number}/change/" for number in range(40)]
    notebook = await fetch(server.port, role, *pages)
    assert set(notebook.results().values()) == {"login"}
    assert role.logins <= 4


async def test_a_login_that_fails_later_fails_the_pages_that_need_it_alone(
    server: Running, shell: Shell
) -> None:
    role = new_role(server.port)
    await role.session()
    shell(
        f"""
        {SESSIONS.splitlines()[0]}
        Session.objects.all().delete()
        User.objects.filter(username="reader").update(is_active=False)
        """
    )
    notebook = await fetch(server.port, role, "/members/a-1/", "/a/a-1/")
    shell('User.objects.filter(username="reader").update(is_active=True)')
    assert notebook.results() == {"/members/a-1/": "login", "/a/a-1/": 200}
    (failed,) = (seen for seen in notebook.calls if seen.reason == "login")
    assert 'login "reader": refused: the form comes again' in failed.detail


async def test_many_at_once_are_logged_in_once(server: Running) -> None:
    role = new_role(server.port)
    sessions = await asyncio.gather(*(role.session() for _ in range(10)))
    assert len(set(map(id, sessions))) == 1
    again = await asyncio.gather(*(role.after_refusal(sessions[0]) for _ in range(10)))
    assert len(set(map(id, again))) == 1
    assert role.logins == 2


async def test_a_form_is_posted_again_after_a_session_is_over(
    server: Running, shell: Shell
) -> None:
    shell('User.objects.filter(username="reader").update(is_staff=True, is_superuser=True)')
    role = new_role(server.port)
    await role.session()
    shell(f"{SESSIONS}.all().delete()[0]")
    number = shell('Article.objects.create(slug="posted", title="first").pk')
    answer = await role.submit(f"/admin/newsroom/article/{number}/change/", {"title": "second"})
    shell('User.objects.filter(username="reader").update(is_staff=False, is_superuser=False)')
    assert answer.status == 302
    assert shell(f"Article.objects.get(pk={number}).title") == "second"
    assert role.logins == 2
