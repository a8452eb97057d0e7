"""What the daemon does by the clock: looks for triggers of other processes, beats, feeds, sweeps.

The watchdog is fed only while every site gets on: a loop that turns is no proof of that.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from warmer.daemon.lock import BEAT_S
from warmer.errors import StoreError
from warmer.store_upkeep import forget_runs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from warmer.daemon.clock import Clock
    from warmer.daemon.lock import SiteLock
    from warmer.daemon.notify import Notifier
    from warmer.daemon.queue import TriggerQueue
    from warmer.daemon.service import SiteService

LOOK_S = 0.25
_SWEEP_S = 6 * 3600.0
_DAY_S = 86400.0
_log = logging.getLogger(__name__)


class Watch:
    """Over all sites of the daemon; `queues` are by site."""

    def __init__(
        self,
        services: Sequence[SiteService],
        queues: Mapping[str, TriggerQueue],
        locks: Sequence[SiteLock],
        notifier: Notifier,
        clock: Clock,
    ) -> None:
        self._services = services
        self._queues = queues
        self._locks = locks
        self._notifier = notifier
        self._clock = clock
        self._versions: dict[str, int] = {}
        self._stuck: set[str] = set()

    async def run(self) -> None:
        """Until cancelled."""
        beat_at = sweep_at = feed_at = self._clock.now()
        feed_s = self._notifier.watchdog_s
        while True:
            now = self._clock.now()
            try:
                self._look()
                if now >= beat_at:
                    beat_at = now + BEAT_S
                    self._beat()
                if now >= sweep_at:
                    sweep_at = now + _SWEEP_S
                    await self._sweep()
            except StoreError as error:
                _log.warning("%s", error)
            if feed_s is not None and now >= feed_at and self._all_get_on():
                feed_at = now + feed_s / 2
                self._notifier.feed_watchdog()
            await asyncio.sleep(LOOK_S)

    def _look(self) -> None:
        """Another process may have accepted something."""
        for service in self._services:
            version = self._queues[service.name].version()
            if version != self._versions.get(service.name):
                self._versions[service.name] = version
                service.wake()

    def _beat(self) -> None:
        for lock in self._locks:
            lock.beat(now=self._clock.unix())
        for service in self._services:
            service.look_at_the_clock()

    def _all_get_on(self) -> bool:
        stuck = {service.name for service in self._services if service.is_stuck()}
        for name in stuck - self._stuck:
            _log.error("%s does not get on; the watchdog is not fed", name)
        self._stuck = stuck
        return not stuck

    async def _sweep(self) -> None:
        """What is over and old goes."""
        for service in self._services:
            queue = self._queues[service.name]
            before = self._clock.unix() - service.keep_days * _DAY_S
            gone = await asyncio.to_thread(forget_runs, queue.path, before=before)
            queue.forget_finished(before=before)
            if gone:
                _log.info("%s: %d runs of long ago are forgotten", queue.path, gone)
