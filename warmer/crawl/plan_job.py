"""What one crawl of a plan is to fetch, and who hears what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from warmer.crawl.job import CrawlJob

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from warmer.crawl.fetch import Fetch
    from warmer.crawl.job import Page
    from warmer.crawl.role import Role
    from warmer.crawl.watch import Watch
    from warmer.model import Target


class Observer(Protocol):
    """Takes what the crawl yields; one call for each target whose fetch came to its end.

    A target that a stop cut off before its next request was sent gets no call: it is
    as if it had never been taken, so that a resumed run takes it again.
    """

    def fetched(
        self, target: Target, fetch: Fetch, *, attempts: int, final_url: str
    ) -> Page | None:
        """A whole response came, whatever its status; returns what it is, None: not known."""
        ...

    def failed(
        self,
        target: Target,
        reason: str,
        detail: str,
        *,
        attempts: int,
        final_url: str,
        total_ms: float | None,
    ) -> None:
        """No whole response came; `total_ms` as in FetchError."""
        ...


def _unwatched(_url: str, _fetch: Fetch) -> None:
    """Nobody wants to see each step."""


@dataclass(slots=True, kw_only=True)
class PlanJob(CrawlJob):
    """One pass over targets, in the order they are given.

    `headers` are the complete request header lines of each variant, `redirected_headers`
    those after a redirect between http and https, the same where there are none. A variant
    that has one of the `roles` is fetched with its session. `redirected` hears of each
    response that leads elsewhere, with the URL that was asked for. `watch` looks after
    visitors where the limit is found by itself.
    """

    targets: Iterator[Target]
    headers: Mapping[str, Sequence[str]]
    observer: Observer
    redirected_headers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    watch: Watch | None = None
    redirected: Callable[[str, Fetch], None] = _unwatched

    def lines(self, variant: str, url: str) -> Sequence[str]:
        """The request header lines of a variant for a URL, which a redirect may have led to."""
        # "http:" or "https": asked for each URL, so nothing is parsed.
        if url[:5] != self.origin.base_url[:5]:
            return self.redirected_headers.get(variant, self.headers[variant])
        return self.headers[variant]
