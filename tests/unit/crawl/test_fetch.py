"""Header lines as libcurl gives them, and its failures in the report's words."""

from __future__ import annotations

import pycurl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.crawl.fetch import parse_headers, reason_of


def test_names_are_lower_case_values_trimmed_and_order_kept() -> None:
    lines = [
        b"HTTP/1.1 200 OK\r\n",
        b"Vary:  Accept-Language \r\n",
        b"SET-COOKIE: a=1; b:2\r\n",
        b"Set-Cookie: c=3\r\n",
        b"X-Empty:\r\n",
        b"\r\n",
    ]
    assert parse_headers(lines) == [
        ("vary", "Accept-Language"),
        ("set-cookie", "a=1; b:2"),
        ("set-cookie", "c=3"),
        ("x-empty", ""),
    ]


def test_only_the_last_block_counts() -> None:
    lines = [
        b"HTTP/1.1 200 Connection established\r\n",
        b"X-Proxy: 1\r\n",
        b"\r\n",
        b"HTTP/1.1 103 Early: Hints\r\n",
        b"Link: </a.css>\r\n",
        b"\r\n",
        b"HTTP/2 200 \r\n",
        b"age: 5\r\n",
        b"\r\n",
    ]
    assert parse_headers(lines) == [("age", "5")]


def test_trailers_are_left_out() -> None:
    lines = [b"HTTP/1.1 200\r\n", b"a: 1\r\n", b"\r\n", b"x-cache: HIT\r\n"]
    assert parse_headers(lines) == [("a", "1")]


def test_a_line_without_a_colon_is_left_out() -> None:
    assert parse_headers([b"HTTP/1.1 200\r\n", b"nonsense\r\n", b"a: 1\r\n"]) == [("a", "1")]


def test_octets_beyond_ascii_are_kept() -> None:
    assert parse_headers([b"a: \xc3\xa9\xff\r\n"]) == [("a", "\xc3\xa9\xff")]


@given(st.lists(st.binary()))
def test_any_lines_at_all_are_read(lines: list[bytes]) -> None:
    for name, value in parse_headers(lines):
        assert name == name.lower()
        assert value.encode("latin-1").strip() == value.encode("latin-1")


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        (pycurl.E_COULDNT_RESOLVE_HOST, "", "dns"),
        (pycurl.E_COULDNT_CONNECT, "", "connect"),
        (pycurl.E_OPERATION_TIMEDOUT, "", "timeout"),
        (pycurl.E_PEER_FAILED_VERIFICATION, "", "tls"),
        (pycurl.E_GOT_NOTHING, "", "closed-early"),
        (pycurl.E_FILESIZE_EXCEEDED, "", "too-large"),
        (92, "HTTP/2 stream 1 was not closed cleanly", "closed-early"),
        (97, "", "proxy"),
        (pycurl.E_RECV_ERROR, "Recv failure: Connection reset by peer", "closed-early"),
        (pycurl.E_RECV_ERROR, "OpenSSL SSL_read: unexpected eof while reading", "closed-early"),
        (
            pycurl.E_RECV_ERROR,
            "OpenSSL SSL_read: SSL routines::tlsv13 alert certificate required, errno 0",
            "tls",
        ),
        (pycurl.E_RECV_ERROR, "chunk hex-length char not a hex digit: 0x7a", "protocol"),
        (pycurl.E_RECV_ERROR, "Too large response headers: 307324 > 307200", "protocol"),
        (12345, "of the future", "protocol"),
    ],
)
def test_a_failure_of_libcurl_has_a_word(code: int, message: str, reason: str) -> None:
    assert reason_of(code, message) == reason
