"""Which pages are the login form in another place, and which only carry a form."""

from __future__ import annotations

import dataclasses
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.config import LoginConfig
from warmer.crawl.fetch import Fetch
from warmer.crawl.login_form import form_with, forms_of
from warmer.crawl.login_sign import NO_SIGN, LoginSign

BASE = "https://www.example.com"
URL = f"{BASE}/enter?step=1"
PAGE = f"{BASE}/members/7/"
CONFIG = LoginConfig(url="/enter?step=1", username_env="U", password_env="P")
FORM = (
    '<form method="post" action="/take"><label>Name <input name="username"></label>'
    '<input name="password" type="password"><input type="checkbox" name="remember">'
    '<input type="hidden" name="token" value="1"><button name="go">Enter</button></form>'
)
HEADER = (
    '<form method="post" action="/take"><input name="username">'
    '<input name="password" type="password"></form>'
)
STORY = " ".join(f"word{number}" for number in range(60))


def fetched(body: str | bytes, kind: str = "text/html", **headers: str) -> Fetch:
    raw = body if isinstance(body, bytes) else body.encode()
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Fetch(status=200, headers=[("content-type", kind), *named], body=raw)


def sign_of(page: str, config: LoginConfig = CONFIG, kind: str = "text/html") -> LoginSign:
    fetch = fetched(page, kind)
    forms = forms_of(fetch.body, kind, URL)
    form = form_with(forms, (config.username_field, config.password_field))
    assert form is not None
    return LoginSign.of(config, form, URL, fetch)


SIGN = sign_of(f"<title>Members</title>{FORM}")


@pytest.mark.parametrize(
    "page",
    [
        FORM,
        FORM.replace('action="/take"', 'action=""'),
        FORM.replace('action="/take"', ""),
        FORM.replace("/take", "/take?next=/members/7/"),
        # Less is asked for, or more where it goes to the same place; the hidden ones do not matter.
        HEADER.replace("/take", "/elsewhere"),
        FORM.replace("remember", "stay"),
        FORM.replace('name="token"', 'name="next"'),
        f"<h1>Your session is over</h1>{FORM}<p>{STORY}",
        FORM.replace('name="password"', "NAME = 'password'"),
        FORM.replace('name="password"', "name=password"),
        FORM.replace("name=", "NAME=").replace("input", "INPUT").replace("post", "POST"),
        f"<form method=post>{FORM}",
    ],
)
def test_the_form_is_known_in_place_of_a_page(page: str) -> None:
    assert SIGN.is_in_place(fetched(page), PAGE)


@pytest.mark.parametrize(
    "page",
    [
        f"<p>{STORY}",
        '<a href="/password/change/">Change your password</a>',
        "<script>var field = '<input name=\"password\">'</script>",
        FORM.replace("post", "get"),
        FORM.replace('name="username"', 'name="email"'),
        FORM.replace("/take", "/me").replace("remember", "new_password"),
        FORM.replace("/take", "/join").replace("remember", "email"),
        FORM.replace('type="password"', 'type="hidden"'),
        f"<!-- {FORM} -->",
        f"<textarea>{FORM}</textarea>",
        "",
    ],
)
def test_other_pages_and_other_forms_are_left_alone(page: str) -> None:
    assert not SIGN.is_in_place(fetched(page), PAGE)


def test_what_is_no_html_has_no_form() -> None:
    assert not SIGN.is_in_place(fetched(FORM, "application/json"), PAGE)
    assert not SIGN.is_in_place(fetched(FORM, "image/svg+xml"), PAGE)
    assert SIGN.is_in_place(Fetch(status=200, body=FORM.encode()), PAGE)


def test_a_coded_body_is_looked_into_as_far_as_it_was_kept() -> None:
    whole = gzip.compress(f"{FORM}<p>{STORY * 50}".encode())
    assert SIGN.is_in_place(fetched(whole[:-100], content_encoding="gzip"), PAGE)
    assert not SIGN.is_in_place(fetched(whole[:20], content_encoding="gzip"), PAGE)
    assert not SIGN.is_in_place(fetched(b"no gzip", content_encoding="gzip"), PAGE)


def test_a_form_that_whoever_is_logged_in_gets_is_no_sign_beside_a_page() -> None:
    page = fetched(f"{HEADER}<p>{STORY}")
    assert SIGN.is_in_place(page, PAGE)
    told = dataclasses.replace(SIGN, everybodys=SIGN.copies(page, f"{BASE}/"))
    assert not told.is_in_place(page, PAGE)
    assert not told.is_in_place(fetched(f"{HEADER}<p>{STORY.upper()}"), f"{BASE}/other/")


