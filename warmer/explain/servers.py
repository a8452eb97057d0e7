"""At which of a site's servers a page is looked at: the first that can be reached, or each.

Each where the run is cloned, for what a server keeps for itself shows at that server alone.
Connects to servers where there are several, and sends nothing.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmer.crawl.fetch import FetchError
from warmer.crawl.first_reachable import FirstReachable
from warmer.crawl.single import Single
from warmer.explain.observation import Unreachable
from warmer.run.reach import reach

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warmer.config import SiteConfig
    from warmer.crawl.origin import Origin


@dataclass(frozen=True, slots=True)
class Chosen:
    """`servers` are asked, one at least; None is where the site's own name leads."""

    servers: tuple[str | None, ...]
    unreachable: tuple[Unreachable, ...] = ()


async def choose(site: SiteConfig, base_url: str) -> Chosen:
    """Whom to ask; where nobody can be reached the first one, for its visit to say so."""
    if len(site.servers) < 2:
        return Chosen((site.first_server,))
    origin = reach(site, base_url).origin
    if not site.is_cloned:
        return await _first(origin, site.servers, base_url)
    found = [await _first(origin, (each,), base_url) for each in site.servers]
    reached = tuple(each.servers[0] for each in found if not each.unreachable)
    return Chosen(reached or site.servers[:1], tuple(w for each in found for w in each.unreachable))


async def _first(origin: Origin, servers: Sequence[str], base_url: str) -> Chosen:
    site = FirstReachable(origin, servers)
    single = Single(site)
    with contextlib.closing(single), contextlib.suppress(FetchError):  # the visit tells of it
        await single.connect(f"{base_url}/")
    failed = site.unreachable.items()
    unreachable = (Unreachable(server, error.reason, error.detail) for server, error in failed)
    return Chosen((site.server,), tuple(unreachable))
