"""Logins and crawls with sessions against a scripted site: what is sent, what is said of it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from tests.component.form_site import FORM, FormSite
from tests.component.login_runs import (
    BASE,
    LINES,
    LOGIN,
    PASSWORD,
    PUBLIC,
    READER,
    fetch,
    new_origin,
    new_role,
)
from tests.component.wiretap import server_tls
from tests.servers.certificates import Authority
from tests.servers.process import HOST
from warmer.config import LoginConfig
from warmer.crawl.first_reachable import FirstReachable
from warmer.crawl.login import log_in
from warmer.errors import ConfigError, UnreachableError

if TYPE_CHECKING:
    from pathlib import Path

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
            READER,
            FirstReachable(new_origin(site.port)),
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
            await log_in(LOGIN, READER, FirstReachable(origin), LINES)
    assert [what for what, _, _ in site.requests] == ["GET /accounts/login/"]
