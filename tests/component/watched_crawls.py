"""Crawls that find their own limit beside a guard for visitors, and what they tell of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.component.crawl_runs import BASE_URL, Notebook, new_job
from tests.servers.misbehaviour import page
from warmer.crawl.guard import Tolerance
from warmer.crawl.job import Page
from warmer.crawl.watch import Candidate, Watch
from warmer.run.visitor_watch import barred, is_hot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.servers.rogue import Rogue
    from warmer.crawl.plan_job import PlanJob
    from warmer.model import LimitMove

HOT = page(headers={"Age": "7"})
PATIENT = Tolerance(2.0, 250.0, 60_000.0)
"""A busy machine is no finding: a page that takes half a second is."""


def pages(count: int) -> list[str]:
    return [f"/p/{number}" for number in range(count)]


@dataclass(slots=True)
class Seen:
    """What a watched crawl tells of itself."""

    moves: list[LimitMove] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, move: LimitMove) -> None:
        self.moves.append(move)
        self.moved.set()

    async def until(self, limit: int) -> LimitMove:
        """Wait for the next move to this limit."""
        start = len(self.moves)
        while all(move.limit != limit for move in self.moves[start:]):
            self.moved.clear()
            await asyncio.wait_for(self.moved.wait(), 20)
        return next(move for move in self.moves[start:] if move.limit == limit)


class Judging(Notebook):
    """An observer that says what came, as that of a run does."""

    def fetched(self, *args: Any, **kwargs: Any) -> Page:  # type: ignore[override]  # it tells more
        super().fetched(*args, **kwargs)
        if is_hot(args[1].headers):
            return Page.HOT
        return Page.STORABLE if barred(args[1].headers) is None else Page.OTHER


def watched_job(
    paths: Sequence[str], rogue: Rogue, *, canary: str | None = None, **options: Any
) -> tuple[PlanJob, Seen]:
    """A job that looks ten times a second, with or without a canary that was chosen."""
    seen = Seen()
    job = new_job(
        paths,
        connect_to=f"{rogue.host}:{rogue.port}",
        observer=Judging(),
        concurrency="auto",
        **options,
    )
    job.moved = seen.take
    lines = job.headers["default"]
    job.watch = Watch(
        origin=job.origin,
        tolerance=PATIENT,
        every_s=0.1,
        is_hot=is_hot,
        note=seen.notes.append,
        chosen=None if canary is None else Candidate(BASE_URL + canary, lines, None),
    )
    return job, seen


def script(rogue: Rogue, paths: Sequence[str]) -> None:
    for path in paths:
        rogue.on(path, page())


def judged(job: PlanJob) -> list[Any]:
    observer: Any = job.observer
    return list(observer.calls)
