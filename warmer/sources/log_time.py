"""Moments as logs write them, as Unix time. Pure.

A time without a zone is taken as UTC, as W3C logs have it.
"""

from __future__ import annotations

import re
from calendar import timegm
from datetime import UTC, datetime
from functools import lru_cache

_MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun",
           b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")  # fmt: skip
_LOCAL = re.compile(rb"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)")
_NUMBER = re.compile(rb"\d{9,19}(?:\.\d{1,9})?")
# Above these, a number counts milli-, micro- or nanoseconds.
_SCALES = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))


@lru_cache(maxsize=1024)
def unix_time(text: bytes) -> float | None:
    """Seconds since 1970 of `23/Nov/2025:07:36:00 +0000`, of ISO 8601, or of Unix time.

    None if it is none of them, or no moment.
    """
    match = _LOCAL.fullmatch(text)
    if match:
        return _local(match)
    if _NUMBER.fullmatch(text):
        value = float(text)
        return next((value / scale for above, scale in _SCALES if value > above), value)
    try:
        moment = datetime.fromisoformat(text.decode("ascii"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _local(match: re.Match[bytes]) -> float | None:
    day, month, year, hour, minute, second, sign, hours, minutes = match.groups()
    if month not in _MONTHS:
        return None
    date = (int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second))
    offset_s = int(hours) * 3600 + int(minutes) * 60
    return float(timegm(date)) + (offset_s if sign == b"-" else -offset_s)
