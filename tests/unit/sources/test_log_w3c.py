from __future__ import annotations

from warmer.sources.log_request import Request
from warmer.sources.log_w3c import W3CFormat

HEADER = (
    "#Version: 1.0\n"
    "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status"
    " cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id"
    " x-host-header cs-protocol cs-bytes time-taken\n"
)


def row(agent: str = "Mozilla/5.0%20(X11)", query: str = "-", status: str = "200") -> str:
    cells = ["2025-11-23", "07:36:00", "FRA2", "392", "192.0.2.1", "GET", "d1.cloudfront.net"]
    cells += ["/p", status, "-", agent, query, "-", "Hit", "abc==", "www.example.com", "https"]
    return "\t".join([*cells, "23", "0.001"]) + "\n"


def requests(text: str) -> list[Request]:
    reader = W3CFormat()
    return [reader.request(key) for key in reader.rows(text.encode()).keys]


def test_cloudfront_tells_what_the_visitor_asked_for() -> None:
    assert requests(HEADER + row() + row(query="q=1%202")) == [
        Request(b"GET", b"/p", b"200", b"www.example.com", b"https"),
        Request(b"GET", b"/p?q=1%202", b"200", b"www.example.com", b"https"),
    ]


def test_lines_without_a_header_are_those_of_the_standard_log() -> None:
    assert requests(row()) == [Request(b"GET", b"/p", b"200", b"www.example.com", b"https")]


def test_a_later_header_is_valid_for_the_lines_behind_it() -> None:
    text = (
        HEADER + row() + "#Fields: date time cs-method cs-host cs-uri-stem cs-uri-query sc-status\n"
        "2025-11-23 07:36:00 GET a.example /b c=d 304\n"
    )
    assert requests(text)[1] == Request(b"GET", b"/b?c=d", b"304", b"a.example", b"")


def test_a_header_without_what_is_needed_makes_the_lines_unreadable() -> None:
    assert requests("#Fields: date time c-ip\n2025-11-23\t07:36:00\t192.0.2.1\n") == []


def test_short_lines_are_not_read_and_our_own_are_counted_apart() -> None:
    own = row(agent="Mozilla/5.0%20warmer/0.1.0")
    rows = W3CFormat().rows(f"{HEADER}2025-11-23\t07:36:00\tGET\n{row()}{own}\n".encode())
    assert (len(rows.keys), rows.own, rows.ignored) == (1, 1, 3)
