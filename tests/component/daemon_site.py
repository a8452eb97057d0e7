"""One site's service in the test's own loop, on a real store and against a real server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from warmer.daemon.clock import Clock
from warmer.daemon.queue import TriggerQueue
from warmer.daemon.requests import WarmRequest
from warmer.daemon.service import SiteService
from warmer.run.request import Request, resolve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path

    from warmer.model import Trigger
    from warmer.run.request import Resolved

LIMIT_S = 30.0
"""How long a test waits for what must happen; none waits so long unless it fails."""


@dataclass(slots=True)
class Daemon:
    """The service under test and its queue; `finished` are the triggers that are done."""

    directory: Path
    service: SiteService
    queue: TriggerQueue
    clock: Clock
    finished: set[int] = field(default_factory=set)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def request(self, kind: Trigger, *urls: str, **named: Any) -> WarmRequest:
        """For paths of the site, or as the keywords of WarmRequest say."""
        whole = tuple(str(self.service.normalise(url)) for url in urls)
        return WarmRequest(trigger=kind, urls=whole, **named)

    def accept(self, kind: Trigger, *urls: str, **named: Any) -> int:
        """One trigger."""
        return self.accept_all([self.request(kind, *urls, **named)])[0]

    def accept_all(self, requests: Sequence[WarmRequest]) -> list[int]:
        """Several at the same moment."""
        keyed = [(request, None) for request in requests]
        numbers = self.queue.accept_all(self.service.name, keyed, now=self.clock.unix())
        self.service.wake()
        return numbers

    async def done(self, *numbers: int) -> None:
        """Wait until these triggers are finished."""
        async with asyncio.timeout(LIMIT_S), self.changed:
            await self.changed.wait_for(lambda: self.finished.issuperset(numbers))

    async def idle_after(self, triggers: int) -> None:
        """Wait until so many triggers are finished, whoever made them."""
        async with asyncio.timeout(LIMIT_S), self.changed:
            await self.changed.wait_for(lambda: len(self.finished) >= triggers)

    def reload(self, toml: str) -> None:
        """As after SIGHUP."""
        self.service.reload(resolved_from(self.directory, toml))

    async def until_failure(self) -> str:
        """Wait until a run has failed; returns why."""
        with heard_from("warmer.daemon.service") as lines:
            async with asyncio.timeout(LIMIT_S):
                while (failure := self.service.status().failure) is None:
                    await lines.get()
        return failure

    def heard(self, numbers: Sequence[int]) -> None:
        self.finished.update(numbers)
        self._task = asyncio.ensure_future(self._notify())

    async def _notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    _task: asyncio.Future[None] | None = None

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Straight from the file."""
        with contextlib.closing(sqlite3.connect(self.directory / "warmer.db")) as db:
            return db.execute(query).fetchall()

    def write(self, statement: str) -> None:
        with contextlib.closing(sqlite3.connect(self.directory / "warmer.db")) as db, db:
            db.execute(statement)

    def runs(self) -> list[tuple[str, str, int]]:
        """Trigger, status and number of targets of every run, oldest first."""
        return self.rows("SELECT trigger, status, planned FROM runs ORDER BY no")


@dataclass(frozen=True, slots=True)
class MovedClock(Clock):
    """A clock that a test sets ahead."""

    ahead_s: list[float] = field(default_factory=lambda: [0.0])

    def now(self) -> float:
        return time.monotonic() + self.ahead_s[0]


class _Lines(logging.Handler):
    """Puts what is logged into a queue."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: asyncio.Queue[str] = asyncio.Queue()

    def emit(self, record: logging.LogRecord) -> None:
        self.queue.put_nowait(record.getMessage())


@contextlib.contextmanager
def heard_from(logger: str) -> Iterator[asyncio.Queue[str]]:
    """What this logger says from now on, in the running loop."""
    lines = _Lines()
    logging.getLogger(logger).addHandler(lines)
    try:
        yield lines.queue
    finally:
        logging.getLogger(logger).removeHandler(lines)


def resolved_from(directory: Path, toml: str) -> Resolved:
    path = directory / "site.toml"
    path.write_text(toml, encoding="utf-8")
    return resolve(Request(config=path), {})


@contextlib.asynccontextmanager
async def serving(
    directory: Path, toml: str, *, clock: Clock | None = None
) -> AsyncIterator[Daemon]:
    """The service of a site's TOML text while the test runs; it must end by itself."""
    clock = clock or Clock()
    resolved = resolved_from(directory, toml)
    queue = TriggerQueue(resolved.store_path)
    service = SiteService(resolved, queue, clock)
    daemon = Daemon(directory, service, queue, clock)
    service.on_finished(daemon.heard)
    running = asyncio.create_task(service.run())
    try:
        yield daemon
    finally:
        service.stop()
        async with asyncio.timeout(LIMIT_S):
            await running
        queue.close()
