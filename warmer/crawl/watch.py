"""Watches over visitors while a crawl goes on: the canary once a second, and other signals.

What is found out goes to whoever slows the crawl down; nothing is decided about the limit
here. Without a hot page to look at there is no canary, and one line says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import math
import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from warmer.crawl.brake import Pressure
from warmer.crawl.canary import Canary, GoneError
from warmer.crawl.guard import Advice, VisitorGuard

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from warmer.crawl.brake import Brake
    from warmer.crawl.canary import IsHot
    from warmer.crawl.guard import Look, Tolerance
    from warmer.crawl.origin import Origin

_log = logging.getLogger(__name__)

IDLE_LOOKS = 5
"""After one that does not count, so many tell what the canary takes on an idle site."""
AGAIN_S = 0.05
"""Between a slow look and those that confirm it, or do not."""
SETTLING_S = 0.15
"""After the limit has grown, so long until a look shows what that does."""
SIGNALS_S = 2.0
"""Between two readings of another signal."""
CANDIDATES = 3
"""So many of the first pages that can be hot are kept as canaries."""
STILL_RENDERED = 0.7
"""A page whose second fetch takes nearly as long as its first one comes from no cache."""
MISSES = 3
"""So often in a row rendered, the canary is kept by no cache any more."""


class Signal(Protocol):
    """Something else that may be too hot: a cache server, a load average."""

    async def read(self) -> str:
        """Why it is too hot, in one line; "" while it is not."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A page that may be the canary; `cold_ms` is what its rendering took, None: not known.

    `server` is the one of several that gave it.
    """

    url: str
    lines: Sequence[str]
    cold_ms: float | None
    server: str | None = None


@dataclass(slots=True, kw_only=True)
class Watch:
    """One for each run: its passes share the canary, and what it took at first.

    Where a site has several `servers`, one that nobody can talk to is no sign of load: another
    one's page is watched then. A crawl that pauses for `patience_s` seconds, and sees nothing better between, is given up.
    """

    origin: Origin
    tolerance: Tolerance
    every_s: float
    is_hot: IsHot
    note: Callable[[str], None]
    signals: Sequence[Signal] = ()
    chosen: Candidate | None = None
    servers: Sequence[str] = ()
    patience_s: float = math.inf
    _candidates: list[Candidate] = field(default_factory=list)
    _offered: asyncio.Event = field(default_factory=asyncio.Event)
    _soon: asyncio.Event = field(default_factory=asyncio.Event)
    _canary: Canary | None = None
    _guard: VisitorGuard = field(init=False)
    _misses: int = 0
    _is_lack_told: bool = False
    _pressure: Pressure = field(init=False)

    def __post_init__(self) -> None:
        self._guard = VisitorGuard(self.tolerance)
        self._pressure = Pressure(self.patience_s)
        if self.chosen is not None:
            by_server = [dataclasses.replace(self.chosen, server=each) for each in self.servers]
            self._candidates += by_server or [self.chosen]
            self._offered.set()

    @property
    def wants_candidates(self) -> bool:
        return not self._offered.is_set()

    def offer(self, candidate: Candidate) -> None:
        """A page that was fetched just now; with the last one wanted, the canary is chosen."""
        self._candidates.append(candidate)
        if len(self._candidates) >= CANDIDATES:
            self._offered.set()

    def go_without(self, pages: int) -> None:
        """So many pages have come, and too few of them can be hot; told once for a run."""
        if not self._is_lack_told:
            self._is_lack_told = True
            self.note(
                f"visitors are not watched yet: too few of the first {pages} pages can be hot;"
                " name one under [guard] url, or choose a --concurrency"
            )

    def look_soon(self) -> None:
        """More are in flight than before: see what that does to visitors."""
        self._soon.set()

    async def run(self, brake: Brake) -> None:
        """Until cancelled, which is the end of a pass; raises what a signal raises."""
        watching = [self._watch_canary(brake)]
        watching += [self._watch_signal(signal, brake) for signal in self.signals]
        tasks = [asyncio.ensure_future(each) for each in watching]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def close(self) -> None:
        """Let go of the canary's connection."""
        if self._canary is not None:
            self._canary.close()
            self._canary = None

    async def _watch_canary(self, brake: Brake) -> None:
        await self._offered.wait()
        while self._canary is not None or self._candidates:
            try:
                if self._canary is None:
                    await self._begin(self._candidates.pop(0), brake)
                else:
                    await self._look(self._canary, brake)
            except GoneError as error:
                self._leave(error, brake)
                await self._offered.wait()
        brake.vouch(None)

    async def _begin(self, candidate: Candidate, brake: Brake) -> None:
        """Learn what a page takes while we load the site with nothing else."""
        origin = self.origin
        if candidate.server is not None:
            origin = dataclasses.replace(origin, connect_to=candidate.server)
        canary = self._canary = Canary(
            origin,
            candidate.url,
            candidate.lines,
            is_hot=self.is_hot,
            max_ms=self.tolerance.max_ms,
            is_one_of_several=len(self.servers) > 1,
        )
        await brake.quiet()
        try:
            await canary.look()
            looks = [await canary.look() for _ in range(IDLE_LOOKS)]
        finally:
            brake.go_on()
        self._guard.begin(_idle_ms(looks, candidate.cold_ms))
        _log.info(
            "the visitor guard watches %s: %.0f ms while idle", canary.url, self._guard.baseline_ms
        )

    async def _look(self, canary: Canary, brake: Brake) -> None:
        await self._until_next_look(canary)
        level = brake.limit
        advice = await self._advice(canary, brake)
        while advice is Advice.LOOK_AGAIN:
            await asyncio.sleep(max(AGAIN_S, canary.asked_pause_s))
            advice = await self._advice(canary, brake)
        if advice is Advice.BACK_OFF:
            self._pressure.press(self._guard, self._guard.why, brake)
        elif advice is Advice.TRY:
            self._pressure.release(self._guard, self._guard.why, brake)
        elif advice is Advice.RELENT:
            self._pressure.relent(self._guard, self._guard.why, brake)
        elif not brake.pressed or advice is Advice.RESUME:
            self._pressure.cool(self._guard, self._guard.why, brake)
        if self._guard.saw_well:
            brake.vouch(level)
        self._pressure.heed_patience(self._guard.why, brake)

    async def _until_next_look(self, canary: Canary) -> None:
        """The time between two looks, or less where the limit grows."""
        if canary.asked_pause_s:
            await asyncio.sleep(max(self.every_s, canary.asked_pause_s))
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._soon.wait(), self.every_s)
        if self._soon.is_set():
            self._soon.clear()
            await asyncio.sleep(SETTLING_S)

    async def _advice(self, canary: Canary, brake: Brake) -> Advice:
        look = await canary.look()
        self._count_misses(look)
        return self._guard.take(
            look, time.monotonic(), paused=brake.pressed, alone_ms=brake.alone_ms
        )

    def _count_misses(self, look: Look) -> None:
        self._misses = self._misses + 1 if look.hot is False else 0
        if self._misses >= MISSES:
            raise GoneError("it is in no cache any more")

    def _leave(self, why: GoneError, brake: Brake) -> None:
        """The canary is of no use; the next candidate takes its place, if there is one."""
        url = self._canary.url if self._canary else ""
        self.close()
        self._misses = 0
        self._pressure.cool(self._guard, "there is no canary any more", brake)
        _log.info("the visitor guard leaves %s: %s", url, why)
        if self._candidates:
            return
        if self.chosen is None:
            self.note(
                f"visitors are not watched: {url} is no hot page ({why}); name one under"
                " [guard] url, or choose a --concurrency"
            )
            return
        self.note(f"{url} under [guard] url is no hot page ({why}): one of the plan's is watched")
        self.chosen = None
        self._offered.clear()

    async def _watch_signal(self, signal: Signal, brake: Brake) -> None:
        while True:
            why = await signal.read()
            if why:
                self._pressure.press(signal, why, brake)
                self._pressure.heed_patience(why, brake)
            else:
                self._pressure.cool(signal, "nothing is too hot any more", brake)
            await asyncio.sleep(SIGNALS_S)


def _idle_ms(looks: Sequence[Look], cold_ms: float | None) -> list[float]:
    """What a hot page took; raises GoneError where the looks show that it is none."""
    took = [look.took_ms for look in looks if look.took_ms is not None]
    if len(took) < len(looks):
        raise GoneError(next(look.failure for look in looks if look.took_ms is None))
    if any(look.hot is False for look in looks):
        raise GoneError("its responses come from no cache")
    says_hot = any(look.hot for look in looks)
    if not says_hot and cold_ms is not None and statistics.median(took) > STILL_RENDERED * cold_ms:
        raise GoneError("it takes as long as the first time")
    return took
