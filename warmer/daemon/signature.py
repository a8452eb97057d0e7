"""Signed webhooks: who sent this body, and was it just now? Pure; the clock is an argument.

`X-Warmer-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256(secret, "<t>." + body)>`. Says
nothing of whether the same one was seen before: `Replays` does, within one process.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import OrderedDict

HEADER = "X-Warmer-Signature"
WINDOW_S = 300
"""How far the sender's clock may be from ours, either way."""
MAX_REMEMBERED = 20_000
_FORM = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")


def signature(secret: str, moment: int, body: bytes) -> str:
    """The header's value for a body that is sent at `moment`, in unix seconds."""
    return f"t={moment},v1={_digest(secret, moment, body)}"


def refusal(header: str, body: bytes, *, secret: str, now: float) -> str | None:
    """Why a signature does not count, in a few words; None if it does."""
    match = _FORM.fullmatch(header)
    if match is None:
        return f"{HEADER} is not t=<unix seconds>,v1=<64 hex digits>"
    moment, told = int(match[1]), match[2]
    # The secret first: only who knows it learns how our clock stands.
    if not hmac.compare_digest(_digest(secret, moment, body), told):
        return f"{HEADER} does not fit the body; expected it signed with this daemon's secret"
    if abs(now - moment) > WINDOW_S:
        return (
            f"{HEADER} was made {now - moment:+.0f} s ago;"
            f" expected {WINDOW_S} s at most: sign again, or set the clocks"
        )
    return None


class Replays:
    """Valid signatures of the last minutes; beyond MAX_REMEMBERED the oldest are forgotten."""

    def __init__(self) -> None:
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def is_new(self, header: str, *, now: float) -> bool:
        """Whether this was not seen before; remembers it while it could be sent again."""
        while self._until and next(iter(self._until.values())) < now:
            self._until.popitem(last=False)
        mark = hashlib.sha256(header.encode()).digest()[:16]
        if mark in self._until:
            return False
        self._until[mark] = now + 2 * WINDOW_S
        if len(self._until) > MAX_REMEMBERED:
            self._until.popitem(last=False)
        return True

    def forget(self, header: str) -> None:
        """What came of this one could not be kept: it may be sent again."""
        self._until.pop(hashlib.sha256(header.encode()).digest()[:16], None)


def _digest(secret: str, moment: int, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
