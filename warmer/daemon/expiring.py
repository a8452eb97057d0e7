"""Hands pages that are about to go cold to the debounce: some at a time, most popular first.

When each one's time comes was decided when it was last seen, by `expiry`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.daemon.debounce import Item, Scope
from warmer.model import Trigger

if TYPE_CHECKING:
    from warmer.daemon.clock import Clock
    from warmer.daemon.debounce import Batch, Debounce
    from warmer.daemon.pages import Pages

AT_ONCE = 500
"""As many as one run does well; the next are read when it has ended."""
_PAUSE_S = 1.0


class Expiring:
    """One site's; `next_due` is by the clock that does not jump, None if nothing is."""

    def __init__(self, pages: Pages, site: str, clock: Clock) -> None:
        self.next_due: float | None = None
        self._pages = pages
        self._site = site
        self._clock = clock
        self._is_open = False
        self._not_before = 0.0

    def read(self, debounce: Debounce) -> None:
        """Add what is due, unless the last ones are not done; raises StoreError."""
        self.next_due = None
        refresh_at = None if self._is_open else self._pages.next_refresh(self._site)
        if refresh_at is None:
            return
        now, unix = self._clock.now(), self._clock.unix()
        due = max(now + refresh_at - unix, self._not_before)
        if due > now:
            self.next_due = due
            return
        urls = self._pages.due(self._site, now=unix, limit=AT_ONCE)
        items = [Item(Scope.URL, url) for url in urls]
        debounce.add_unnumbered(Trigger.EXPIRY, items, now=now)
        self._is_open = True
        self._not_before = now + _PAUSE_S

    def ended(self, batch: Batch) -> None:
        """A run has done this."""
        if Trigger.EXPIRY in batch.kinds:
            self._is_open = False
