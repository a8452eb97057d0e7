from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.sources.capture import CapturedRequest
from warmer.sources.files import Opened
from warmer.sources.log_known import named_or_compiled
from warmer.sources.log_requests import logged_requests
from warmer.sources.log_time import unix_time
from warmer.sources.skipped import Skipped

COMBINED = (
    '192.0.2.1 - - [23/Nov/2025:07:36:00 +0100] "GET /a?b=c HTTP/1.1" 200 5 "-" "Mozilla/5.0 (X)"\n'
)
MOMENT = 1_763_879_760.0


def read(
    text: str | bytes, log_format: str | None = None, skipped: Skipped | None = None
) -> list[CapturedRequest]:
    data = text if isinstance(text, bytes) else text.encode()
    file = Opened("a.log", data, iter([data]))
    new_format = None if log_format is None else named_or_compiled(log_format)
    return list(logged_requests(file, new_format, skipped or Skipped()))


def test_a_line_is_a_request_with_its_time_and_its_visitor() -> None:
    assert read(COMBINED) == [
        CapturedRequest(
            MOMENT,
            "GET",
            "/a?b=c",
            (("User-Agent", "Mozilla/5.0 (X)"),),
            user="192.0.2.1 Mozilla/5.0 (X)",
            status=200,
        )
    ]


@pytest.mark.parametrize(
    ("log_format", "line", "at_s", "user"),
    [
        (None, '192.0.2.1 - - [23/Nov/2025:06:36:00 +0000] "GET / HTTP/1.1" 200 5\n', MOMENT, "192.0.2.1"),
        (None, 'shop:80 192.0.2.1 - - [23/Nov/2025:06:36:00 +0000] "GET / HTTP/1.1" 200 5 "-" "A"\n',
         MOMENT, "192.0.2.1 A"),
        (None, ('{"ts":1763879760.5,"request":{"remote_ip":"192.0.2.1","method":"GET","host":"shop",'
         '"uri":"/","headers":{"User-Agent":["A"]}},"status":200}\n'), MOMENT + 0.5, "192.0.2.1 A"),
        (None, ('{"time_iso8601":"2025-11-23T07:36:00+01:00","remote_addr":"192.0.2.1","request":'
         '"GET / HTTP/1.1","status":"200"}\n'), MOMENT, "192.0.2.1"),
        (None, ("#Fields: date time c-ip cs-method cs-uri-stem cs-uri-query sc-status cs(User-Agent)\n"
         "2025-11-23 06:36:00 192.0.2.1 GET / - 200 A+B\n"), MOMENT, "192.0.2.1 A B"),
        (None, ('http 2025-11-23T06:36:00.250000Z app/x 192.0.2.1:4711 10.0.0.1:80 0.0 0.0 0.0 200 200 '
         '1 2 "GET http://shop:80/ HTTP/1.1" "A"\n'), MOMENT + 0.25, "192.0.2.1 A"),
        ("$msec $remote_addr $status $request", "1763879760.125 192.0.2.1 200 GET / HTTP/1.1\n",
         MOMENT + 0.125, "192.0.2.1"),
        ("%{msec}t %a %>s %r", "1763879760125 192.0.2.1 200 GET / HTTP/1.1\n",
         MOMENT + 0.125, "192.0.2.1"),
        ("%{%Y}t %>s %r", "2025 200 GET / HTTP/1.1\n", None, None),
    ],
)  # fmt: skip
def test_every_format_tells_when_and_by_whom(
    log_format: str | None, line: str, at_s: float | None, user: str | None
) -> None:
    (found,) = read(line, log_format)
    assert found.at_s == at_s
    assert found.user == user
    assert found.url.endswith("/")


def test_all_methods_and_statuses_are_requests_but_ours_are_not() -> None:
    skipped = Skipped()
    text = (
        COMBINED.replace("GET", "POST")
        + COMBINED.replace(" 200 ", " 404 ")
        + COMBINED.replace("/a?b=c", "/a.css")
        + COMBINED.replace("(X)", "(X) warmer/0.1.0")
        + COMBINED.replace("GET /a?b=c HTTP/1.1", "\\x16\\x03")
        + COMBINED.replace("GET /a?b=c HTTP/1.1", "-")
        + "garbage\n\n"
    )
    found = [(each.method, each.url, each.status) for each in read(text, skipped=skipped)]
    assert found == [("POST", "/a?b=c", 200), ("GET", "/a?b=c", 404), ("GET", "/a.css", 200)]
    assert skipped.as_dict() == {"not-http": 2, "own-traffic": 1, "unparsable": 1}
    assert skipped.places()["unparsable"] == "a.log:7"


@given(st.datetimes(min_value=datetime(1973, 3, 4), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001 -- the zone is added
def test_moments_come_back_as_they_were_written(naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC, microsecond=0)
    local = f"{moment:%d/%b/%Y:%H:%M:%S} +0000".encode()
    assert unix_time(local) == moment.timestamp()
    assert unix_time(moment.isoformat().encode()) == moment.timestamp()
    assert unix_time(b"%d" % moment.timestamp()) == moment.timestamp()
    assert unix_time(b"%d" % (moment.timestamp() * 1000)) == moment.timestamp()


@pytest.mark.parametrize(
    "text", [b"", b"-", b"12:00", b"32/Nox/2025:00:00:00 +0000", b"2025-11-31T00:00:00Z", b"\xff"]
)
def test_what_is_no_moment_has_no_time(text: bytes) -> None:
    assert unix_time(text) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_counted(noise: bytes) -> None:
    found = read(COMBINED.encode() + noise + b"\n" + COMBINED.encode())
    assert found[0].url == "/a?b=c"


def test_a_hostile_line_does_not_make_the_match_backtrack() -> None:
    line = '1 2 3 [4] "' + "GET / " * 10_000 + '" x\n'
    assert [each.url for each in read(COMBINED + line)] == ["/a?b=c"]
