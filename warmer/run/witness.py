"""Is what only the application says true for every visitor? A few more fetches tell.

Django's default cache lives in each worker's own memory: a page is hot in the one that
rendered it and cold in the others, and a kept connection stays with the worker that was
warmed. So where no cache server and no proxy bears witness, the same hot page is asked
for several times at once, over new connections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.model import EvidenceKind, Judgement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from warmer.model import Outcome, Target
    from warmer.store_results import TargetResult
    from warmer.timing import Typical

PAGES = 3
FETCHES = 8
"""Each page so often at once: with two workers, one in 128 times all reach the same one."""

NOT_SHARED = Judgement(
    Verdict.UNVERIFIED,
    "cache-not-shared",
    "some answers came from a cache and some did not: does each worker keep its own (LocMemCache)?"
    " Use one that all of them share",
)


def on_the_applications_word(results: Iterable[TargetResult]) -> Iterator[TargetResult]:
    """Warm targets that rest on Age or on times alone, which any layer may have caused."""
    for result in results:
        judgement, last = result.judgement, result.probe or result.warm
        if judgement is None or judgement.verdict is not Verdict.WARM or last is None:
            continue
        if EvidenceKind.KEY not in judgement.evidence and (
            EvidenceKind.TIMING in judgement.evidence or last.state_header in ("", "age")
        ):
            yield result


def asked(results: Sequence[TargetResult]) -> list[Target]:
    """The fetches to make: the most popular pages, each several times in a row."""
    return [result.target for result in results[:PAGES] for _ in range(FETCHES)]


def contradicts(outcome: Outcome, result: TargetResult, site: Typical | None) -> bool:
    """Whether this fetch of a page that was called warm was rendered after all.

    A page said to be hot by its Age has one in every answer; a page judged by time
    must be nearer to the hot time than to the cold one.
    """
    if outcome.status is None or result.judgement is None:
        return True
    if EvidenceKind.TIMING not in result.judgement.evidence:
        return outcome.age_s is None
    if site is None or outcome.first_byte_ms is None:
        return True
    return outcome.first_byte_ms > (site.cold_ms + site.hot_ms) / 2
