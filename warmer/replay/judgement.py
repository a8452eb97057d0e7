"""What one answer of a replay says about the cache. Pure.

The unit is the request, not the page: `warm` means that a cache answered this request, by
its own word, so that its visitor did not wait for a rendering. Whether a page is in the
cache now, a replay does not ask; `warmer verify` does. A response that tells of no cache is
`unverified`, however fast it came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.model import CacheState, EvidenceKind, Judgement, Verdict

if TYPE_CHECKING:
    from warmer.model import Outcome

_REFUSED_FOR_NOW = frozenset({408, 425, 429})
_FROM_CACHE = frozenset({CacheState.HIT, CacheState.STALE})


def judge(outcome: Outcome, method: str) -> Judgement:
    """The verdict on one request that was sent."""
    return _failed(outcome) or _from_cache(outcome) or _not_kept(outcome, method) or _cold(outcome)


def _failed(outcome: Outcome) -> Judgement | None:
    if outcome.error is not None or outcome.status is None:
        return Judgement(Verdict.FAILED, outcome.error or "no-response", outcome.detail)
    if outcome.status >= 500 or outcome.status in _REFUSED_FOR_NOW:
        return Judgement(Verdict.FAILED, f"status-{outcome.status}", outcome.detail)
    return None


def _from_cache(outcome: Outcome) -> Judgement | None:
    if outcome.state in _FROM_CACHE:
        detail = "" if outcome.state is CacheState.HIT else f"{outcome.state_header} says stale"
        return Judgement(Verdict.WARM, None, detail, outcome.ttl_s, (EvidenceKind.RESPONSE,))
    return None


def _not_kept(outcome: Outcome, method: str) -> Judgement | None:
    if method not in ("GET", "HEAD"):
        return Judgement(Verdict.UNCACHEABLE, "method", f"{method}: caches keep GET alone")
    if outcome.status not in (200, 304):
        return Judgement(Verdict.UNCACHEABLE, "status", f"status {outcome.status}")
    if outcome.obstacle is not None:
        return Judgement(Verdict.UNCACHEABLE, outcome.obstacle, outcome.detail)
    return None


def _cold(outcome: Outcome) -> Judgement:
    if outcome.state is CacheState.UNKNOWN:
        return Judgement(Verdict.UNVERIFIED, "no-evidence", "no response header tells of a cache")
    return Judgement(
        Verdict.UNVERIFIED, "cold", f"{outcome.state_header} says {outcome.state}: it was rendered"
    )
