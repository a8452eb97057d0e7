"""Crawls with sessions: which requests have them, and what happens when one is over."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from tests.component.crawl_runs import Notebook
from tests.component.form_site import FORM, FormSite
from tests.component.wiretap import server_tls
from tests.servers.certificates import Authority
from tests.servers.process import HOST
from tests.sites.newsroom.driver import Newsroom
from warmer.config import CrawlConfig, LoginConfig
from warmer.crawl.crawl import crawl
from warmer.crawl.job import CrawlJob
from warmer.crawl.login import Account, log_in
from warmer.crawl.origin import Origin
from warmer.crawl.role import Role
from warmer.errors import ConfigError, UnreachableError
from warmer.model import Target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.process import Running
    from tests.sites.newsroom.driver import Shell

PUBLIC = "news.example.test"
BASE = f"http://{PUBLIC}"
PASSWORD = "a word of the reader's"
LOGIN = LoginConfig(url="/accounts/login/", username_env="U", password_env="P", name="reader")
LINES = ["User-Agent: a test", "Accept:"]
SESSIONS = "from django.contrib.sessions.models import Session\nSession.objects"


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    settings = {"LOGIN_URL": "/accounts/login/"}
    found = Newsroom(tmp_path_factory.mktemp("newsroom"), settings).migrate()
    yield found
    found.close()


@pytest.fixture(scope="module")
def shell(room: Newsroom) -> Shell:
    shell = room.shell()
    shell(
        f"""
        User.objects.create_user("reader", password={PASSWORD!r})
        Article.objects.bulk_create(Article(slug=f"a-{{n}}", title="first") for n in range(40))
        1
        """
    )
    return shell


@pytest.fixture(scope="module")
def server(room: Newsroom, shell: Shell) -> Iterator[Running]:
    assert shell.process.poll() is None
    with room.gunicorn() as running:
        yield running


def new_origin(port: int) -> Origin:
    return Origin(
        base_url=BASE, hosts=frozenset({PUBLIC}), connect_to=f"{HOST}:{port}", timeout_s=10
    )


def new_role(port: int, password: str = PASSWORD, **changed: Any) -> Role:
    login = LoginConfig(**{**{n: getattr(LOGIN, n) for n in LOGIN.__struct_fields__}, **changed})
    return Role(login, Account("reader", password), new_origin(port), LINES)


async def fetch(
    port: int, role: Role, *paths: str, variants: tuple[str, ...] = ("in",)
) -> Notebook:
    notebook = Notebook()
    planned = [(path, variant) for path in paths for variant in variants]
    job = CrawlJob(
        targets=iter(
            Target(rank, BASE + path, variant) for rank, (path, variant) in enumerate(planned, 1)
        ),
        headers=dict.fromkeys(("in", "out"), LINES),
        origin=new_origin(port),
        config=CrawlConfig(concurrency=4, retries=0),
        observer=notebook,
        keep_bytes=1000,
        roles={"in": role},
    )
    await crawl(job)
    return notebook


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


FORM_PAGE = (200, {"Set-Cookie": "csrftoken=t0ken; Path=/"}, FORM)
TAKEN = (302, {"Set-Cookie": "sessionid=s3cret; Path=/; HttpOnly", "Location": "/"}, "")
OPEN = {"GET /accounts/login/": FORM_PAGE, "POST /accounts/login/": TAKEN}


async def test_only_the_variant_with_the_login_sends_its_cookies() -> None:
    async with FormSite(OPEN | {"GET /a": (200, {}, "a"), "GET /b": (200, {}, "b")}) as site:
        await fetch(site.port, new_role(site.port), "/a", "/b", variants=("in", "out"))
    sent = [headers.get("cookie") for what, headers, _ in site.requests if what[4:] in ("/a", "/b")]
    assert sorted(map(str, sent)) == [*["None"] * 2, *["csrftoken=t0ken; sessionid=s3cret"] * 2]


async def test_a_redirect_to_another_host_is_not_followed_with_cookies() -> None:
    away = {"GET /a": (302, {"Location": f"http://{HOST}/stolen"}, "")}
    async with FormSite(OPEN | away) as site:
        notebook = await fetch(site.port, new_role(site.port), "/a")
    assert notebook.results() == {"/a": "redirect-offsite"}
    assert [what for what, _, _ in site.requests] == [
        "GET /accounts/login/",
        "POST /accounts/login/",
        "GET /a",
    ]


async def test_a_page_that_stays_forbidden_is_left_so() -> None:
    async with FormSite(OPEN | {"GET /a": (403, {}, "no")}) as site:
        notebook = await fetch(site.port, new_role(site.port), "/a")
    assert notebook.results() == {"/a": 403}
    assert [what for what, _, _ in site.requests].count("GET /a") == 2


@pytest.mark.parametrize(
    ("script", "kind", "message"),
    [
        ({}, ConfigError, "the form is not reached: /accounts/login/ answers 404"),
        (
            {"GET /accounts/login/": (500, {}, "")},
            UnreachableError,
            "the form is not reached: /accounts/login/ answers 500; look into its log",
        ),
        (
            {"GET /accounts/login/": (302, {"Location": "http://else.test/"}, "")},
            UnreachableError,
            "the form is not reached: not a page of the site",
        ),
        (
            OPEN | {"POST /accounts/login/": (503, {}, "")},
            UnreachableError,
            "refused: /accounts/login/ answers 503; look into its log",
        ),
        (
            OPEN | {"POST /accounts/login/": (302, {"Location": "/accounts/login/?error=1"}, "")},
            ConfigError,
            "refused: status 302 leads back to the form",
        ),
        (
            OPEN | {"POST /accounts/login/": (302, {"Location": "/"}, "")},
            ConfigError,
            "refused: status 302, but no cookie of a session",
        ),
        (
            OPEN
            | {
                "POST /accounts/login/": (
                    302,
                    {"Location": "/", "Set-Cookie": "sessionid=s3cret; Secure"},
                    "",
                )
            },
            ConfigError,
            "refused: status 302, but no cookie of a session; is it one for https alone",
        ),
        (
            OPEN | {"GET /accounts/login/": (200, {}, FORM.replace("t0ken", ""))},
            ConfigError,
            "no CSRF token is found",
        ),
        (
            OPEN
            | {
                "GET /accounts/login/": (
                    200,
                    {},
                    FORM.replace("<form", '<form action="http://else.test/take"'),
                )
            },
            UnreachableError,
            "the form cannot be sent: not a page of the site",
        ),
    ],
)
async def test_a_site_that_does_otherwise_is_said_to(
    script: dict[str, Any], kind: type[Exception], message: str
) -> None:
    async with FormSite(script) as site:
        with pytest.raises(kind, match=f'^login "reader": {message}') as refused:
            await new_role(site.port).session()
    assert PASSWORD not in str(refused.value)
    assert not any(PASSWORD in str(each) for each in site.requests if each[0][:3] == "GET")


async def test_nobody_there_is_unreachable() -> None:
    async with FormSite({}) as site:
        port = site.port
    with pytest.raises(UnreachableError, match="the form is not reached"):
        await new_role(port).session()


async def test_a_page_without_a_token_will_do_where_none_is_asked_for() -> None:
    bare = OPEN | {"GET /accounts/login/": (200, {}, FORM.replace("t0ken", ""))}
    async with FormSite(bare) as site:
        session = await log_in(
            LoginConfig(url="/accounts/login/", username_env="U", password_env="P", csrf_field=""),
            Account("reader", PASSWORD),
            new_origin(site.port),
            LINES,
        )
    assert session.cookie_header(f"{BASE}/") == "sessionid=s3cret"


async def test_the_form_is_posted_as_a_browser_does() -> None:
    async with FormSite(OPEN) as site:
        await new_role(site.port).session()
    what, headers, body = site.requests[1]
    assert what == "POST /accounts/login/"
    assert body == "username=reader&password=a+word+of+the+reader%27s&csrfmiddlewaretoken=t0ken"
    assert headers["origin"] == BASE
    assert headers["referer"] == f"{BASE}/accounts/login/"
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert headers["cookie"] == "csrftoken=t0ken"


async def test_a_broken_login_is_not_asked_for_again_for_each_page() -> None:
    async with FormSite({"GET /accounts/login/": (500, {}, "")}) as site:
        notebook = await fetch(site.port, new_role(site.port), *(f"/{n}" for n in range(20)))
    assert set(notebook.results().values()) == {"login"}
    assert len(site.requests) <= 3


async def test_a_form_whose_page_came_by_tls_is_not_sent_in_the_clear(tmp_path: Path) -> None:
    certificate = Authority(tmp_path).issue(PUBLIC)
    page = FORM.replace("<form", f'<form action="{BASE}/take"')
    async with FormSite(
        {"GET /accounts/login/": (200, {}, page)}, tls=server_tls(certificate)
    ) as site:
        origin = dataclasses.replace(
            new_origin(site.port), base_url=f"https://{PUBLIC}", ca_file=str(tmp_path / "ca.pem")
        )
        with pytest.raises(UnreachableError, match="the form goes by plain http"):
            await log_in(LOGIN, Account("reader", PASSWORD), origin, LINES)
    assert [what for what, _, _ in site.requests] == ["GET /accounts/login/"]
