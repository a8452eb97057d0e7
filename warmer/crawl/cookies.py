"""The cookies of one visitor, by the rules browsers follow. Pure: the clock is an argument.

Source: RFC 6265, sections 5.1 to 5.4. It keeps what is written in ASCII, as cookies must be,
and shows nothing of it when printed.
"""

from __future__ import annotations

import email.utils
import re
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

_ADDRESS = re.compile(r"[0-9.]+|.*:.*")
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_SECONDS = re.compile(r"-?[0-9]{1,12}")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Cookie:
    """One cookie; `expires_at` is in unix seconds, None for one that ends with its session.

    `host_only`: for `domain` alone, and for none of its subdomains.
    """

    name: str
    value: str
    domain: str
    path: str
    host_only: bool
    secure: bool
    expires_at: float | None

    def is_for(self, host: str, path: str, *, secure: bool, now: float) -> bool:
        """Whether a request for this path of this host takes the cookie along."""
        if self.expires_at is not None and self.expires_at <= now:
            return False
        if self.secure and not secure:
            return False
        if not (host == self.domain or (not self.host_only and _within(host, self.domain))):
            return False
        return path == self.path or path.startswith(self.path.rstrip("/") + "/")


class CookieJar:
    """What a site has set, and what of it goes with a request.

    `secure` says that a request is safe from being read on its way: by TLS, as a rule.
    """

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str, str], Cookie] = {}

    def take(
        self, url: str, headers: Iterable[tuple[str, str]], *, secure: bool, now: float
    ) -> None:
        """Keep what a response to a request for `url` sets; names of `headers` are lower case.

        One that has expired takes an earlier one of its name, domain and path away.
        """
        for name, value in headers:
            cookie = _parsed(url, value, now) if name == "set-cookie" else None
            if cookie is None or (cookie.secure and not secure):
                continue
            place = (cookie.name, cookie.domain, cookie.path)
            if cookie.expires_at is not None and cookie.expires_at <= now:
                self._cookies.pop(place, None)
            else:
                self._cookies[place] = cookie

    def header(self, url: str, *, secure: bool, now: float) -> str | None:
        """The value of Cookie for a request; None without a cookie for it."""
        found = self._matching(url, secure=secure, now=now)
        return "; ".join(f"{each.name}={each.value}" for each in found) or None

    def value(self, name: str, url: str, *, secure: bool, now: float) -> str | None:
        """The value of one cookie as a request for `url` takes it along."""
        found = self._matching(url, secure=secure, now=now)
        return next((each.value for each in found if each.name == name), None)

    def names(self) -> set[str]:
        """The names of all that is kept."""
        return {each.name for each in self._cookies.values()}

    def values(self) -> set[str]:
        """The values of all that is kept, which are secrets."""
        return {each.value for each in self._cookies.values()}

    def _matching(self, url: str, *, secure: bool, now: float) -> list[Cookie]:
        """Longer paths first, then in the order in which they came."""
        host, path = _place(url)
        found = [
            each
            for each in self._cookies.values()
            if each.is_for(host, path, secure=secure, now=now)
        ]
        return sorted(found, key=lambda each: -len(each.path))


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.path or "/"


def _within(host: str, domain: str) -> bool:
    return host.endswith(f".{domain}") and not _ADDRESS.fullmatch(host)


def _parsed(url: str, field: str, now: float) -> Cookie | None:
    """A cookie of this URL's host from a Set-Cookie field; None for what browsers ignore."""
    pair, *rest = field.split(";")
    name, sign, value = (part.strip() for part in pair.partition("="))
    if not sign or not name or not _PRINTABLE.fullmatch(pair):
        return None
    attributes: dict[str, str] = {}
    for each in rest:
        key, _, text = each.partition("=")
        attributes[key.strip().lower()] = text.strip()
    host, path = _place(url)
    domain = attributes.get("domain", "").lower().removeprefix(".")
    if domain not in ("", host) and not _within(host, domain):
        return None
    given = attributes.get("path", "")
    return Cookie(
        name=name,
        value=value,
        domain=domain or host,
        path=given if given.startswith("/") else path[: path.rfind("/")] or "/",
        host_only=not domain,
        secure="secure" in attributes,
        expires_at=_expires_at(attributes, now),
    )


def _expires_at(attributes: dict[str, str], now: float) -> float | None:
    """Max-Age goes before Expires; what cannot be read is as if it were not there."""
    if _SECONDS.fullmatch(attributes.get("max-age", "")):
        return now + int(attributes["max-age"])
    try:
        then = email.utils.parsedate_to_datetime(attributes["expires"])
        return (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
