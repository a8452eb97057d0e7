"""Which cookies go with which request, by RFC 6265."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.crawl.cookies import CookieJar

URL = "https://www.example.com/accounts/login"
NOW = 1_800_000_000.0


def jar(*set_cookie: str, url: str = URL, secure: bool = True) -> CookieJar:
    found = CookieJar()
    found.take(url, [("set-cookie", each) for each in set_cookie], secure=secure, now=NOW)
    return found


def sent(
    found: CookieJar, url: str = URL, *, secure: bool = True, after_s: float = 0
) -> str | None:
    return found.header(url, secure=secure, now=NOW + after_s)


@pytest.mark.parametrize(
    ("set_cookie", "url", "header"),
    [
        ("a=1", "https://www.example.com/accounts/", "a=1"),
        ("a=1", "https://www.example.com/accounts", "a=1"),
        ("a=1", "https://www.example.com/accountsx/", None),
        ("a=1", "https://www.example.com/", None),
        ("a=1; Path=/", "https://www.example.com/any", "a=1"),
        ("a=1; Path=no", "https://www.example.com/accounts/x/", "a=1"),
        ("a=1; Path=/", "https://m.www.example.com/", None),
        ("a=1; Path=/; Domain=example.com", "https://shop.example.com/", "a=1"),
        ("a=1; Path=/; Domain=.example.com", "https://shop.example.com/", "a=1"),
        ("a=1; Path=/; Domain=EXAMPLE.com", "https://example.com/", "a=1"),
        ("a=1; Path=/; Domain=other.com", URL, None),
        ("a=1; Path=/; Domain=ample.com", URL, None),
        ("a=1; Path=/; Domain=m.www.example.com", URL, None),
        ("a=1=2; Path=/", URL, "a=1=2"),
        ('a="quoted words"; Path=/', URL, 'a="quoted words"'),
        ("a=; Path=/", URL, "a="),
        (" a = 1 ; path = /", URL, "a=1"),
        ("nameless", URL, None),
        ("=1", URL, None),
        ("a=\xe4", URL, None),
        ("a=1\tb", URL, None),
    ],
)
def test_a_cookie_goes_where_it_was_set_for(set_cookie: str, url: str, header: str | None) -> None:
    assert sent(jar(set_cookie), url) == header


def test_longer_paths_come_first_then_older_ones() -> None:
    found = jar("a=1; Path=/", "b=2; Path=/accounts", "c=3; Path=/")
    assert sent(found) == "b=2; a=1; c=3"


def test_a_new_value_takes_the_place_of_the_old_one() -> None:
    found = jar("a=1; Path=/", "b=2; Path=/", "a=3; Path=/")
    assert sent(found) == "a=3; b=2"


@pytest.mark.parametrize(
    ("attribute", "after_s", "is_there"),
    [
        ("Max-Age=60", 59, True),
        ("Max-Age=60", 60, False),
        ("Max-Age=0", 0, False),
        ("Max-Age=-1", 0, False),
        ("Max-Age=no", 9999, True),
        ("Expires=Fri, 15 Jan 2027 08:01:00 GMT", 59, True),
        ("Expires=Fri, 15 Jan 2027 08:01:00 GMT", 60, False),
        ("Expires=Fri, 15-Jan-2027 08:01:00 GMT", 60, False),
        ("Expires=Thu, 01 Jan 1970 00:00:00 GMT", 0, False),
        ("Expires=some day", 9999, True),
        ("Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60", 59, True),
    ],
)
def test_a_cookie_ends_when_it_says(attribute: str, after_s: float, *, is_there: bool) -> None:
    assert (sent(jar(f"a=1; Path=/; {attribute}"), after_s=after_s) == "a=1") is is_there


def test_an_expired_one_takes_the_cookie_away() -> None:
    found = jar("a=1; Path=/", "a=; Path=/; Max-Age=0")
    assert sent(found) is None
    assert found.names() == set()


def test_a_secure_cookie_neither_comes_nor_goes_in_the_clear() -> None:
    assert sent(jar("a=1; Path=/; Secure"), secure=False) is None
    assert sent(jar("a=1; Path=/; Secure"), secure=True) == "a=1"
    assert sent(jar("a=1; Path=/; Secure", secure=False), secure=True) is None


def test_an_address_has_no_subdomains() -> None:
    found = jar("a=1; Domain=0.0.1; Path=/", url="http://127.0.0.1/")
    assert sent(found, "http://127.0.0.1/") is None


def test_a_jar_shows_nothing_when_printed() -> None:
    found = jar("a=s3cret; Path=/")
    assert "s3cret" not in f"{found!r} {vars(found)}"


@given(st.text(max_size=80), st.text(max_size=40))
def test_whatever_is_set_no_other_host_hears_of_it(field: str, host: str) -> None:
    found = jar(field, f"a=1; Domain={host}")
    assert sent(found, "https://other.invalid/") is None
    header = sent(found)
    assert header is None or (header.isascii() and header.isprintable())
