"""All that lets triggers in, put together for the sites of one daemon."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from warmer.daemon.access import access_of
from warmer.daemon.api import Api
from warmer.daemon.flush_watch import FlushWatch
from warmer.daemon.metrics import Metrics
from warmer.daemon.reception import Reception
from warmer.daemon.stream import StreamIntake

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warmer.daemon.app import SitePart
    from warmer.daemon.clock import Clock
    from warmer.daemon.health import Intake


async def intakes(sites: Sequence[SitePart], clock: Clock) -> list[Intake]:
    """Those that the sites' configurations ask for, and the API; raises ConfigError.

    The API listens already, for what it listens on may be another program's.
    """
    access = access_of([part.resolved.site.daemon for part in sites], os.environ)
    metrics = Metrics(clock.unix)
    receptions: list[Reception] = []
    found: list[Intake] = []
    for part in sites:
        site = part.resolved.site
        reception = Reception(part.service, part.queue, metrics, clock=clock.unix)
        metrics.watch(reception)
        receptions.append(reception)
        invalidation = site.invalidation
        if invalidation is not None and invalidation.stream:
            found.append(StreamIntake(reception, invalidation.stream, invalidation.key))
        if site.daemon.flush_poll_s > 0 and site.cache:
            caches = [cache.url for cache in site.cache]
            found.append(FlushWatch(reception, caches, every_s=site.daemon.flush_poll_s))
    api = Api(receptions, access, found, metrics)
    await api.claim()
    return [*found, api]
