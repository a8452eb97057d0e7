"""One site's triggers between disk and run: read as there is room, debounced, written off.

What does not fit into memory stays on disk until something is done. Knows neither runs
nor pages.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from warmer.daemon.debounce import Debounce
from warmer.daemon.queue import PAGE
from warmer.errors import StoreError
from warmer.model import Trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from warmer.daemon.clock import Clock
    from warmer.daemon.debounce import Batch, Item
    from warmer.daemon.queue import PendingTrigger, TriggerQueue
    from warmer.daemon.requests import WarmRequest

    Expand = Callable[[WarmRequest], Collection[Item]]
    Hear = Callable[[Sequence[int]], None]

MAX_TRIGGERS = 20_000
MAX_ITEMS = 50_000
"""So many are in memory at once, give or take a page of the queue."""
_log = logging.getLogger(__name__)


class Backlog:
    """What waits for one site; `debounce_s` is how long a saved page must be quiet."""

    def __init__(
        self, queue: TriggerQueue, site: str, clock: Clock, *, debounce_s: float, max_wait_s: float
    ) -> None:
        self.debounce = Debounce(max_wait_s=max_wait_s)
        self.debounce_s = debounce_s
        self._queue = queue
        self._site = site
        self._clock = clock
        self._read_up_to = 0
        self._done: list[tuple[list[int], str | None]] = []
        self._hear: list[Hear] = []

    def on_finished(self, hear: Hear) -> None:
        """Have the numbers of triggers told when it stands on disk that they are done."""
        self._hear.append(hear)

    def read(self, expand: Expand) -> bool:
        """Take in what was accepted since; True if a person asked for some of it by name."""
        by_name = False
        debounce = self.debounce
        # Taken once, so that what was accepted together is due together.
        monotonic_minus_unix = self._clock.now() - self._clock.unix()
        while debounce.triggers < MAX_TRIGGERS and len(debounce) < MAX_ITEMS:
            page = self._queue.pending(self._site, after=self._read_up_to)
            for trigger in page:
                self._read_up_to = trigger.number
                self._take(trigger, expand, monotonic_minus_unix)
                by_name |= trigger.request.trigger in (Trigger.MANUAL, Trigger.DEPLOY)
            if len(page) < PAGE:
                break
        return by_name

    def done(self, batch: Batch, run_id: str | None) -> None:
        """A run has done this."""
        self._written_off(self.debounce.finish(batch), run_id)

    def write_down(self) -> None:
        """Finish on disk what is done; what the disk refuses is kept for the next time."""
        while self._done:
            numbers, run_id = self._done[0]
            self._queue.finish(numbers, run_id, now=self._clock.unix())
            del self._done[0]
            for hear in self._hear:
                hear(numbers)

    def _take(self, trigger: PendingTrigger, expand: Expand, monotonic_minus_unix: float) -> None:
        items = expand(trigger.request)
        if not items:
            _log.info("%s: trigger %d names nothing any more", self._site, trigger.number)
            self._done.append(([trigger.number], None))
            return
        now = self._clock.now()
        came_at = min(trigger.accepted_at + monotonic_minus_unix, now)
        kind = trigger.request.trigger
        self.debounce.add(
            trigger.number,
            kind,
            items,
            now=max(came_at, now - self.debounce.max_wait_s),
            quiet_s=self.debounce_s if kind is Trigger.INVALIDATION else 0.0,
        )

    def _written_off(self, numbers: list[int], run_id: str | None) -> None:
        if numbers:
            self._done.append((numbers, run_id))
        try:
            self.write_down()
        except StoreError as error:
            _log.warning("%s: %s; it is tried again", self._site, error)
