from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.caches.http_obstacles import likely_cause, obstacle

OWN = frozenset({"x-warmer-run", "user-agent"})


def reason(*headers: tuple[str, str], status: int = 200) -> str | None:
    found = obstacle(status, headers, own_headers=OWN)
    return found[0] if found else None


@pytest.mark.parametrize("status", [200, 304])
def test_a_plain_page_has_no_obstacle(status: int) -> None:
    assert reason(("vary", "Accept-Encoding, Cookie"), status=status) is None


@pytest.mark.parametrize("status", [204, 206, 301, 302, 403, 404, 410, 500, 503])
def test_no_other_status_is_kept(status: int) -> None:
    assert reason(status=status) == "status"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([("cache-control", "no-store")], "no-store"),
        ([("cache-control", "max-age=5, No-Store")], "no-store"),
        ([("cache-control", "public"), ("cache-control", "private")], "private"),
        ([("cache-control", 'private="x-user"')], "private"),
        ([("vary", "*")], "vary-star"),
        ([("vary", "Cookie"), ("set-cookie", "csrftoken=s3cret")], "vary-cookie"),
        ([("set-cookie", "theme=dark")], "set-cookie"),
        ([("vary", "Accept, X-Warmer-Run")], "vary-x-warmer-run"),
        ([("vary", "Cookie"), ("vary", "user-agent")], "vary-user-agent"),
        ([("cache-control", "no-store"), ("vary", "User-Agent")], "vary-user-agent"),
    ],
)
def test_each_obstacle_has_its_reason(headers: list[tuple[str, str]], expected: str) -> None:
    assert reason(*headers) == expected


def test_vary_on_a_cookie_that_is_ours_is_an_obstacle_without_set_cookie() -> None:
    found = obstacle(200, [("vary", "Cookie")], own_headers=frozenset({"cookie"}))
    assert found == (
        "vary-cookie",
        (
            "Vary names cookie, so only who sends our cookie hits, and a session's is nobody"
            " else's: warm without one;"
            " if visitors send the same, make it a header of a [[variant]]"
        ),
    )


def test_a_login_of_our_own_that_selects_the_entry_is_told_how_to_be_rid_of() -> None:
    found = obstacle(200, [("vary", "Authorization")], own_headers=frozenset({"authorization"}))
    assert found == (
        "vary-authorization",
        (
            "Vary names authorization, so only who sends our login hits: take the login away before"
            " you warm, or have the proxy that asks for it remove the header"
            ' (nginx: proxy_set_header Authorization ""); if visitors send the same, make it a'
            " [[variant]]"
        ),
    )


@pytest.mark.parametrize(
    ("status", "cure"),
    [
        (
            400,
            (
                "does the site know its host name (base_url, ALLOWED_HOSTS of Django), or ask for"
                " a client certificate (crawl.client_cert)?"
            ),
        ),
        (401, "it asks for a login: set crawl.basic_auth, or an Authorization header"),
        (403, "it keeps us out: let warmer's address or user agent in, or exclude the page"),
        (404, "mend the page or take it off the list"),
    ],
)
def test_a_status_that_is_not_kept_comes_with_its_cure(status: int, cure: str) -> None:
    found = obstacle(status, [], own_headers=OWN)
    assert found == ("status", f"status {status}: only 200 is kept; {cure}")


@pytest.mark.parametrize("control", ["max-age=0", "no-cache", "must-revalidate", "s-maxage=0"])
def test_what_some_caches_store_all_the_same_is_no_obstacle(control: str) -> None:
    assert reason(("cache-control", control)) is None


@pytest.mark.parametrize(
    ("control", "cause"),
    [
        ("max-age=0", "max-age=0"),
        ("max-age=0, must-revalidate", "max-age=0"),
        ("s-maxage=0, max-age=60", "s-maxage=0"),
        ("no-cache", "no-cache"),
    ],
)
def test_the_likely_cause_is_named(control: str, cause: str) -> None:
    assert f"Cache-Control says {cause}:" in likely_cause([("cache-control", control)])


@pytest.mark.parametrize("control", ["max-age=300", "max-age=0, s-maxage=60", "max-age=05"])
def test_a_lifetime_is_no_cause(control: str) -> None:
    assert likely_cause([("cache-control", control)]) == ""


def test_no_header_is_no_cause() -> None:
    assert likely_cause([("vary", "Cookie")]) == ""


def test_names_of_cookies_are_shown_and_values_are_not() -> None:
    headers = [
        ("set-cookie", "sessionid=s3cret; Path=/; HttpOnly"),
        ("set-cookie", "csrftoken=s3cret"),
        ("set-cookie", "s3cret"),
        ("set-cookie", "b=s3cret"),
        ("set-cookie", "c=s3cret"),
    ]
    found = obstacle(200, headers, own_headers=OWN)
    assert found is not None
    assert found[1].startswith("sets sessionid, csrftoken, a cookie without name and 2 more: ")
    assert "s3cret" not in found[1]


_TEXT = st.text(max_size=40)


@given(
    st.lists(st.tuples(st.sampled_from(["cache-control", "vary", "set-cookie"]), _TEXT), max_size=6)
)
def test_no_header_value_raises_or_reaches_the_terminal_raw(
    headers: list[tuple[str, str]],
) -> None:
    likely_cause(headers)
    found = obstacle(200, headers, own_headers=OWN)
    assert found is None or found[1].isprintable()


@given(st.text(alphabet="abc=; \t", max_size=20))
def test_nothing_behind_the_first_equals_sign_of_a_cookie_is_shown(prefix: str) -> None:
    found = obstacle(200, [("set-cookie", f"{prefix}=S3CRET")], own_headers=OWN)
    assert found is not None
    assert "S3CRET" not in found[1]
