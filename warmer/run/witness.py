"""Is what only the application says true for every visitor? A few more fetches tell.

Django's default cache lives in each worker's own memory: a page is hot in the one that
rendered it and cold in the others, and a kept connection stays with the worker that was
warmed. So where no cache server and no proxy bears witness, hot pages from all over the plan
are asked for several times over new connections: at once, where the second finds the first
worker busy, and one after the other, for on a busy machine one worker takes all that come
together.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from warmer.model import EvidenceKind, Judgement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from warmer.model import Outcome, Target
    from warmer.store_results import TargetResult
    from warmer.timing import Typical

PAGES, FETCHES = 8, 8
"""So many pages at the most, and each so often at the most."""
MOST = 24
"""So many fetches each way: three of each of eight pages."""
AMONG = 1_000
"""They are chosen evenly among so many of the most popular."""

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


def chosen(results: Iterable[TargetResult]) -> list[TargetResult]:
    """The most popular page, and others at even distances after it."""
    among = list(itertools.islice(results, AMONG))
    count = min(PAGES, len(among))
    return [among[each * len(among) // count] for each in range(count)]


def asked(results: Sequence[TargetResult]) -> list[Target]:
    """The fetches to make: these pages, each several times in a row."""
    times = min(FETCHES, MOST // max(1, len(results)))
    return [result.target for result in results for _ in range(times)]


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
