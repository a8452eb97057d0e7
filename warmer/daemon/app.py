"""`warmer daemon`: the services of several sites, and what feeds them, in one loop.

Starts, reloads, watches over and ends its parts; what they do is theirs. Whatever part
ends by mistake ends the daemon, for a supervisor to start it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from warmer.daemon.clock import Clock
from warmer.daemon.lock import SiteLock
from warmer.daemon.notify import Notifier
from warmer.daemon.queue import TriggerQueue
from warmer.daemon.service import SiteService
from warmer.daemon.site_name import site_name
from warmer.daemon.watch import Watch
from warmer.errors import ConfigError, ExitCode, WarmerError
from warmer.run.logins import check_accounts
from warmer.run.reach import for_strangers
from warmer.run.request import Request, resolve
from warmer.store_upkeep import mark_killed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from warmer.daemon.health import Intake
    from warmer.run.request import Resolved

_PATIENCE_S = 1.0
"""So long the loop may wait for who writes to the store; what is not kept then is tried again."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SitePart:
    """One site of the daemon; `place` is the TOML file that it came from."""

    place: Path
    resolved: Resolved
    service: SiteService
    queue: TriggerQueue


class Daemon:
    """All parts; opened by `open`, which raises WarmerError, and run once by `run`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.sites: list[SitePart] = []
        self.clock = Clock()
        self._environment = environment
        self._notifier = Notifier(environment)
        self._locks: list[SiteLock] = []
        self._queues: dict[Path, TriggerQueue] = {}
        self._stopping = asyncio.Event()

    def open(self, places: Sequence[Path]) -> None:
        """Read every site, take its lock, open its store; all of them or none."""
        for place in places:
            resolved = self._resolved(place)
            name, store = site_name(resolved.site), resolved.store_path.resolve()
            if any(part.service.name == name for part in self.sites):
                raise ConfigError(f'{place}: name: "{name}" is taken by another site of the daemon')
            self._locks.append(SiteLock(store, name, now=self.clock.unix()))
            if store not in self._queues:
                for run_id in mark_killed(store):
                    _log.warning("run %s was killed; what it left is done again", run_id)
                self._queues[store] = TriggerQueue(store, patience_s=_PATIENCE_S)
            queue = self._queues[store]
            service = SiteService(resolved, queue, self.clock)
            self.sites.append(SitePart(place, resolved, service, queue))
        names = {part.service.name for part in self.sites}
        for store, queue in self._queues.items():
            for name, count in queue.waiting_sites().items():
                if name not in names:
                    _log.warning("%s: %d triggers wait for site %s", store, count, name)

    async def run(self, intakes: Sequence[Intake]) -> ExitCode:
        """Until SIGTERM or SIGINT; then 0 when it was drained in time."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_stop, number)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        services = [asyncio.create_task(part.service.run()) for part in self.sites]
        watch = Watch(
            [part.service for part in self.sites],
            {part.service.name: part.queue for part in self.sites},
            self._locks,
            self._notifier,
            self.clock,
        )
        others = [asyncio.create_task(watch.run())]
        others += [asyncio.create_task(intake.run()) for intake in intakes]
        stopped = asyncio.create_task(self._stopping.wait())
        self._notifier.ready(self._summary())
        _log.info("ready: %s", self._summary())
        try:
            await asyncio.wait([stopped, *services, *others], return_when=asyncio.FIRST_COMPLETED)
            return await self._drain(services, others)
        finally:
            stopped.cancel()

    def close(self) -> None:
        """Close what `open` opened."""
        for queue in self._queues.values():
            queue.close()
        for lock in self._locks:
            lock.release()
        self._notifier.close()

    async def _drain(
        self, services: list[asyncio.Task[None]], others: list[asyncio.Task[None]]
    ) -> ExitCode:
        """What is on the wire comes to its end, then intakes hear that it did, then all ends."""
        self._notifier.stopping("draining")
        limit_s = max(part.service.drain_s for part in self.sites)
        for part in self.sites:
            part.service.stop()
        _, late = await asyncio.wait(services, timeout=limit_s)
        for task in others:
            task.cancel()
        ended = await asyncio.gather(*others, return_exceptions=True)
        if late:
            _log.warning(
                "not drained within %.0f s: the rest is done after the next start", limit_s
            )
            # A fetch that does not end, or a thread that reads a long log, waits for nobody.
            self._end_now(ExitCode.TERMINATED)
        for task in services:
            task.result()
        for error in ended:
            if isinstance(error, Exception):
                raise error
        _log.info("stopped: what waits is done after the next start")
        return ExitCode.OK

    def _on_stop(self, number: signal.Signals) -> None:
        if self._stopping.is_set():
            self._end_now(ExitCode.TERMINATED if number == signal.SIGTERM else ExitCode.INTERRUPTED)
        _log.info("stopping: what is on the wire comes to its end; once more to stop at once")
        self._stopping.set()

    @staticmethod
    def _end_now(code: ExitCode) -> None:
        logging.shutdown()
        os._exit(code)

    def _reload(self) -> None:
        """Each site's file anew; a wrong one is said, and the site goes on as it was."""
        self._notifier.reloading()
        for part in self.sites:
            try:
                part.service.reload(self._resolved(part.place))
            except WarmerError as error:
                _log.error("not reloaded: %s", error)
            else:
                _log.info("reloaded: %s", part.place)
        self._notifier.ready(self._summary())

    def _resolved(self, place: Path) -> Resolved:
        resolved = resolve(Request(config=place), self._environment)
        check_accounts(resolved.site, self._environment)
        return replace(resolved, site=for_strangers(resolved.site))

    def _summary(self) -> str:
        names = ", ".join(part.service.name for part in self.sites)
        return f"keeping {names} warm"


async def serve(
    places: Sequence[Path],
    environment: Mapping[str, str],
    intakes: Callable[[Sequence[SitePart], Clock], Awaitable[Sequence[Intake]]],
) -> ExitCode:
    """Run the daemon of these sites; raises WarmerError where it cannot start."""
    daemon = Daemon(environment)
    with contextlib.closing(daemon):
        daemon.open(places)
        return await daemon.run(await intakes(daemon.sites, daemon.clock))
