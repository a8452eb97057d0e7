"""One request of a capture, as it was sent, and what it counts for as a candidate. Pure.

What a capture holds of a person's login is taken off at once, unless it is asked for;
nothing here is written anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from warmer.sources.log_formats import is_own
from warmer.sources.log_request import COUNTED_STATUSES, LeftOut, is_static

if TYPE_CHECKING:
    from collections.abc import Iterable

Headers = tuple[tuple[str, str], ...]

CREDENTIAL_HEADERS = frozenset(
    {
        *("cookie", "authorization", "proxy-authorization"),
        *("x-csrftoken", "x-csrf-token", "x-xsrf-token"),
        *("x-api-key", "x-auth-token", "x-access-token"),
    }
)
"""Names, in lower case, of headers that say who somebody is, or prove it."""


class CapturedRequest(NamedTuple):
    """One request that somebody sent.

    `at_s` is Unix time, None where the capture tells none. `url` is as `urls.check` gives
    it: absolute, `//host/path` or `/path`. `headers` are in order, as they were spelt,
    without credentials unless these were asked for; octets beyond ASCII are latin-1.
    `user` tells visitors apart, None where nothing does. `status` is what was answered,
    None where the capture does not tell.
    """

    at_s: float | None
    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""
    user: str | None = None
    status: int | None = None


def without_credentials(headers: Iterable[tuple[str, str]]) -> Headers:
    """The headers that anybody could have sent."""
    return tuple([pair for pair in headers if pair[0].lower() not in CREDENTIAL_HEADERS])


def header(request: CapturedRequest, name: str) -> str:
    """The value of a header by its name in lower case; "" if it is not there."""
    return next((value for key, value in request.headers if key.lower() == name), "")


def user_of(headers: Iterable[tuple[str, str]]) -> str | None:
    """Who sent these headers, as far as they tell: the address a proxy noted, and the agent."""
    values = {name.lower(): value for name, value in headers}
    address = values.get("x-real-ip") or values.get("x-forwarded-for", "").partition(",")[0]
    agent = values.get("user-agent", "")
    return f"{address.strip()} {agent}".strip() or None


def why_not_counted(request: CapturedRequest) -> LeftOut | None:
    """Why this is no page that people ask for; None if it is one. The rules are a log's."""
    if request.method != "GET":
        return LeftOut.NOT_GET
    if request.status is not None and b"%d" % request.status not in COUNTED_STATUSES:
        return LeftOut.STATUS
    if is_own(header(request, "user-agent").encode("latin-1", "replace")):
        return LeftOut.OWN_TRAFFIC
    path = request.url.partition("//")[2] if "//" in request.url[:9] else request.url
    return LeftOut.STATIC if "/" in path and is_static(path.encode()) else None
