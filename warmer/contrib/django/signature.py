r"""Checks the signature of a refresh request. Pure; the clock is an argument.

`X-Warmer-Refresh: <unix seconds>.<hex HMAC-SHA256(secret, "<seconds>\n<URL>")>`. One that
is seen on the way can be sent again while it is valid, and renders that one page again.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

VALID_S = 300
_FORM = re.compile(r"([0-9]{1,12})\.([0-9a-f]{64})")


def is_valid(header: str, urls: Iterable[str], secret: str, now: float) -> bool:
    """Whether one of `urls` was signed within VALID_S of `now`, before or after."""
    match = _FORM.fullmatch(header)
    if match is None:
        return False
    moment, told = match.groups()
    if abs(now - int(moment)) > VALID_S:
        return False
    valid = False
    for url in urls:
        signed = hmac.new(secret.encode(), f"{moment}\n{url}".encode(), hashlib.sha256)
        # No early end: how long it takes must not tell which URL came near.
        valid |= hmac.compare_digest(signed.hexdigest(), told)
    return valid
