"""How long a response stays fresh in a shared cache, by its own headers. Pure, never raises.

RFC 9111, sections 4.2 and 5. Takes the headers as a mapping of lower-case names to values,
repeated ones joined by a comma. Knows no clock: a Date is compared with an Expires only.
"""

from __future__ import annotations

import re

# Not in typeshed. In 1.5 microseconds it reads the dates that are sent (RFC 9110, section
# 5.6.7; all but asctime) and returns None for anything else; email.utils takes 10 and raises.
from http.cookiejar import http2time  # type: ignore[attr-defined]  # typeshed lacks it
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIFETIME = re.compile(r"(?:^|[\s,])(s-maxage|max-age)\s*=\s*\"?([0-9]{1,10})")


def age_s(headers: Mapping[str, str]) -> float | None:
    """Return the Age; of several, the first counts (section 5.1). None if none is valid."""
    first = headers.get("age", "").partition(",")[0].strip()
    if first.isascii() and first.isdigit() and len(first) <= 10:
        return float(first)
    return None


def lifetime_s(headers: Mapping[str, str]) -> float | None:
    """Return s-maxage, else max-age, else Expires less Date (section 4.2.1), 0 or more.

    Of a directive that stands there twice, the first counts; an invalid one is not there.
    """
    control = headers.get("cache-control")
    if control is not None:
        found = _LIFETIME.findall(control.lower())
        if found:
            by_name = dict(reversed(found))
            return float(by_name.get("s-maxage") or by_name["max-age"])
    return _until_expiry_s(headers)


def left_s(
    headers: Mapping[str, str], lifetime_s: float, age_s: float | None, *, hit: bool
) -> float | None:
    """Return the lifetime less the age; None for a hit that has outlived it.

    Such a hit is kept by a rule that the response does not tell.
    """
    left = lifetime_s - (age_s or 0.0)
    if not hit:
        return left
    if age_s is None and "s-maxage" not in headers.get("cache-control", "").lower():
        # nginx sends no Age, but its own Date beside the stored Expires: the difference
        # is what is left, where max-age alone would still promise the whole lifetime.
        until_expiry = _until_expiry_s(headers)
        if until_expiry and until_expiry < lifetime_s:
            return until_expiry
    return left if left > 0 else None


def governs(headers: Mapping[str, str], lifetime_s: float | None) -> bool:
    """Say whether a cache that holds the response can be keeping it by this lifetime.

    It cannot by 0, unless it may serve it stale: `max-age=0` for browsers, beside a time
    of the cache's own (Varnish: beresp.ttl; CloudFront: minimum TTL), is widely used.
    """
    return bool(lifetime_s) or "stale-while-revalidate" in headers.get("cache-control", "").lower()


def _until_expiry_s(headers: Mapping[str, str]) -> float | None:
    if "expires" not in headers or "date" not in headers:
        return None
    date = http2time(headers["date"])
    if date is None:
        return None
    # An Expires that is no date, such as 0, is in the past (section 5.3).
    expires = http2time(headers["expires"])
    return 0.0 if expires is None else max(0.0, float(expires - date))
