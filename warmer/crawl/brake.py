"""What slows a crawl down, and who wants it to: the canary, or a signal that is too hot.

Decides nothing about the limit: whoever holds the brake does.
"""

from __future__ import annotations

import time
from typing import Protocol


class Brake(Protocol):
    """What slows the crawl down."""

    @property
    def pressed(self) -> bool:
        """Whether the crawl pauses until it is released."""
        ...

    @property
    def alone_ms(self) -> float:
        """See `Limiter.alone_ms`."""
        ...

    @property
    def limit(self) -> int:
        """How many may be in flight."""
        ...

    def vouch(self, level: int | None) -> None:
        """See `Limiter.vouch`."""
        ...

    def press(self, why: str) -> None: ...

    def release(self, why: str) -> None: ...

    def relent(self, why: str) -> None:
        """Two at once again, for one has not helped visitors."""
        ...

    def give_up(self, why: str) -> None:
        """End the crawl."""
        ...

    async def quiet(self) -> None:
        """Send nothing, and return when nothing is on the wire any more."""
        ...

    def go_on(self) -> None:
        """Send again."""
        ...


class Pressure:
    """Who wants the crawl to go slower, and since when it has paused for them.

    A crawl that pauses for `patience_s` seconds, and sees nothing better between, is given up.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._hot: set[object] = set()
        self._paused_at: float | None = None

    def press(self, what: object, why: str, brake: Brake) -> None:
        """Fewer, or none."""
        self._hot.add(what)
        brake.press(why)
        if brake.pressed and self._paused_at is None:
            self._paused_at = time.monotonic()

    def release(self, what: object, why: str, brake: Brake) -> None:
        """Go on, unless somebody else still wants it slower; nothing is known to be better."""
        self._hot.discard(what)
        if brake.pressed and not self._hot:
            brake.release(why)

    def cool(self, what: object, why: str, brake: Brake) -> None:
        """It is better: go on, unless somebody else still wants it slower."""
        self.release(what, why, brake)
        if not self._hot:
            self._paused_at = None

    def relent(self, what: object, why: str, brake: Brake) -> None:
        """Fewer have not helped, unless somebody else still wants it slower."""
        self._hot.discard(what)
        if not self._hot:
            brake.relent(why)

    def heed_patience(self, why: str, brake: Brake) -> None:
        """Nobody knows of a run that waits for ever."""
        if self._paused_at is not None and time.monotonic() - self._paused_at >= self._patience_s:
            brake.give_up(f"for {self._patience_s:g} s (guard.max_pause_s) it had to pause: {why}")
