"""The watchdog of a real service, heard over a socket as systemd would hear it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from typing import TYPE_CHECKING

from tests.component.daemon_site import LIMIT_S, MovedClock, serving
from tests.servers.misbehaviour import page
from warmer.daemon.lock import SiteLock
from warmer.daemon.notify import Notifier
from warmer.daemon.queue import TriggerQueue
from warmer.daemon.watch import Watch
from warmer.model import Trigger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.component.daemon_site import Daemon
    from tests.servers.rogue import Rogue
    from warmer.daemon.requests import WarmRequest


class Systemd:
    """Counts what it is fed."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)
        self.notifier = Notifier({"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "200000"})

    async def is_fed(self) -> None:
        async with asyncio.timeout(LIMIT_S):
            assert await asyncio.get_running_loop().sock_recv(self._socket, 100) == b"WATCHDOG=1"

    def drop(self) -> None:
        """Forget what came until now."""
        with contextlib.suppress(BlockingIOError):
            while self._socket.recv(100):
                pass

    def has_heard(self) -> bool:
        try:
            return bool(self._socket.recv(100))
        except BlockingIOError:
            return False

    def close(self) -> None:
        self._socket.close()
        self.notifier.close()


class LookedAtQueue(TriggerQueue):
    """Tells when the watch looks at it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._look = asyncio.Event()

    def version(self) -> int:
        self._look.set()
        return super().version()

    async def looks(self, count: int) -> None:
        """Wait for so many more; all before the last of them are over then."""
        async with asyncio.timeout(LIMIT_S):
            for _ in range(count):
                self._look.clear()
                await self._look.wait()


@contextlib.asynccontextmanager
async def watched(
    daemon: Daemon, systemd: Systemd, clock: MovedClock
) -> AsyncIterator[LookedAtQueue]:
    lock = SiteLock(daemon.queue.path, "shop", now=clock.unix())
    queue = LookedAtQueue(daemon.queue.path)
    watch = Watch([daemon.service], {"shop": queue}, [lock], systemd.notifier, clock)
    watching = asyncio.create_task(watch.run())
    try:
        yield queue
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
        queue.close()
        lock.release()


async def test_the_watchdog_starves_while_a_run_hangs_though_the_loop_turns(
    rogue: Rogue, tmp_path: Path
) -> None:
    rogue.on("/p/1/", page())
    toml = f"""
    name = "shop"
    base_url = "{rogue.url}"
    [crawl]
    retries = 0
    max_retry_after_s = 0
    timeout_s = 20
    """
    clock, systemd = MovedClock(), Systemd(tmp_path / "notify")
    async with (
        serving(tmp_path, toml, clock=clock) as daemon,
        watched(daemon, systemd, clock) as queue,
    ):
        await systemd.is_fed()
        async with rogue.hold("/p/1/") as held:
            number = daemon.accept(Trigger.MANUAL, "/p/1/")
            await held.arrived()
            await systemd.is_fed()
            clock.ahead_s[0] = 100
            # Longer than a request may last: from the next look on nothing is said.
            await queue.looks(2)
            systemd.drop()
            await queue.looks(4)
            assert not systemd.has_heard()
        await daemon.done(number)
        await systemd.is_fed()
    systemd.close()


async def test_what_another_process_accepts_wakes_the_service(rogue: Rogue, tmp_path: Path) -> None:
    rogue.on("/p/1/", page())
    clock, systemd = MovedClock(), Systemd(tmp_path / "notify")
    toml = f'name = "shop"\nbase_url = "{rogue.url}"'
    async with serving(tmp_path, toml, clock=clock) as daemon, watched(daemon, systemd, clock):
        await systemd.is_fed()
        request = daemon.request(Trigger.MANUAL, "/p/1/")
        number = await asyncio.to_thread(accept_elsewhere, daemon.queue.path, request)
        await daemon.done(number)
    systemd.close()


def accept_elsewhere(store: Path, request: WarmRequest) -> int:
    queue = TriggerQueue(store)
    try:
        return queue.accept("shop", request, now=time.time())
    finally:
        queue.close()
