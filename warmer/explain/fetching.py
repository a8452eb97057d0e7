"""Fetches one URL by the machinery of runs, and keeps what runs do not: each response's headers."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from warmer.caches.http_evidence import each_cache
from warmer.crawl.crawl import crawl
from warmer.crawl.plan_job import PlanJob
from warmer.explain.observation import Hop
from warmer.run.observe import OutcomeObserver
from warmer.run.passes import CSRF_WINDOW_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from warmer.config import SiteConfig
    from warmer.crawl.fetch import Fetch
    from warmer.crawl.job import Page
    from warmer.model import Outcome, Pass, Target
    from warmer.run.logins import Logins
    from warmer.run.reach import Reach

RUN = "explain"
"""What our requests say in place of a run's id, so that statistics can leave them out."""


class Fetched(OutcomeObserver):
    """Makes outcomes as a run does, and keeps the responses beside them."""

    def __init__(self, fetch: Pass, own_headers: Mapping[str, frozenset[str]]) -> None:
        self.outcomes: list[Outcome] = []
        self.headers: list[tuple[str, str]] = []
        self.hops: list[Hop] = []
        super().__init__(self.outcomes.extend, fetch, own_headers)

    def fetched(self, target: Target, fetch: Fetch, *, attempts: int, final_url: str) -> Page:
        self.headers = fetch.headers
        return super().fetched(target, fetch, attempts=attempts, final_url=final_url)

    def redirected(self, url: str, fetch: Fetch) -> None:
        """Keep a response that led elsewhere."""
        self.hops.append(
            Hop(
                url=url,
                status=fetch.status,
                location=dict(fetch.headers)["location"],
                total_ms=fetch.total_ms,
                said=each_cache(fetch.headers),
            )
        )


@dataclass(frozen=True, slots=True)
class Fetching:
    """How the site is fetched from; sessions are those of `logins`, if no others are given."""

    site: SiteConfig
    reach: Reach
    logins: Logins

    async def fetch(
        self, target: Target, fetch: Pass, *, times: int = 1, logins: Logins | None = None
    ) -> Fetched:
        """Fetch at once, where `times` is more than 1 each over a connection of its own."""
        watcher = Fetched(fetch, self.reach.own)
        origin = self.reach.origin
        if times > 1:
            origin = dataclasses.replace(origin, new_connections=True)
        job = PlanJob(
            targets=iter([target] * times),
            headers=self.reach.lines(RUN),
            origin=origin,
            config=msgspec.structs.replace(self.site.crawl, concurrency=times, retries=0),
            observer=watcher,
            keep_bytes=CSRF_WINDOW_BYTES,
            roles=(logins or self.logins).roles(fetch),
            redirected=watcher.redirected,
        )
        await crawl(job)
        watcher.flush()
        return watcher
