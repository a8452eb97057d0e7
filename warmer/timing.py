"""Whether two times alone show that a page is stored. Pure; the weakest evidence there is.

One page that was slow once and fast once shows nothing: a first connection, a busy
second, a database that has warmed up. So a page is measured against its site: the
site as a whole must answer faster the second time, and the page like the site.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warmer.model import Outcome

MINIMUM_PAGES = 5
NOTICEABLE_MS = 10.0
"""A difference of times below this is noise, whatever the ratio."""


@dataclass(frozen=True, slots=True)
class Typical:
    """Median times, in ms, of the pages of which no cache said anything."""

    cold_ms: float
    hot_ms: float


def typical(pairs: Sequence[tuple[float, float]], ratio: float) -> Typical | None:
    """From the (cold, hot) times of pages; None unless the site as a whole sped up."""
    if len(pairs) < MINIMUM_PAGES:
        return None
    cold_ms = statistics.median(cold for cold, _ in pairs)
    hot_ms = statistics.median(hot for _, hot in pairs)
    return Typical(cold_ms, hot_ms) if _faster(cold_ms, hot_ms, ratio) else None


def judged_by_time(cold: Outcome, hot: Outcome, site: Typical, ratio: float) -> str | None:
    """What shows that the page was stored between two fetches; None if nothing does.

    A first fetch counts as no slower than the typical one, so that a cold start is
    not taken for a rendering; both the whole time and the first byte must tell.
    """
    if cold.total_ms is None or hot.total_ms is None:
        return None
    if hot.total_ms > math.sqrt(site.cold_ms * site.hot_ms):
        return None  # nearer, as ratios go, to the pages that were rendered
    if not _faster(min(cold.total_ms, site.cold_ms), hot.total_ms, ratio):
        return None
    first_bytes = (cold.first_byte_ms, hot.first_byte_ms)
    if None not in first_bytes and not _faster(first_bytes[0] or 0, first_bytes[1] or 0, ratio):
        return None
    return f"judged by time alone: {cold.total_ms:.0f} ms, then {hot.total_ms:.0f} ms"


def _faster(cold_ms: float, hot_ms: float, ratio: float) -> bool:
    return hot_ms > 0 and cold_ms - hot_ms >= NOTICEABLE_MS and cold_ms / hot_ms >= ratio
