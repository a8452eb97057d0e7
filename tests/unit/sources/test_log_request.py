from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.sources.log_request import LeftOut, Request, judge, split_line, unescape
from warmer.sources.urls import Rejection


@pytest.mark.parametrize(
    ("target", "host", "scheme", "url"),
    [
        (b"/p?q=1", b"", b"", "/p?q=1"),
        (b"/p", b"-", b"", "/p"),
        (b"/p", b"_", b"", "/p"),
        (b"/p", b"www.example.com", b"", "//www.example.com/p"),
        (b"/p", b"www.example.com", b"https", "https://www.example.com/p"),
        (b"/p", b"", b"https", "/p"),
        (b"//p", b"www.example.com", b"", "//www.example.com//p"),
        (b"http://a.example/p", b"b.example", b"", "//a.example/p"),
        (b"HTTP://a.example", b"", b"", "//a.example/"),
        (b"https://a.example:443/p", b"", b"https", "https://a.example:443/p"),
        (b"http://[::1]:80?q", b"", b"", "//[::1]:80/?q"),
        (b"/a b\xe9", b"", b"", "/a%20b%E9"),
        (b"/file.css.html", b"", b"", "/file.css.html"),
        (b"/css/", b"", b"", "/css/"),
        (b"/search?q=style.css", b"", b"", "/search?q=style.css"),
        (b"/sitemap.xml", b"", b"", "/sitemap.xml"),
    ],
)
def test_a_page_becomes_a_url(target: bytes, host: bytes, scheme: bytes, url: str) -> None:
    assert judge(Request(b"GET", target, b"200", host, scheme)) == url
    assert judge(Request(b"GET", target, b"304", host, scheme)) == url


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (Request(b"", b"", b"408"), LeftOut.NOT_HTTP),
        (Request(b"POST", b"/", b"200"), LeftOut.NOT_GET),
        (Request(b"HEAD", b"/", b"200"), LeftOut.NOT_GET),
        (Request(b"CONNECT", b"a:443", b"200"), LeftOut.NOT_GET),
        (Request(b"GET", b"/", b"404"), LeftOut.STATUS),
        (Request(b"GET", b"/", b"301"), LeftOut.STATUS),
        (Request(b"GET", b"/", b"-"), LeftOut.STATUS),
        (Request(b"GET", b"/a.css", b"200"), LeftOut.STATIC),
        (Request(b"GET", b"/a.b/c.WOFF2?v=1", b"200"), LeftOut.STATIC),
        (Request(b"GET", b"/a.js;v=1", b"200"), LeftOut.STATIC),
        (Request(b"GET", b"/a.png#x?y", b"200"), LeftOut.STATIC),
        (Request(b"GET", b"//evil.example/", b"200"), LeftOut.DOUBLE_SLASH),
        (Request(b"GET", b"*", b"200"), Rejection.NOT_A_URL),
        (Request(b"GET", b"p", b"200"), Rejection.NOT_A_URL),
        (Request(b"GET", b"/", b"200", b"~^(.+)$"), Rejection.NOT_A_URL),
        (Request(b"GET", b"http://u:p@a.example/", b"200"), Rejection.CREDENTIALS),
        (Request(b"GET", b"/a\x00", b"200"), Rejection.CONTROL),
        (Request(b"GET", b"/" + b"a" * 9000, b"200"), Rejection.TOO_LONG),
    ],
)
def test_what_no_page_answered_is_left_out(request_: Request, reason: LeftOut | Rejection) -> None:
    assert judge(request_) is reason


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        (b"GET /p HTTP/1.1", (b"GET", b"/p")),
        (b"GET /p HTTP/2.0", (b"GET", b"/p")),
        (b"GET /p HTTP/3", (b"GET", b"/p")),
        (b"GET /p", (b"GET", b"/p")),
        (b"GET /a b c HTTP/1.1", (b"GET", b"/a b c")),
        (b"GET  /p  HTTP/1.1", (b"GET", b"/p")),
        (b"OPTIONS * HTTP/1.0", (b"OPTIONS", b"*")),
        (b"PRI * HTTP/2.0", (b"PRI", b"*")),
        (b"-", (b"", b"")),
        (b"", (b"", b"")),
        (b"GET", (b"", b"")),
        (b"\x16\x03\x01\x02\x00\x01", (b"", b"")),
        (b"\x03\x00\x00/*\xe0\x00 x", (b"", b"")),
    ],
)
def test_a_request_line_is_split_in_method_and_target(
    line: bytes, parts: tuple[bytes, bytes]
) -> None:
    assert split_line(line) == parts


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (rb"\"a\"", b'"a"'),
        (rb"\x22\xC3\xa9", b'"\xc3\xa9'),
        (rb"a\\x41", rb"a\x41"),
        (rb"\t\n", b"\t\n"),
        (rb"\u0022", b'"'),
        (rb"\x4", b"x4"),
        (b"end\\", b"end\\"),
    ],
)
def test_escapes_of_servers_are_undone(value: bytes, plain: bytes) -> None:
    assert unescape(value) == plain


@given(st.binary(), st.binary(), st.binary())
def test_no_logged_bytes_crash_the_judge(line: bytes, host: bytes, scheme: bytes) -> None:
    for start in (b"", b"GET ", b"GET /", b"GET http://"):
        method, target = split_line(unescape(start + line))
        url = judge(Request(method, target, b"200", host, scheme))
        assert not isinstance(url, str) or (url.isascii() and url.isprintable())
