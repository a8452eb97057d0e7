"""What of a request may be shown: header values that may be secrets are not. Pure.

Secrets are taken out of everything that is printed, for a server may say in its answer
what it was sent.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from warmer.caches.address import parse as parse_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from warmer.config import SiteConfig

MASK = "***"

_SHOWN = frozenset(
    {
        *("accept", "accept-encoding", "accept-language", "user-agent"),
        *("upgrade-insecure-requests", "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site"),
        *("sec-fetch-user", "x-forwarded-proto", "x-forwarded-host", "x-requested-with"),
        "x-warmer-run",
    }
)
_SHORTEST = 4
"""A shorter secret is no secret, and would take letters out of words."""


def shown(headers: Mapping[str, str]) -> dict[str, str]:
    """Request headers with `***` for every value that is not known to be harmless."""
    return {name: value if name.lower() in _SHOWN else MASK for name, value in headers.items()}


def secrets_of(site: SiteConfig) -> frozenset[str]:
    """What must not be printed: passwords, and values of headers that are not shown."""
    found: set[str] = set()
    for headers in (site.headers, *(each.headers for each in site.variant)):
        for name, value in headers.items():
            if name.lower() not in _SHOWN:
                found |= {value, *re.split(r"[\s;=,]+", value)[1:]}
    crawl = site.crawl
    for login in (crawl.basic_auth, _login(crawl.proxy or "")):
        if login:
            coded = base64.b64encode(login.encode()).decode()
            found |= {login, login.partition(":")[2], coded}
    found |= {parse_address(each.url).password or "" for each in site.cache}
    found |= {_login(each.url).partition(":")[2] for each in site.cache}
    found.add(crawl.refresh_secret or "")
    return spelled(found)


def spelled(secrets: Iterable[str]) -> frozenset[str]:
    """Secrets in each form in which they may be printed, but for those too short to be any."""
    forms = {form for each in secrets for form in (each, quote(each, safe=""), unquote(each))}
    return frozenset(each for each in forms if len(each) >= _SHORTEST)


def scrubbed(value: Any, secrets: frozenset[str]) -> Any:  # noqa: ANN401 -- any document
    """A document of dicts, lists and texts without the secrets, keys of dicts apart."""
    if isinstance(value, str):
        for secret in sorted(secrets, key=len, reverse=True):
            value = value.replace(secret, MASK)
        return value
    if isinstance(value, dict):
        return {key: scrubbed(each, secrets) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [scrubbed(each, secrets) for each in value]
    return value


def _login(url: str) -> str:
    authority = url.partition("://")[2]
    return authority.rpartition("@")[0]
