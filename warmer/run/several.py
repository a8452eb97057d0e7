"""Several servers of one site: do they share what they keep? Pure.

A run that is spread fetches a page from one server and probes it at another, so a cache that
each server keeps for itself shows as a second miss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.model import CacheState, Judgement, Verdict
from warmer.report.wording import counted

if TYPE_CHECKING:
    from warmer.store_results import TargetResult

APART = Judgement(
    Verdict.UNVERIFIED,
    "cache-not-shared",
    "two servers have it, but others were not asked, and they do not share: set crawl.distribute"
    ' = "clone", which warms each of them',
)


def missed_elsewhere(result: TargetResult) -> bool:
    """Whether the second server rendered a page that the first one could have kept."""
    first, second, judgement = result.warm, result.probe, result.judgement
    if first is None or second is None or judgement is None or first.obstacle is not None:
        return False
    could_keep = first.state in (CacheState.HIT, CacheState.MISS)
    is_warm = judgement.verdict is Verdict.WARM
    return could_keep and second.state is CacheState.MISS and not is_warm


def not_shared(pages: int) -> str:
    """The warning where `pages` were missed elsewhere."""
    return (
        f"{counted(pages, 'page')} of one server were missing at the next: if each keeps its own"
        ' cache, set crawl.distribute = "clone" (--distribute clone), which warms every one'
    )
