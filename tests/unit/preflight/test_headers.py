from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.crawl.fetch import Fetch
from warmer.preflight.headers import compression, cookies, hsts, security_headers
from warmer.preflight.result import Grade

URL = "https://www.example.com/"


def page(*headers: tuple[str, str], size: int = 5_000) -> Fetch:
    return Fetch(status=200, headers=list(headers), body_bytes=size)


@pytest.mark.parametrize(
    ("value", "grade", "reason"),
    [
        ("max-age=31536000", Grade.OK, "max-age is 31,536,000 s"),
        ('includeSubDomains; MAX-AGE = "15552000"; preload', Grade.OK, "max-age is 15,552,000 s"),
        ("max-age=300", Grade.WARN, "max-age is 300 s; expected 15,552,000 or more"),
        ("max-age=0", Grade.FAIL, "HSTS is switched off"),
        ("includeSubDomains", Grade.FAIL, "HSTS is switched off"),
        ("x-max-age=31536000", Grade.FAIL, "HSTS is switched off"),
    ],
)
def test_hsts_holds_for_half_a_year(value: str, grade: Grade, reason: str) -> None:
    found = hsts(URL, page(("strict-transport-security", value)), 15_552_000)
    assert (found.grade, found.reason) == (grade, reason)


def test_no_hsts_fails() -> None:
    found = hsts(URL, page(), 15_552_000)
    assert (found.grade, found.reason) == (Grade.FAIL, "no Strict-Transport-Security")


@pytest.mark.parametrize(
    ("value", "grade", "reason"),
    [
        (
            "sessionid=s3cret; HttpOnly; Secure; SameSite=Lax",
            Grade.OK,
            "sessionid as they should be",
        ),
        ("sessionid=s3cret; secure; samesite=Lax", Grade.FAIL, "sessionid without HttpOnly"),
        ("csrftoken=s3cret; Secure; SameSite=Lax", Grade.OK, "csrftoken as they should be"),
        ("csrftoken=s3cret; SameSite=Lax", Grade.FAIL, "csrftoken without Secure"),
        ("csrftoken=secure; SameSite=Lax", Grade.FAIL, "csrftoken without Secure"),
        ("seen=1; Secure", Grade.WARN, "seen without SameSite"),
        ("s3cret; Secure", Grade.WARN, "a cookie without a name without SameSite"),
    ],
)
def test_cookies_have_their_flags(value: str, grade: Grade, reason: str) -> None:
    found = cookies(URL, [page(("set-cookie", value))], secure=True)
    assert (found.grade, found.reason) == (grade, reason)


def test_by_plain_http_secure_is_not_asked_for() -> None:
    found = cookies(URL, [page(("set-cookie", "seen=1; SameSite=Lax"))], secure=False)
    assert found.grade is Grade.OK


def test_a_fault_that_several_pages_have_is_told_once() -> None:
    found = cookies(URL, [page(("set-cookie", "seen=1; Secure"))] * 3, secure=True)
    assert found.reason == "seen without SameSite"


def test_a_site_without_cookies_is_in_order() -> None:
    found = cookies(URL, [page()], secure=True)
    assert (found.grade, found.reason) == (Grade.OK, "none are set")


@given(st.text(st.characters(max_codepoint=255)))
def test_no_value_of_a_cookie_is_told_whatever_it_is(rest: str) -> None:
    found = cookies(URL, [page(("set-cookie", f"seen=Ws3cretW{rest}"))], secure=True)
    assert "Ws3cretW" not in found.reason


@pytest.mark.parametrize(
    ("headers", "size", "grade"),
    [
        ([("content-encoding", "gzip")], 5_000, Grade.OK),
        ([("content-type", "text/html; charset=utf-8")], 5_000, Grade.WARN),
        ([("content-type", "text/html"), ("content-encoding", "identity")], 5_000, Grade.WARN),
        ([("content-type", "text/html")], 999, Grade.OK),
        ([("content-type", "image/png")], 5_000, Grade.OK),
    ],
)
def test_text_comes_compressed(headers: list[tuple[str, str]], size: int, grade: Grade) -> None:
    assert compression(URL, page(*headers, size=size)).grade is grade


NOSNIFF = ("x-content-type-options", "nosniff")
REFERRER = ("referrer-policy", "same-origin")


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ([NOSNIFF, REFERRER, ("x-frame-options", "DENY")], "all are there"),
        (
            [NOSNIFF, REFERRER, ("content-security-policy", "Frame-Ancestors 'none'")],
            "all are there",
        ),
        (
            [("x-content-type-options", "sniff"), REFERRER, ("x-frame-options", "DENY")],
            "missing: X-Content-Type-Options: nosniff",
        ),
        (
            [NOSNIFF, ("content-security-policy", "default-src 'self'")],
            "missing: Referrer-Policy; X-Frame-Options or Content-Security-Policy: frame-ancestors",
        ),
    ],
)
def test_browsers_are_told_what_not_to_do(headers: list[tuple[str, str]], reason: str) -> None:
    assert security_headers(URL, page(*headers)).reason == reason
