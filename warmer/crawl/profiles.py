"""The request headers a visitor's browser sends, byte for byte where Vary looks.

A cache entry is selected by the exact values of the headers that Vary names, so a
page warmed with other values than a browser's is warm for nobody. Source of the
values: Chromium's navigation requests; it offers br and zstd over TLS only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from warmer.config import VariantConfig

VERSION = "0.1.0"
USER_AGENT = f"Mozilla/5.0 (compatible; warmer/{VERSION})"
MOBILE_USER_AGENT = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    f"Chrome/140.0.0.0 Mobile Safari/537.36 (compatible; warmer/{VERSION})"
)
RUN_HEADER = "X-Warmer-Run"

_NAVIGATION = {
    "Accept": (
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
        "image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
    ),
    "Accept-Language": "en-US,en;q=0.9",
    "Upgrade-Insecure-Requests": "1",
}
_TLS_ONLY = {
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "none",
    "Sec-Fetch-User": "?1",
}
_PLAIN_ONLY = {"Accept-Encoding": "gzip, deflate"}
# What a script's request has instead; "" takes a header of the navigation away.
_AJAX = {"Accept": "*/*", "Upgrade-Insecure-Requests": ""}
_AJAX_BY_TLS = {
    "Sec-Fetch-Dest": "empty",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-User": "",
}
# Chromium sends these over TLS, with values that name its version and system. Other browsers
# have none, so that no one value is a visitor's.
_CLIENT_HINTS = frozenset({"sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform"})
_CREDENTIALS = frozenset({"authorization", "cookie"})


def visitor_headers(
    variant: VariantConfig, *, scheme: str, site: Mapping[str, str], user_agent: str | None
) -> dict[str, str]:
    """All headers of a request of this variant but `X-Warmer-Run`.

    The site's headers go over the profile's, the variant's over both; names are
    matched without regard to case, and the last spelling stays. An empty value
    takes a header away.
    """
    profile: dict[str, str] = {}
    if variant.profile != "none":
        profile = _NAVIGATION | (_TLS_ONLY if scheme == "https" else _PLAIN_ONLY)
        if variant.ajax:
            profile |= _AJAX | (_AJAX_BY_TLS if scheme == "https" else {})
    if variant.ajax:
        profile["X-Requested-With"] = "XMLHttpRequest"
    agent = MOBILE_USER_AGENT if variant.profile == "mobile" else USER_AGENT
    merged: dict[str, tuple[str, str]] = {}
    for headers in ({"User-Agent": user_agent or agent}, profile, site, variant.headers):
        for name, value in headers.items():
            merged[name.lower()] = (name, value)
    return {name: value for name, value in merged.values() if value}


def own_header_names(
    variant: VariantConfig, *, site: Mapping[str, str], basic_auth: str | None
) -> frozenset[str]:
    """Headers, in lower case, that a visitor does not send as we do.

    A page that varies on one of them is stored where no visitor will look. Credentials of
    the site's headers and `basic_auth` are how we get in; where visitors send them, too,
    they are a variant's. Django makes pages vary on Authorization wherever it is sent. The
    cookie of a login is nobody's but its session's.
    """
    chosen = {name.lower() for name in variant.headers}
    credentials = _CREDENTIALS & {name.lower() for name, value in site.items() if value}
    login = {"authorization"} if basic_auth else set[str]()
    own = {"user-agent", RUN_HEADER.lower(), "x-warmer-refresh"} | credentials | login
    session = {"cookie"} if variant.login is not None else set[str]()
    return frozenset((own | _CLIENT_HINTS) - chosen | session)


def header_lines(headers: Mapping[str, str], run_id: str) -> list[str]:
    """Header lines for libcurl, the run's among them, so that it adds nothing but Host.

    "Accept:" without a value keeps libcurl from adding its own.
    """
    own = {name: value for name, value in headers.items() if name.lower() != RUN_HEADER.lower()}
    lines = [f"{name}: {value}" for name, value in (own | {RUN_HEADER: run_id}).items()]
    if not any(name.lower() == "accept" for name in own):
        lines.append("Accept:")
    return lines
