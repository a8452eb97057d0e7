"""The whole plan by the clock: a trigger when a schedule comes due, and for what was missed.

Only accepts triggers; when and how they are done is the service's affair.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from warmer.daemon.requests import WarmRequest
from warmer.daemon.schedule import Schedules, was_missed
from warmer.errors import StoreError
from warmer.model import Trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from warmer.config import ScheduleConfig, SiteConfig
    from warmer.daemon.clock import Clock
    from warmer.daemon.queue import TriggerQueue

_log = logging.getLogger(__name__)


class Routine:
    """One site's; `wake` is called when a trigger was accepted."""

    def __init__(
        self, queue: TriggerQueue, site: str, clock: Clock, wake: Callable[[], None]
    ) -> None:
        self._queue = queue
        self._site = site
        self._clock = clock
        self._wake = wake
        self._is_owed = False
        self._schedules = Schedules(self._on_due)

    def start(self, site: SiteConfig, last_whole_at: datetime | None, *, is_known: bool) -> None:
        """In a running loop; raises ConfigError, for a schedule that is none.

        What came due while no daemon ran comes now, once; so does the first plan
        of a site that wants to be kept warm by the clock and of which nothing `is_known`.
        """
        self._schedules.start(site.schedule)
        is_wanted = bool(site.schedule) or site.expiry.enabled
        is_missed = was_missed(site.schedule, last_whole_at, self._clock.utc())
        if is_missed or (is_wanted and not is_known):
            self._on_due()

    def replace(self, schedules: Sequence[ScheduleConfig]) -> None:
        """From now on these; when one is wrong, ConfigError, and the old ones stay."""
        self._schedules.replace(schedules)

    def look_at_the_clock(self) -> None:
        """Now and then: somebody may have set it, and what the disk refused is tried again."""
        self._schedules.look_at_the_clock()
        if self._is_owed:
            self._on_due()

    def next_s(self) -> float | None:
        """Seconds until the next schedule comes due; None without one."""
        return self._schedules.next_s(self._clock.utc())

    def stop(self) -> None:
        self._schedules.stop()

    def _on_due(self) -> None:
        request = WarmRequest(trigger=Trigger.SCHEDULE, everything=True, why="schedule")
        try:
            self._queue.accept(self._site, request, now=self._clock.unix())
        except StoreError as error:
            if not self._is_owed:
                _log.error("%s: a scheduled run waits: %s", self._site, error)
            self._is_owed = True
            return
        self._is_owed = False
        self._wake()
