"""Notices that a cache was flushed, restarted or replaced, by the counters of its servers.

For sites whose Django app does not tell. Polls; a flush between two looks is seen at the
next one. Reads counters only.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from warmer.caches.open import open_cache
from warmer.daemon.health import Health
from warmer.daemon.reception import Delivery
from warmer.daemon.requests import WarmRequest
from warmer.errors import WarmerError
from warmer.model import Trigger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from warmer.caches.server import CacheServer, Reading
    from warmer.daemon.reception import Reception

_log = logging.getLogger(__name__)


def change(before: Mapping[str, Reading], now: Mapping[str, Reading]) -> str | None:
    """What emptied a cache between two looks, by node; None if nothing did. Pure.

    A node that was not there before is no change: keys move there without being lost.
    """
    for node, reading in now.items():
        earlier = before.get(node)
        if earlier is None:
            continue
        if reading.identity != earlier.identity:
            return f"{node} was restarted or replaced"
        if reading.flushes > earlier.flushes:
            return f"{node} was flushed"
    return None


class FlushWatch:
    """Looks at one site's caches every `every_s` seconds."""

    def __init__(self, reception: Reception, caches: Sequence[str], *, every_s: float) -> None:
        """Raises ConfigError for a URL that is no cache's."""
        self._reception = reception
        self._caches = [open_cache(url) for url in caches]
        self._every_s = every_s
        self._known: dict[str, Reading] = {}
        self._trouble: str | None = None

    async def run(self) -> None:
        try:
            while True:
                await self.look()
                await asyncio.sleep(self._every_s)
        finally:
            for cache in self._caches:
                cache.close()

    def health(self) -> Health:
        name = f"caches of {self._reception.site.name}"
        detail = self._trouble or f"{len(self._known)} servers watched for flushes"
        return Health(name, self._trouble is None, detail)

    async def look(self) -> None:
        """One look; what is found is on disk before it is forgotten."""
        trouble: str | None = None
        for cache in self._caches:
            try:
                now = await asyncio.to_thread(_readings, cache)
                self._compare(now)
            except WarmerError as error:
                # Not reached is not flushed: what it was is compared with what comes next.
                trouble = str(error)
        if trouble is not None and trouble != self._trouble:
            _log.warning("%s; it is looked at again", trouble)
        self._trouble = trouble

    def _compare(self, now: Mapping[str, Reading]) -> None:
        found = change(self._known, now)
        if found is not None:
            _log.warning("cache %s; warming the whole plan", found)
            request = WarmRequest(
                trigger=Trigger.INVALIDATION, everything=True, why=f"cache {found}"
            )
            self._reception.keep([Delivery(request, None)])
        self._known.update(now)


def _readings(cache: CacheServer) -> dict[str, Reading]:
    return {reading.node: reading for reading in cache.readings()}