def test_one_more_than_everybody_gets_is_a_sign() -> None:
    told = dataclasses.replace(SIGN, everybodys=SIGN.copies(fetched(f"{HEADER}{STORY}"), PAGE))
    assert told.is_in_place(fetched(f"{HEADER}<p>{STORY}{HEADER}"), PAGE)
    assert told.is_in_place(fetched(f"{HEADER}<p>{STORY}{FORM}"), PAGE)
    assert told.is_in_place(fetched(f"<p>{STORY}{FORM}"), PAGE)


def test_what_everybody_gets_is_a_sign_all_the_same_where_the_page_says_no_more() -> None:
    told = dataclasses.replace(SIGN, everybodys=SIGN.copies(fetched(f"{HEADER}{STORY}"), PAGE))
    assert told.is_in_place(fetched(f"<title>Members</title>{HEADER}Please log in first"), PAGE)


def test_the_forms_page_in_another_place_says_little_more() -> None:
    assert SIGN.is_once_more(fetched(f"<title>Members</title>{FORM} Log in to see it: 11:42"), PAGE)
    assert not SIGN.is_once_more(fetched(f"<title>Members</title>{FORM}{STORY}"), PAGE)
    assert not SIGN.is_once_more(fetched("<title>Members</title>"), PAGE)


def test_scripts_and_styles_say_nothing() -> None:
    page = f"{FORM}<script>{STORY}</script><style>{STORY}</style><!-- {STORY} -->"
    assert SIGN.is_once_more(fetched(page), PAGE)


@pytest.mark.parametrize(
    ("url", "is_home"),
    [(URL, True), (f"{BASE}/enter", False), (f"{BASE}/enter?step=2", False), (PAGE, False)],
)
def test_the_form_is_at_home_where_it_was_found(url: str, is_home: bool) -> None:
    assert SIGN.is_at_home(url) is is_home


def test_a_field_that_is_spelled_in_another_way_is_found_by_reading_each_page() -> None:
    config = LoginConfig(
        url="/enter", username_env="U", password_env="P", password_field="user[password]"
    )
    spelled = FORM.replace('name="password"', 'name="user&#91;password&#93;"')
    assert sign_of(spelled, config).is_in_place(fetched(spelled), PAGE)
    plain = FORM.replace('name="password"', 'name="user[password]"')
    assert sign_of(plain, config).is_in_place(fetched(plain), PAGE)


def test_pages_in_another_charset_are_read() -> None:
    page = FORM.encode("utf-16")
    fetch = fetched(page, "text/html; charset=utf-16")
    (form,) = forms_of(page, "text/html; charset=utf-16", URL)
    assert LoginSign.of(CONFIG, form, URL, fetch).is_in_place(fetch, PAGE)


def test_before_a_form_is_found_it_is_on_no_page() -> None:
    assert not NO_SIGN.is_in_place(fetched(FORM), PAGE)


def test_nothing_of_a_page_is_shown_when_printed() -> None:
    assert "Members" not in repr(SIGN)


SPACE = st.sampled_from(["", " ", "\n"])


@given(
    quote=st.sampled_from(['"', "'", ""]),
    around=st.tuples(SPACE, SPACE),
    before=st.text(alphabet="<>ab \"'=password", max_size=40).map(lambda text: f"<p>{text}</p>"),
    more=st.lists(st.sampled_from([' id="x"', " required", ' class="a b"', "\n autofocus"])),
    kind=st.sampled_from(["text/html", "text/html; charset=utf-8", "application/xhtml+xml"]),
)
def test_however_a_form_is_spelled_the_quick_look_finds_what_reading_finds(
    quote: str, around: tuple[str, str], before: str, more: list[str], kind: str
) -> None:
    named = f"name{around[0]}={around[1]}{quote}password{quote}"
    page = fetched(
        f'{before}<form method="post"><input name="username">'
        f'<input type="password"{"".join(more)} {named}></form>',
        kind,
    )
    read = dataclasses.replace(SIGN, spelled=None)
    assert SIGN.copies(page, PAGE) == read.copies(page, PAGE)


@given(st.binary(max_size=200), st.text(max_size=20), st.text(max_size=20))
def test_no_page_is_too_broken_to_be_looked_at(body: bytes, kind: str, coding: str) -> None:
    page = fetched(body, kind, content_encoding=coding)
    assert isinstance(SIGN.is_in_place(page, PAGE), bool)
    assert isinstance(dataclasses.replace(SIGN, spelled=None).is_in_place(page, PAGE), bool)
