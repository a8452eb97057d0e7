"""How visitors get to the site: https, its certificate, TLS versions, DNS. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from warmer.crawl.fetch import FetchError
from warmer.preflight.pages import goal_of, is_redirect
from warmer.preflight.result import Grade, Result

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from warmer.preflight.answer import Answer

_DAY_S = 86_400
_OLD = ("1.0", "1.1")
_NEW = ("1.2", "1.3")


def https_redirect(where: str, answer: Answer) -> Result:
    """The first answer by plain http leads to https on the same host, which HSTS needs."""
    check = "https-redirect"
    cure = "redirect http to https on the same host first, and to another name after that"
    if isinstance(answer, FetchError):
        return Result(
            check,
            Grade.WARN,
            where,
            f"no answer by http ({answer.reason}: {answer.detail})",
            "listen there and redirect, or name the place in preflight.http_connect_to",
        )
    if not is_redirect(answer):
        reason = f"answers {answer.status}; expected a redirect to https"
        return Result(check, Grade.FAIL, where, reason, cure)
    goal = goal_of(where, answer) or "no URL"
    parts = urlsplit(goal)
    if parts.scheme != "https":
        return Result(check, Grade.FAIL, where, f"redirects to {goal}; expected https", cure)
    if parts.hostname != urlsplit(where).hostname:
        reason = f"redirects to another host, {parts.hostname}, before https on its own"
        return Result(check, Grade.FAIL, where, reason, cure)
    return Result(check, Grade.OK, where, f"{answer.status} to {goal}")


def certificate(
    where: str,
    expires_at: datetime | None,
    refusal: FetchError | None,
    *,
    now: datetime,
    warn_days: float,
    fail_days: float,
) -> Result:
    """The chain is trusted for the host, as libcurl found, and lasts for so many days."""
    check = "certificate"
    if refusal is not None:
        cure = "install a certificate for this host, with its chain; or name crawl.ca_file"
        return Result(check, Grade.FAIL, where, f"TLS fails: {refusal.detail}", cure)
    if expires_at is None:
        return Result(check, Grade.SKIPPED, where, "libcurl tells no date of it")
    days = (expires_at - now).total_seconds() / _DAY_S
    reason = f"{days:.1f} days left, until {expires_at:%Y-%m-%d %H:%M} UTC"
    if days < warn_days:
        grade = Grade.FAIL if days < fail_days else Grade.WARN
        return Result(check, grade, where, reason, "renew it, and see why that did not happen")
    return Result(check, Grade.OK, where, f"valid for the host, {reason}")


def tls_versions(where: str, accepted: Mapping[str, bool | None]) -> Result:
    """1.0 and 1.1 are refused (RFC 8996), 1.2 or 1.3 is offered; None is what we cannot try."""
    check = "tls-versions"
    old = [version for version in _OLD if accepted.get(version)]
    new = [version for version in _NEW if accepted.get(version)]
    if not new:
        reason = "neither TLS 1.2 nor 1.3 is offered"
        return Result(check, Grade.FAIL, where, reason, "ssl_protocols TLSv1.2 TLSv1.3;")
    if old:
        reason = f"TLS {' and '.join(old)} {'is' if len(old) == 1 else 'are'} accepted"
        return Result(check, Grade.FAIL, where, reason, "ssl_protocols TLSv1.2 TLSv1.3;")
    untried = [version for version in _OLD if accepted.get(version) is None]
    note = f"; {' and '.join(untried)} could not be tried from here" if untried else ""
    return Result(check, Grade.OK, where, f"TLS {' and '.join(new)}{note}")


def dns_ttl(host: str, ttl_s: int, most_s: int) -> Result:
    """How long resolvers may send visitors to the old machine after a switch.

    A resolver that has the answer kept tells what is left of it, so more is certain and
    less is not.
    """
    if ttl_s > most_s:
        return Result(
            "dns-ttl",
            Grade.WARN,
            host,
            f"{ttl_s:,} s; expected at most {most_s:,}",
            "lower it, and wait for the old one to pass, before the switch",
        )
    return Result("dns-ttl", Grade.OK, host, f"{ttl_s:,} s, or the rest that the resolver keeps")
