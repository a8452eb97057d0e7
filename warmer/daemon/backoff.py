"""How long to wait before a server is asked again. Pure; the clock is an argument."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Backoff:
    """Pauses that double from `first_s` to `longest_s`, in seconds.

    They begin anew after a connection that held for longer than the last pause, so that
    one that breaks at once again and again is not tried again and again at once.
    """

    first_s: float = 0.1
    longest_s: float = 10.0
    _pause_s: float = 0.0
    _connected_at: float | None = None

    def connected(self, now: float) -> None:
        """The server answers; `now` is in seconds, of a clock that does not jump."""
        self._connected_at = now

    def pause_s(self, now: float) -> float:
        """It does not answer any more, or still not: wait for so long."""
        held = self._connected_at is not None and now - self._connected_at > self._pause_s
        self._connected_at = None
        longer = max(self.first_s, 2 * self._pause_s)
        self._pause_s = self.first_s if held else min(longer, self.longest_s)
        return self._pause_s
