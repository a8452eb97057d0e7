"""The Cache-Status header (RFC 9211) as a list of what each cache on the way says. Pure.

Reads `hit`, `fwd`, `stored` and `ttl` and nothing else. A header that is not a valid
Structured Field is ignored whole, as RFC 9651, section 4.2 asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, cast

import http_sf

from warmer.model import CacheState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

APPLICATION = "django"
"""The name under which a Django site's own page cache signs its member."""

_MAX_CHARS = 4096
"""A longer header is no cache's; it is not worth the parse."""

_FORWARDED = {
    "bypass": CacheState.BYPASS,
    "method": CacheState.BYPASS,
    "stale": CacheState.STALE,
}
"""Reasons to go forward that are not a plain miss; an unknown reason is a miss, too."""


@dataclass(frozen=True, slots=True)
class Member:
    """What one cache says of one response; `ttl_s` is below 0 for a stale one."""

    state: CacheState
    application: bool
    stored: bool
    ttl_s: float | None


def members(value: str) -> list[Member]:
    """Return the caches that say hit or miss, nearest to the client first.

    The header's last member is the nearest to the client (RFC 9211, section 2).
    Empty if nothing is said, or if `value` is malformed; never raises.
    """
    if len(value) > _MAX_CHARS:
        return []
    try:
        # `list` makes it a list of pairs; the library's types cannot say so.
        parsed = cast(
            "Sequence[tuple[object, Mapping[str, object]]]",
            http_sf.parse(value.encode("ascii"), tltype="list"),
        )
    except ValueError:  # StructuredFieldError and UnicodeEncodeError are both ValueErrors
        return []
    found = []
    for name, parameters in reversed(parsed):
        state = _state(parameters)
        named = isinstance(name, str | http_sf.Token)
        if named and state is not CacheState.UNKNOWN:
            found.append(
                Member(
                    state,
                    str(name).lower() == APPLICATION,
                    parameters.get("stored") is True,
                    _seconds(parameters.get("ttl")),
                )
            )
    return found


def _state(parameters: Mapping[str, object]) -> CacheState:
    # `fwd` first: with a forbidden `hit` beside it, the doubt is the page's, not the visitor's.
    reason = parameters.get("fwd")
    if reason is not None:
        return _FORWARDED.get(str(reason), CacheState.MISS)
    if parameters.get("hit") is not True:
        return CacheState.UNKNOWN
    ttl_s = _seconds(parameters.get("ttl"))
    return CacheState.STALE if ttl_s is not None and ttl_s < 0 else CacheState.HIT


def _seconds(value: object) -> float | None:
    if isinstance(value, int | Decimal | float) and not isinstance(value, bool):
        return float(value)
    return None
