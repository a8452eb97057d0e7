from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from warmer.crawl.fetch import Fetch, FetchError
from warmer.preflight.result import Grade
from warmer.preflight.transport import certificate, dns_ttl, https_redirect, tls_versions

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HTTP = "http://www.example.com/"


@pytest.mark.parametrize(
    ("location", "grade"),
    [
        ("https://www.example.com/", Grade.OK),
        ("HTTPS://WWW.EXAMPLE.COM/start", Grade.OK),
        ("//www.example.com/", Grade.FAIL),
        ("/en/", Grade.FAIL),
        ("https://example.com/", Grade.FAIL),
        ("https://www.example.com.evil.test/", Grade.FAIL),
        ("ftp://www.example.com/", Grade.FAIL),
        ("http://[", Grade.FAIL),
    ],
)
def test_the_first_redirect_is_to_https_on_the_same_host(location: str, grade: Grade) -> None:
    answer = Fetch(status=301, headers=[("location", location)])
    assert https_redirect(HTTP, answer).grade is grade


def test_a_page_by_http_fails_and_silence_is_warned_of() -> None:
    assert https_redirect(HTTP, Fetch(status=200)).grade is Grade.FAIL
    assert https_redirect(HTTP, FetchError("connect", "refused")).grade is Grade.WARN


@pytest.mark.parametrize(
    ("days", "grade"),
    [
        (90, Grade.OK),
        (30, Grade.OK),
        (29.9, Grade.WARN),
        (7, Grade.WARN),
        (6.9, Grade.FAIL),
        (-1, Grade.FAIL),
    ],
)
def test_a_certificate_lasts_for_a_month(days: float, grade: Grade) -> None:
    found = certificate(
        "www.example.com", NOW + timedelta(days=days), None, now=NOW, warn_days=30, fail_days=7
    )
    assert found.grade is grade
    assert f"{days:.1f} days left" in found.reason


def test_a_certificate_that_libcurl_refuses_fails_with_its_words() -> None:
    refusal = FetchError("tls", "self-signed certificate")
    found = certificate("www.example.com", None, refusal, now=NOW, warn_days=30, fail_days=7)
    assert (found.grade, found.reason) == (Grade.FAIL, "TLS fails: self-signed certificate")


@pytest.mark.parametrize(
    ("accepted", "grade", "reason"),
    [
        ("1.2 1.3", Grade.OK, "TLS 1.2 and 1.3"),
        ("1.3", Grade.OK, "TLS 1.3"),
        ("1.0 1.1 1.2", Grade.FAIL, "TLS 1.0 and 1.1 are accepted"),
        ("1.1 1.2 1.3", Grade.FAIL, "TLS 1.1 is accepted"),
        ("1.0", Grade.FAIL, "neither TLS 1.2 nor 1.3 is offered"),
    ],
)
def test_old_versions_of_tls_are_refused(accepted: str, grade: Grade, reason: str) -> None:
    versions = {version: version in accepted for version in ("1.0", "1.1", "1.2", "1.3")}
    found = tls_versions("www.example.com", versions)
    assert (found.grade, found.reason) == (grade, reason)


def test_versions_that_cannot_be_tried_are_named() -> None:
    found = tls_versions("www.example.com", {"1.0": None, "1.1": None, "1.2": True, "1.3": True})
    assert found.reason == "TLS 1.2 and 1.3; 1.0 and 1.1 could not be tried from here"


def test_a_long_ttl_is_warned_of() -> None:
    assert dns_ttl("www.example.com", 300, 300).grade is Grade.OK
    assert dns_ttl("www.example.com", 301, 300).grade is Grade.WARN
