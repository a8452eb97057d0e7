from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.sources.urls import Rejection, check


@pytest.mark.parametrize(
    ("raw", "url"),
    [
        (b"https://www.example.com/p/1/", "https://www.example.com/p/1/"),
        (b"  /p/1/?page=2 \r", "/p/1/?page=2"),
        (b"//www.example.com/p", "//www.example.com/p"),
        (b"HTTP://WWW.Example.COM", "http://www.example.com/"),
        (b"http://example.com?q=1", "http://example.com/?q=1"),
        (b"http://example.com:8080/p", "http://example.com:8080/p"),
        (b"http://example.com:/p", "http://example.com/p"),
        (b"http://[::1]:8000/p", "http://[::1]:8000/p"),
        (b"http://[2001:0DB8::0001]/", "http://[2001:db8::1]/"),
        (b"/caf\xc3\xa9 au lait", "/caf%C3%A9%20au%20lait"),
        (b"/caf%C3%A9", "/caf%C3%A9"),
        (b"/latin-1/caf\xe9", "/latin-1/caf%E9"),
        (b'/a"b<c>?q="d"', "/a%22b%3Cc%3E?q=%22d%22"),
        (b"/a|b?c|d{e}", "/a|b?c|d{e}"),
        (b"/p?q=1#part", "/p?q=1"),
        ("https://bücher.example/ä".encode(), "https://xn--bcher-kva.example/%C3%A4"),
        (b"/\\evil.example/", "/%5Cevil.example/"),
        (b"/login?next=https://a:b@c/", "/login?next=https://a:b@c/"),
    ],
)
def test_a_url_or_path_comes_back_ready_to_be_sent(raw: bytes, url: str) -> None:
    assert check(raw) == url


@pytest.mark.parametrize(
    ("raw", "url"),
    [
        (b"example.com/page", "//example.com/page"),
        (b"www.example.com", "//www.example.com/"),
        (b"www.example.com?q=1", "//www.example.com/?q=1"),
        (b"shop.example.com:8080/p", "//shop.example.com:8080/p"),
        (b"localhost:8000/p", "//localhost:8000/p"),
    ],
)
def test_a_host_without_scheme_is_left_without_scheme(raw: bytes, url: str) -> None:
    assert check(raw) == url


@pytest.mark.parametrize(
    "raw",
    [
        *(
            b"",
            b"about.html",
            b"index.php/page",
            b"docs/page",
            b"v1.2/page",
            b"word",
            b"NAME=value",
        ),
        *(b"$(HOST)/p", b"http:/p", b"http:p", b"http://", b"https:///p", b"//", b"///p", b"?q=1"),
        *(
            b"http://exa mple.com/",
            b"http://example.com:99999/",
            b"http://[::1/",
            b"http://-a.com/",
        ),
        *(b"http://example.com:0/", b"http://ex%61mple.com/", b"http:\\\\example.com\\", b"#part"),
        *(b"http://example.com\\.evil.example/", b"http://a..b/", b"http://" + b"a" * 254 + b"/"),
    ],
)
def test_what_would_have_to_be_guessed_is_not_a_url(raw: bytes) -> None:
    assert check(raw) is Rejection.NOT_A_URL


@pytest.mark.parametrize(
    ("raw", "rejection"),
    [
        (b"javascript:alert(1)", Rejection.SCHEME),
        (b"ftp://example.com/", Rejection.SCHEME),
        (b"file:///etc/passwd", Rejection.SCHEME),
        (b"mailto:a@example.com", Rejection.SCHEME),
        (b"https://user:secret@example.com/", Rejection.CREDENTIALS),
        (b"//user@example.com/", Rejection.CREDENTIALS),
        (b"/p\x00", Rejection.CONTROL),
        (b"/p\nHost: evil.example", Rejection.CONTROL),
        (b"/p\x7f", Rejection.CONTROL),
        (b"https://caf\xe9.example/", Rejection.UNDECODABLE),
        (b"/" + b"a" * 8192, Rejection.TOO_LONG),
    ],
)
def test_what_is_dangerous_is_refused_by_name(raw: bytes, rejection: Rejection) -> None:
    assert check(raw) is rejection


@given(st.one_of(st.binary(max_size=60), st.text(max_size=40).map(str.encode)))
def test_whatever_comes_in_what_comes_out_can_stand_in_a_request_line(raw: bytes) -> None:
    for candidate in (raw, b"/" + raw, b"https://example.com" + raw, b"//" + raw):
        url = check(candidate)
        if isinstance(url, str):
            assert re.fullmatch(r"[\x21-\x7e]+", url)
            assert url.startswith(("/", "http://", "https://"))
            authority = re.match(r"(?:https?:)?//([^/?#]*)", url)
            assert authority is None or "@" not in authority[1]


@given(st.one_of(st.binary(max_size=60), st.text(max_size=40).map(str.encode)))
def test_a_checked_url_passes_unchanged(raw: bytes) -> None:
    for candidate in (raw, b"/" + raw, b"https://example.com/" + raw):
        url = check(candidate)
        if isinstance(url, str):
            assert check(url.encode()) == url
