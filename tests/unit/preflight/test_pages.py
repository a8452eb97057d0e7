from __future__ import annotations

import gzip

import pytest

from warmer.crawl.fetch import Fetch, FetchError
from warmer.preflight.answer import of_answer
from warmer.preflight.pages import (
    admin,
    debug_page,
    error_page,
    host_header,
    not_found_page,
)
from warmer.preflight.result import Grade, Result, worst

URL = "https://www.example.com/x/"
STRANGE = "preflight-1.invalid"


def fetch(status: int, body: bytes = b"<html>ours</html>", **headers: str) -> Fetch:
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Fetch(status=status, headers=named, body=body, body_bytes=len(body))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"because you have <code>DEBUG = True</code> in your", "shows Django's debug page"),
        (b"<title>DisallowedHost at /</title>", "shows Django's debug page"),
        (b"<title>x // Werkzeug Debugger</title>", "shows Werkzeug's debugger"),
        (b"Traceback (most recent call last):", "shows a traceback"),
    ],
)
def test_pages_for_developers_are_known_by_what_stands_in_them(body: bytes, reason: str) -> None:
    found = debug_page(URL, fetch(404, body))
    assert (found.grade, found.reason) == (Grade.FAIL, reason)


def test_a_page_of_ones_own_that_says_404_is_in_order() -> None:
    assert debug_page(URL, fetch(404)).grade is Grade.OK
    assert not_found_page(URL, fetch(404)).grade is Grade.OK


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<h1>Not Found</h1><p>The requested resource was not found on this server.</p>",
        b"<center><h1>404 Not Found</h1></center>\r\n<hr><center>nginx</center>",
        b"<p>The requested URL was not found on this server.</p>",
    ],
)
def test_a_stock_page_of_404_is_warned_of(body: bytes) -> None:
    assert not_found_page(URL, fetch(404, body)).grade is Grade.WARN


@pytest.mark.parametrize("status", [200, 302, 403, 500])
def test_another_status_than_404_is_warned_of(status: int) -> None:
    found = not_found_page(URL, fetch(status))
    assert found.grade is Grade.WARN
    assert found.reason == f"answers {status} for a path that does not exist; expected 404"


@pytest.mark.parametrize("status", [400, 403, 404, 421, 503])
def test_a_made_up_host_that_is_refused_is_in_order(status: int) -> None:
    assert host_header(URL, fetch(status), STRANGE).grade is Grade.OK


def test_a_made_up_host_that_is_sent_to_the_sites_own_name_is_in_order() -> None:
    answer = fetch(301, location="https://www.example.com/")
    assert host_header(URL, answer, STRANGE).grade is Grade.OK


@pytest.mark.parametrize("location", [f"https://{STRANGE}/", "/en/", f"//{STRANGE}/en/", "//["])
def test_a_made_up_host_that_is_sent_on_under_its_own_name_fails(location: str) -> None:
    answer = fetch(302, location=location)
    assert host_header(URL, answer, STRANGE).grade is Grade.FAIL


def test_a_made_up_host_that_gets_a_page_fails() -> None:
    found = host_header(URL, fetch(200), STRANGE)
    assert found.reason == f"answers 200 to Host: {STRANGE}"
    assert found.grade is Grade.FAIL


@pytest.mark.parametrize(
    ("answer", "grade"),
    [
        (fetch(404), Grade.OK),
        (fetch(403), Grade.OK),
        (fetch(302, location="https://login.example.org/"), Grade.OK),
        (fetch(200), Grade.WARN),
        (fetch(200, b'<form id="login-form">'), Grade.WARN),
    ],
)
def test_an_admin_is_not_for_everyone(answer: Fetch, grade: Grade) -> None:
    assert admin(URL, answer).grade is grade


STOCK_500 = b"<h1>Server Error (500)</h1><p></p>"


@pytest.mark.parametrize(
    ("answers", "grade", "reason"),
    [
        ([fetch(500)], Grade.OK, "a 500 shows a page of its own"),
        ([fetch(500), fetch(500, STOCK_500)], Grade.WARN, "a 500 shows the server's stock page"),
        ([fetch(503, b"")], Grade.WARN, "a 503 shows the server's stock page"),
        (
            [fetch(502, b"<center><h1>502 Bad Gateway</h1></center>")],
            Grade.WARN,
            "a 502 shows the server's stock page",
        ),
        (
            [fetch(500, STOCK_500), fetch(500, b"<code>DEBUG = True</code>")],
            Grade.FAIL,
            "a 500 shows Django's debug page",
        ),
        (
            [fetch(500, gzip.compress(STOCK_500), content_encoding="gzip")],
            Grade.WARN,
            "a 500 shows the server's stock page",
        ),
    ],
)
def test_the_page_of_an_error_that_was_met_is_judged(
    answers: list[Fetch], grade: Grade, reason: str
) -> None:
    found = error_page(URL, answers)
    assert (found.grade, found.reason) == (grade, reason)


def test_without_an_error_its_page_is_not_known() -> None:
    assert error_page(URL, [fetch(200), fetch(404)]).grade is Grade.SKIPPED


def test_without_an_answer_a_check_is_skipped_with_the_reason() -> None:
    found = of_answer("admin", URL, FetchError("timeout", "nothing came in 30 s"), admin)
    assert found == Result("admin", Grade.SKIPPED, URL, "no answer: timeout: nothing came in 30 s")


def test_the_worst_of_nothing_but_skipped_checks_is_skipped() -> None:
    skipped, warned = (Result("hsts", grade, "", "") for grade in (Grade.SKIPPED, Grade.WARN))
    assert worst([skipped]) is Grade.SKIPPED
    assert worst([skipped, warned]) is Grade.WARN
