"""What a run sets up to look after visitors: the canary, and the signals that are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin

from warmer.caches.http_evidence import judge
from warmer.caches.http_obstacles import obstacle
from warmer.crawl.guard import Tolerance
from warmer.crawl.watch import Candidate, Watch
from warmer.model import CacheState
from warmer.run.load_signals import load_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from warmer.config import SiteConfig
    from warmer.run.reach import Reach

GUARDED_FROM = 20
"""Smaller passes, such as those after a save, are over before a canary has been chosen."""

_BARS = ("no-store", "private")
_RENDERED = (CacheState.MISS, CacheState.BYPASS, CacheState.STALE)


class Looks:
    """How often the canary gave a page, of which cache servers may have counted each."""

    def __init__(self) -> None:
        self.count = 0

    def is_hot(self, headers: Sequence[tuple[str, str]]) -> bool | None:
        """As the function; the canary asks once for each page."""
        self.count += 1
        return is_hot(headers)


def visitor_watch(
    site: SiteConfig, reach: Reach, run_id: str, note: Callable[[str], None], looks: Looks
) -> Watch | None:
    """None where a person has chosen the number in flight, or has turned the guard off.

    `note` takes the line that says that there is no page to look at; `looks` counts.
    """
    guard = site.guard
    if site.crawl.concurrency != "auto" or not guard.enabled:
        return None
    chosen = None
    if guard.url is not None:
        lines = reach.lines(run_id)[reach.variants[0].name]
        chosen = Candidate(urljoin(f"{reach.origin.base_url}/", guard.url), lines, None)
    return Watch(
        origin=reach.origin,
        tolerance=Tolerance(guard.guard_ratio, guard.guard_ms, guard.max_ms),
        every_s=guard.every_s,
        is_hot=looks.is_hot,
        note=note,
        signals=load_signals(site),
        chosen=chosen,
        servers=reach.servers,
        patience_s=guard.max_pause_s,
    )


def is_hot(headers: Sequence[tuple[str, str]]) -> bool | None:
    """Whether a cache gave this response, None where it does not tell."""
    seen = judge(headers)
    if seen.state is CacheState.HIT or seen.age_s is not None:
        return True
    return False if seen.state in _RENDERED or barred(headers) is not None else None


def barred(headers: Sequence[tuple[str, str]]) -> str | None:
    """What bars a page from every cache that keeps to the rules; None where nothing does.

    Cookies and Vary are no bar: who stores pages despite them is not rare.
    """
    found = obstacle(200, headers, own_headers=frozenset())
    return found[0] if found is not None and found[0] in _BARS else None
