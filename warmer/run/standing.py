"""Is what was called warm still so? Entries expire, and are evicted by what comes after them.

A verdict holds for the moment in which it was given; a run goes on, is held up for the
visitors' sake, or is resumed a day later. Fetches nothing: keys are asked for again, and of
a page without one the time counts that its response gave it.
"""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

from warmer.model import EvidenceKind, Judgement, Verdict
from warmer.verify import judge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from warmer.case import Case
    from warmer.run.verification import Verification
    from warmer.store import Store
    from warmer.store_results import TargetResult

_PAGE = 1000

GONE = Judgement(
    Verdict.UNVERIFIED,
    "not-in-cache",
    "its key was there and has gone since: it expired, or what came after it evicted it",
)


class Standing:
    """Takes back verdicts of one run that do not hold any more."""

    def __init__(self, store: Store, run_id: str, verification: Verification) -> None:
        self._store = store
        self._run_id = run_id
        self._verification = verification

    async def take_back(self, *, every: bool) -> None:
        """Give what is warm no more the verdict that it has now.

        Without `every`, only what may have expired is looked at.
        """
        async for page in self._changed(every=every):
            self._store.add_verdicts(self._run_id, page)

    async def open_again(self, *, every: bool) -> int:
        """Have what is warm no more fetched again; `every` as above. Returns how many."""
        opened = 0
        async for page in self._changed(every=every):
            ranks = [rank for rank, _ in page]
            self._store.forget_outcomes(self._run_id, ranks)
            self._store.forget_verdicts(self._run_id, ranks)
            opened += len(ranks)
        return opened

    async def _changed(self, *, every: bool) -> AsyncIterator[list[tuple[int, Judgement]]]:
        now = time.time()
        warm = self._store.warm(self._run_id, over_by=None if every else now)
        while page := list(itertools.islice(warm, _PAGE)):
            by_key = [each for each in page if _is_by_key(each)]
            cases = await self._verification.cases_of(by_key)
            found = {
                result.target.rank: _now(case) for result, case in zip(by_key, cases, strict=True)
            }
            found |= {
                result.target.rank: expired(result, now)
                for result in page
                if not _is_by_key(result)
            }
            yield [(rank, judgement) for rank, judgement in found.items() if judgement]


def expired(result: TargetResult, now: float) -> Judgement | None:
    """The verdict of a page whose only witness, a response, spoke of a time that is over.

    None while it is not over, and where the response does not tell. `now` is in unix seconds.
    """
    last = result.probe or result.warm
    if last is None or not last.ttl_s or last.at + last.ttl_s > now:
        return None
    return Judgement(
        Verdict.UNVERIFIED,
        "expired",
        f"its response gave it {last.ttl_s:.0f} s, which were over before the run was",
    )


def _now(case: Case) -> Judgement | None:
    """The verdict of a page that was warm by its key; None where that still holds."""
    if case.is_absent:
        return GONE
    judgement = judge(case)
    is_sure = case.is_present and judgement.verdict is not Verdict.WARM
    return judgement if is_sure else None


def _is_by_key(result: TargetResult) -> bool:
    return result.judgement is not None and EvidenceKind.KEY in result.judgement.evidence
