"""What the front page's headers say: HSTS, cookies, compression, protection. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from warmer.preflight.pages import header
from warmer.preflight.result import Grade, Result

if TYPE_CHECKING:
    from collections.abc import Iterable

    from warmer.crawl.fetch import Fetch

_MAX_AGE = re.compile(r'(?:^|;)\s*max-age\s*=\s*"?([0-9]{1,18})"?\s*(?:;|$)', re.IGNORECASE)
_TEXT = ("text/", "application/json", "application/javascript", "application/xml", "image/svg")
_SMALL_BYTES = 1_000
"""Below this compression gains nothing (nginx and Django leave out less than 20 and 200)."""


def hsts(where: str, fetch: Fetch, least_s: int) -> Result:
    """Strict-Transport-Security (RFC 6797) for at least so many seconds."""
    value = header(fetch, "strict-transport-security")
    match = _MAX_AGE.search(value or "")
    cure = f"set SECURE_HSTS_SECONDS = {least_s}, once all of the site answers by https"
    if match is None or int(match[1]) == 0:
        reason = "no Strict-Transport-Security" if value is None else "HSTS is switched off"
        return Result("hsts", Grade.FAIL, where, reason, cure)
    if int(match[1]) < least_s:
        reason = f"max-age is {int(match[1]):,} s; expected {least_s:,} or more"
        return Result("hsts", Grade.WARN, where, reason, cure)
    return Result("hsts", Grade.OK, where, f"max-age is {int(match[1]):,} s")


def cookies(where: str, fetches: Iterable[Fetch], *, secure: bool) -> Result:
    """Secure, HttpOnly for the session, SameSite; values are not shown, names are."""
    faults: dict[str, None] = {}
    doubts: dict[str, None] = {}
    names: dict[str, None] = {}
    for value in (v for fetch in fetches for n, v in fetch.headers if n == "set-cookie"):
        first, *rest = value.split(";")
        # Without "=" it is all value (RFC 6265bis, 5.6).
        name = first.partition("=")[0].strip() if "=" in first else "a cookie without a name"
        flags = {each.partition("=")[0].strip().lower() for each in rest}
        names[name] = None
        if secure and "secure" not in flags:
            faults[f"{name} without Secure"] = None
        if "session" in name.lower() and "httponly" not in flags:
            faults[f"{name} without HttpOnly"] = None
        if "samesite" not in flags:
            doubts[f"{name} without SameSite"] = None
    cure = "set SESSION_COOKIE_SECURE, CSRF_COOKIE_SECURE, SESSION_COOKIE_HTTPONLY to True"
    if faults:
        return Result("cookies", Grade.FAIL, where, ", ".join([*faults, *doubts]), cure)
    if doubts:
        cure = 'set SESSION_COOKIE_SAMESITE and CSRF_COOKIE_SAMESITE to "Lax" or "Strict"'
        return Result("cookies", Grade.WARN, where, ", ".join(doubts), cure)
    reason = f"{', '.join(names)} as they should be" if names else "none are set"
    return Result("cookies", Grade.OK, where, reason)


def compression(where: str, fetch: Fetch) -> Result:
    """A browser gets text compressed."""
    coding = header(fetch, "content-encoding")
    if coding and coding.lower() != "identity":
        return Result("compression", Grade.OK, where, coding)
    kind = (header(fetch, "content-type") or "").lower()
    if not kind.startswith(_TEXT) or fetch.body_bytes < _SMALL_BYTES:
        reason = f"{fetch.body_bytes:,} bytes of {kind or 'no type'} need none"
        return Result("compression", Grade.OK, where, reason)
    return Result(
        "compression",
        Grade.WARN,
        where,
        f"{fetch.body_bytes:,} bytes of {kind.partition(';')[0]} come uncompressed",
        "switch on gzip, br or zstd in the proxy, for the type of pages too",
    )


def security_headers(where: str, fetch: Fetch) -> Result:
    """X-Content-Type-Options, Referrer-Policy, and who may frame the page."""
    missing = []
    if (header(fetch, "x-content-type-options") or "").lower() != "nosniff":
        missing.append("X-Content-Type-Options: nosniff")
    if not header(fetch, "referrer-policy"):
        missing.append("Referrer-Policy")
    policies = [value for name, value in fetch.headers if name == "content-security-policy"]
    framed = any("frame-ancestors" in value.lower() for value in policies)
    if not header(fetch, "x-frame-options") and not framed:
        missing.append("X-Frame-Options or Content-Security-Policy: frame-ancestors")
    if missing:
        return Result(
            "security-headers",
            Grade.WARN,
            where,
            f"missing: {'; '.join(missing)}",
            "add SecurityMiddleware and XFrameOptionsMiddleware, or have the proxy send them",
        )
    return Result("security-headers", Grade.OK, where, "all are there")
