"""The passes of one run: what each fetches, how, and where its outcomes go.

The stop signal of the process and the display are given; nothing is judged here.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from warmer.crawl.job import unheard
from warmer.crawl.placement import Placements
from warmer.crawl.plan_job import PlanJob
from warmer.crawl.servers import Clone, InTurn, Servers, Spread
from warmer.crawl.token_bucket import TokenBucket
from warmer.model import Pass
from warmer.report.wording import counted
from warmer.run.limit_trace import LimitTrace
from warmer.run.observe import Counters, OutcomeObserver
from warmer.run.one_pass import carry_out
from warmer.run.visitor_watch import GUARDED_FROM

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator, Sequence

    from warmer.config import CrawlConfig
    from warmer.crawl.servers import Route
    from warmer.crawl.watch import Watch
    from warmer.model import LimitMove, Outcome, Target
    from warmer.report.snapshot import Progress
    from warmer.run.logins import Logins
    from warmer.run.reach import Reach
    from warmer.store import Store

_log = logging.getLogger(__name__)
CSRF_WINDOW_BYTES = 262_144
"""How much of each body is kept to look for a CSRF token; forms stand above that."""


@dataclass(slots=True, kw_only=True)
class Passes:
    """Runs passes of one run, one after the other; remembers the limit between them."""

    store: Store
    run_id: str
    reach: Reach
    logins: Logins
    config: CrawlConfig
    progress: Progress
    stopping: asyncio.Event
    refresh_secret: str | None = None
    watch: Watch | None = None
    limit: int = 1
    aborted: str | None = None
    vary_on_cookie: int = 0
    bucket: TokenBucket | None = field(init=False)
    servers: Servers | None = field(init=False)
    trace: LimitTrace = field(default_factory=LimitTrace)
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        rate = self.config.rate
        self.bucket = TokenBucket(rate, self.config.burst) if rate else None
        several = self.reach.servers if len(self.reach.servers) > 1 else ()
        self.servers = Servers(several) if several else None

    async def run(
        self, fetch: Pass, targets: Iterator[Target], *, total: int, what: str
    ) -> Counters:
        """Fetch each target once into the store; returns what the pass yielded.

        Ends early when `stopping` is set or the abort rule trips; `aborted` tells.
        """
        observer = OutcomeObserver(self._store_outcomes, fetch, self.reach.own)
        await self._crawl(observer, targets, fetch, total=total, what=what)
        if fetch is Pass.WARM:
            self.vary_on_cookie += observer.counters.vary_on_cookie
        return observer.counters

    async def run_again(self, targets: Iterator[Target], *, total: int, what: str) -> None:
        """Fetch targets once more; what was known of each goes when its new outcome comes."""
        observer = OutcomeObserver(self._replace_outcomes, Pass.WARM, self.reach.own)
        await self._crawl(observer, targets, Pass.WARM, total=total, what=what)

    async def run_pilots(self, targets: Sequence[Target]) -> Counters:
        """Fetch a few targets, one after the other where the concurrency is ours to choose."""
        observer = OutcomeObserver(self._store_outcomes, Pass.WARM, self.reach.own)
        await self._crawl(
            observer,
            iter(targets),
            Pass.WARM,
            total=len(targets),
            what="pilot",
            config=self._one_by_one(),
        )
        self.vary_on_cookie += observer.counters.vary_on_cookie
        return observer.counters

    async def fetch_aside(self, targets: Sequence[Target]) -> list[Outcome]:
        """Fetch what is not of the plan; its outcomes are returned and not kept."""
        return await self._aside(targets, Pass.WARM, what="keys", config=self._one_by_one())

    async def fetch_at_once(self, targets: Sequence[Target], fetches: int) -> list[Outcome]:
        """Fetch targets aside, each over a connection of its own.

        `fetches` of them at once, or as many as a person allows.
        """
        concurrency = min(self.config.ceiling, fetches)
        config = msgspec.structs.replace(self.config, concurrency=concurrency)
        return await self._aside(
            targets, Pass.PROBE, what="witness", config=config, new_connections=True
        )

    async def fetch_without_login(self, targets: Sequence[Target]) -> list[Outcome]:
        """Fetch targets aside as who has no session; its outcomes are returned and not kept."""
        return await self._aside(
            targets,
            Pass.PROBE,
            what="without login",
            config=self._one_by_one(),
            logins=self.logins.strangers(),
        )

    async def _aside(
        self,
        targets: Sequence[Target],
        fetch: Pass,
        *,
        what: str,
        config: CrawlConfig,
        new_connections: bool = False,
        logins: Logins | None = None,
    ) -> list[Outcome]:
        outcomes: list[Outcome] = []
        observer = OutcomeObserver(outcomes.extend, fetch, self.reach.own)
        await self._crawl(
            observer,
            iter(targets),
            fetch,
            total=len(targets),
            what=what,
            config=config,
            new_connections=new_connections,
            logins=logins,
        )
        return outcomes

    def warnings(self) -> list[str]:
        """Servers that were down, and what a run without cookies cannot show of who has some."""
        found = [] if self.servers is None else list(self.servers.warnings())
        if not self.vary_on_cookie or self.reach.sends("cookie"):
            return found
        warning = (
            f"Vary names Cookie on {counted(self.vary_on_cookie, 'page')}: who comes with any,"
            " such as the _ga of analytics, misses what is warm for those without; drop cookies"
            " that the site does not read before the cache, or do not touch the session"
        )
        return [*found, warning]

    async def _crawl(
        self,
        observer: OutcomeObserver,
        targets: Iterator[Target],
        fetch: Pass,
        *,
        total: int,
        what: str,
        config: CrawlConfig | None = None,
        new_connections: bool = False,
        logins: Logins | None = None,
    ) -> None:
        """One pass; with another `config` than the run's it says nothing of what the site bears."""
        config = config or self.config
        is_usual = config is self.config
        origin = self.reach.origin
        if new_connections:
            origin = dataclasses.replace(origin, new_connections=True)
        job = PlanJob(
            targets=targets,
            headers=self.reach.lines(self.run_id),
            redirected_headers=self.reach.redirected_lines(self.run_id),
            origin=origin,
            config=config,
            observer=observer,
            keep_bytes=CSRF_WINDOW_BYTES,
            start_limit=self.limit,
            expects_hot=fetch is Pass.PROBE,
            bucket=self.bucket,
            watch=self.watch if is_usual and total >= GUARDED_FROM else None,
            moved=self._moved if is_usual else unheard,
            began=self.began,
            route=self._route(fetch, each_in_turn=new_connections),
            refresh_secret=self.refresh_secret if fetch is Pass.WARM else None,
            roles=(logins or self.logins).roles(fetch),
            # A second fetch that keeps to one connection keeps to one of several caches behind it.
            placements=Placements() if fetch is Pass.WARM else None,
        )
        await carry_out(
            job,
            observer,
            total=total,
            what=what,
            progress=self.progress,
            stopping=self.stopping,
        )
        if is_usual:
            self.limit = max(1, job.live.limit)
        self.aborted = self.aborted or job.aborted

    def _route(self, fetch: Pass, *, each_in_turn: bool) -> Route | None:
        if self.servers is None:
            return None
        if self.reach.server_of:
            return Clone(self.servers, self.reach.server_of)
        if each_in_turn:
            return InTurn(self.servers)
        return Spread(self.servers, shift=1 if fetch is Pass.PROBE else 0)

    def _moved(self, move: LimitMove) -> None:
        if move.limit == 0 and all(each.limit for each in self.trace.moves):
            self.progress.note(f"paused at {move.at_s:.1f} s: {move.why}; -v says each such move")
        self.trace.add(move)
        _log.info("limit %d at %.1f s: %s", move.limit, move.at_s, move.why)

    def _store_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        self.store.add_outcomes(self.run_id, outcomes)

    def _replace_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        ranks = [outcome.rank for outcome in outcomes]
        self.store.forget_outcomes(self.run_id, ranks)
        self.store.forget_verdicts(self.run_id, ranks)
        self.store.add_outcomes(self.run_id, outcomes)

    def _one_by_one(self) -> CrawlConfig:
        """One request pays a cold start, unless a person has chosen how many at once."""
        if self.config.concurrency == "auto":
            return msgspec.structs.replace(self.config, concurrency=1)
        return self.config

    def check_reached(self, counters: Counters) -> None:
        """Abort the run when not one request of a pass got through to the origin."""
        self.aborted = self.aborted or counters.unreached() or None
