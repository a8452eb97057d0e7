"""What a report says of one target, whatever its format. Pure.

So the rows of report.jsonl add up to the figures of report.json.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.model import CacheState, Judgement, Verdict

if TYPE_CHECKING:
    from warmer.model import Outcome
    from warmer.store_results import TargetResult

_FROM_CACHE = frozenset({CacheState.HIT, CacheState.STALE})

NOT_ATTEMPTED = Judgement(Verdict.UNVERIFIED, "not-attempted", "the run ended before its turn")
NOT_JUDGED = Judgement(
    Verdict.UNVERIFIED, "not-judged", "fetched, but the run ended before it was verified"
)


def judgement_of(result: TargetResult) -> Judgement:
    """The verdict of the run; UNVERIFIED where the run ended without one."""
    if result.judgement is not None:
        return result.judgement
    return NOT_ATTEMPTED if fetched(result) is None else NOT_JUDGED


def fetched(result: TargetResult) -> Outcome | None:
    """The fetch that status and size are taken from: the warm one, else the probe."""
    return result.warm if result.warm is not None else result.probe


def cold_ms(result: TargetResult) -> float | None:
    """Milliseconds a visitor would have waited before the run; None if not measured.

    The whole warm fetch, where a page came (status below 400) and the response
    does not say that a cache already had it. Where no header tells, the fetch
    counts as cold, though the page may have been warm before.
    """
    warm = result.warm
    if warm is None or warm.state in _FROM_CACHE:
        return None
    return _page_ms(warm)


def hot_ms(result: TargetResult) -> float | None:
    """Milliseconds a visitor waits after the run; None if not measured.

    The whole probe, also one that missed, for the visitor would have waited as
    long. Without a probe, a warm fetch that a cache answered.
    """
    if result.probe is not None:
        return _page_ms(result.probe)
    if result.warm is not None and result.warm.state in _FROM_CACHE:
        return _page_ms(result.warm)
    return None


def _page_ms(outcome: Outcome) -> float | None:
    """The time of a fetch that brought a page; errors are fast or slow for other reasons."""
    if outcome.status is None or outcome.status >= 400:
        return None
    return elapsed_ms(outcome)


def elapsed_ms(outcome: Outcome) -> float | None:
    """From the scheduled start, where there was one, to the last byte; None if nothing was sent."""
    if outcome.total_ms is None or outcome.waited_ms is None:
        return outcome.total_ms
    return outcome.waited_ms + outcome.total_ms
