"""A site whose runs end when the test says so: real rules, a real queue, no crawl."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmer.config import PlanConfig
from warmer.daemon.queue import TriggerQueue
from warmer.daemon.reception import Reception
from warmer.plan import Normaliser

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from warmer.daemon.queue import PendingTrigger
    from warmer.daemon.requests import WarmRequest

NOW = 1_700_000_000.0
LIMIT_S = 20.0
"""How long a test waits for what must happen; no test waits so long unless it fails."""


@dataclass(frozen=True, slots=True)
class IdleStatus:
    """What the service would say of itself."""

    name: str
    state: str = "idle"
    pending: int = 0
    oldest_age_s: float | None = None
    run_id: str | None = None


class Counts:
    """What was told of latencies."""

    def __init__(self) -> None:
        self.since: list[float] = []

    def accepted(self, site: str, numbers: Sequence[int], since: Sequence[float]) -> None:
        assert len(numbers) == len(since)
        assert site
        self.since += since


class HeldSite:
    """A site with a door; `requests()` waits for so many, `run()` ends all of them."""

    def __init__(
        self,
        store: Path,
        name: str = "shop",
        base_url: str = "https://shop.example",
        *,
        patience_s: float = 10.0,
    ) -> None:
        self.name = name
        self.normalise = Normaliser(base_url, PlanConfig())
        self.tags = {"products": ("/list/",)}
        self.queue = TriggerQueue(store, patience_s=patience_s)
        self.counts = Counts()
        self.reception = Reception(self, self.queue, self.counts, clock=lambda: NOW)
        self._callbacks: list[Callable[[Sequence[int]], None]] = []
        self._woken = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        task = asyncio.create_task(self._notify())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _notify(self) -> None:
        async with self._woken:
            self._woken.notify_all()

    def status(self) -> IdleStatus:
        return IdleStatus(self.name, pending=self.queue.backlog(self.name)[0])

    def is_stuck(self) -> bool:
        return False

    def on_finished(self, callback: Callable[[Sequence[int]], None]) -> None:
        self._callbacks.append(callback)

    def numbers(self) -> list[int]:
        found: list[int] = []
        while page := self.queue.pending(self.name, after=found[-1] if found else 0):
            found += [each.number for each in page]
        return found

    def waiting(self) -> list[WarmRequest]:
        """The first page of what waits, oldest first."""
        return [each.request for each in self.queue.pending(self.name)]

    def everything(self) -> list[WarmRequest]:
        """All that waits, oldest first."""
        found: list[PendingTrigger] = []
        while page := self.queue.pending(self.name, after=found[-1].number if found else 0):
            found += page
        return [each.request for each in found]

    async def newest_names(self, url: str) -> None:
        """Return as soon as the newest of all that waits names this URL alone."""

        def is_so() -> bool:
            found = self.everything()
            return bool(found) and found[-1].urls == (url,)

        async with asyncio.timeout(LIMIT_S), self._woken:
            await self._woken.wait_for(is_so)

    async def requests(self, count: int) -> list[WarmRequest]:
        """The first requests, as soon as at least so many wait."""
        async with asyncio.timeout(LIMIT_S), self._woken:
            await self._woken.wait_for(lambda: self.queue.backlog(self.name)[0] >= count)
        return self.waiting()

    def run(self) -> int:
        """A run serves all that waits, and ends; how many that were."""
        numbers = self.numbers()
        self.queue.finish(numbers, "run", now=NOW)
        for callback in self._callbacks:
            callback(numbers)
        return len(numbers)
