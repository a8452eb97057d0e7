"""Signs a request that asks caches to render a page again in place.

A cache that honours it skips the look-up and stores the answer, so that visitors
never meet a gap. The signature covers time and URL: a stranger cannot make one, and
one that was seen is of no use for another page, nor for long.
"""

from __future__ import annotations

import hashlib
import hmac

REFRESH_HEADER = "X-Warmer-Refresh"


def refresh_line(url: str, secret: str, now: float) -> str:
    """The header line for one URL: unix seconds, a dot, HMAC-SHA256 in hex of both."""
    moment = str(int(now))
    signed = hmac.new(secret.encode(), f"{moment}\n{url}".encode(), hashlib.sha256)
    return f"{REFRESH_HEADER}: {moment}.{signed.hexdigest()}"
