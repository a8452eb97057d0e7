from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.sources.log_formats import Rows
from warmer.sources.log_json import JsonFormat
from warmer.sources.log_request import Request

CADDY = {
    "level": "info",
    "ts": 1763883360.1,
    "logger": "http.log.access",
    "request": {
        "remote_ip": "127.0.0.1",
        "proto": "HTTP/2.0",
        "method": "GET",
        "host": "www.example.com",
        "uri": "/p?q=é",
        "headers": {"User-Agent": ["curl/8"], "Accept": ["*/*"]},
        "tls": {"resumed": False},
    },
    "duration": 0.001,
    "status": 200,
}


def read(line: bytes) -> Request | None:
    reader = JsonFormat()
    keys = reader.rows(line + b"\n").keys
    return reader.request(keys[0]) if keys else None


def test_a_line_of_caddy_names_the_host_and_no_scheme() -> None:
    request = read(json.dumps(CADDY).encode())
    assert request == Request(b"GET", "/p?q=é".encode(), b"200", b"www.example.com")


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        (
            b'{"request":"GET /a?b=c HTTP/1.1","status":"200","http_host":"a.b","host":"c.d"}',
            (b"GET", b"/a?b=c", b"200", b"a.b"),
        ),
        (
            b'{"request_method":"GET","uri":"/a","args":"b=c","status":304,"scheme":"https"}',
            (b"GET", b"/a?b=c", b"304", b"", b"https"),
        ),
        (
            b'{"method":"GET","request_uri":"/a?b","query_string":"b","status":200}',
            (b"GET", b"/a?b", b"200"),
        ),
        (b'{"request":"-","status":"408"}', (b"-", b"-", b"408")),
        (b'{"request":"GET /\\x22 HTTP/1.1","status":200}', (b"GET", b'/"', b"200")),
        (b'{"request":"GET /\xe9 HTTP/1.1","ua":"\xe9","status":200}', (b"GET", b"/%E9", b"200")),
    ],
)
def test_a_line_of_nginx_is_read_by_common_names(line: bytes, request_: tuple[bytes, ...]) -> None:
    assert read(line) == Request(*request_)


@pytest.mark.parametrize(
    "line",
    [
        *(b"{}", b"[]", b'"x"', b"7", b'{"status":200}', b'{"method":"GET","uri":"/"}'),
        *(b"{" * 30_000, b"[" * 60_000, b'{"request":{"method":1},"status":[]}', b"not json"),
    ],
)
def test_other_json_is_no_log_line(line: bytes) -> None:
    assert read(line) is None


def test_our_own_lines_are_counted_apart() -> None:
    own = json.loads(json.dumps(CADDY))
    own["request"]["headers"]["User-Agent"] = ["Mozilla/5.0 warmer/0.1.0"]
    lines = "\n".join(json.dumps(record) for record in (CADDY, own)) + "\n\n"
    rows = JsonFormat().rows(lines.encode())
    assert (len(rows.keys), rows.own, rows.ignored) == (1, 1, 1)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["request", "status", "method", "uri"]), inner)
        ),
    )
)
def test_no_json_crashes_the_reader(value: object) -> None:
    rows = JsonFormat().rows(json.dumps(value).encode() + b"\n")
    assert isinstance(rows, Rows)
