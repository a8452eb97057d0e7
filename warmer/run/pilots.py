"""Pilots: a few targets fetched alone, to learn from them how a site's keys are made.

Asks the caches before and after; what that shows is for `caches/key_learning.py` to judge.
"""

from __future__ import annotations

import dataclasses
import itertools
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmer.model import CacheState, Pass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from warmer.model import Outcome, Target
    from warmer.run.cache_keys import CacheKeys
    from warmer.run.observe import Counters
    from warmer.run.passes import Passes
    from warmer.run.verification import Verification
    from warmer.store import Store
    from warmer.store_results import TargetResult

PILOTS = 3
MAX_PILOTS = 8
PILOT_ROUNDS = 4
"""So many targets a round, one of each variant at least, are fetched one by one first, to
learn how keys are made from them; most sites need one round, few more than two."""


@dataclass(slots=True, kw_only=True)
class Pilots:
    """The pilots of one run; `stopped` says whether it is to end."""

    store: Store
    run_id: str
    keys: CacheKeys
    passes: Passes
    verification: Verification
    stopped: Callable[[], bool]

    async def learn(self) -> None:
        """Fetch the most popular targets one by one until the keys of all caches are known."""
        count = min(max(PILOTS, len(self.passes.reach.variants)), MAX_PILOTS)
        if not self.keys.is_settled and next(self._unfetched(), None) is None:
            await self._fetch_again(count)
        answered: Target | None = None
        for round_number in range(PILOT_ROUNDS):
            pilots = list(itertools.islice(self._unfetched(), count))
            if self.keys.is_settled or self.stopped() or not pilots:
                break
            self.passes.check_reached(await self._fetch(pilots))
            answered = next(self._answered(pilots), answered)
            if answered and (round_number > 0 or next(self._unfetched(), None) is None):
                await self._fetch_unvisited(answered)
        if not self.keys.is_settled:
            self.keys.give_up()

    async def settle_without_fetch(self) -> None:
        """Learn from what is in the caches already, where that has one explanation only."""
        first = itertools.islice(self.store.results(self.run_id), 50)
        await self.keys.settle_without_fetch(
            [self.verification.question_of_ours(each) for each in first]
        )

    async def _fetch(self, pilots: list[Target]) -> Counters:
        """Fetch a few targets alone, and learn from them how this site's keys are made."""
        ranks = {target.rank for target in pilots}
        await self.keys.before(
            [self.verification.question_of_ours(each) for each in self._results(ranks)]
        )
        counters = await self.passes.run_pilots(pilots)
        fetched = [each for each in self._results(ranks) if each.warm and each.warm.status == 200]
        await self.keys.after(
            [self.verification.question_of_ours(each) for each in fetched],
            answered_from_cache=any(_from_cache(each.warm) for each in fetched if each.warm),
        )
        return counters

    async def _fetch_again(self, count: int) -> None:
        """Learn from pages that were fetched by a process that was killed before it judged them."""
        results = [
            each
            for each in itertools.islice(self.store.results(self.run_id), count)
            if each.judgement is None and each.warm is not None and each.warm.status == 200
        ]
        if not results:
            return
        await self.keys.before([self.verification.question_of_ours(each) for each in results])
        outcomes = await self.passes.fetch_aside([each.target for each in results])
        await self.keys.after(
            [self.verification.question_of_ours(each) for each in results],
            answered_from_cache=any(_from_cache(each) for each in outcomes),
        )
        await self._fetch_unvisited(results[0].target)

    async def _fetch_unvisited(self, pilot: Target) -> None:
        """Fetch one page under a URL that nobody has asked for, where only that tells.

        Other pages come first, for this one costs the site a rendering of no use.
        """
        result = next(self._results({pilot.rank}))
        asked = self.keys.unvisited(
            self.verification.question_of_ours(result), secrets.token_hex(8)
        )
        if asked is None:
            return
        await self.keys.before([asked])
        target = result.target._replace(url=asked.url)
        for outcome in await self.passes.fetch_aside([target]):
            if outcome.status == 200:
                seen = dataclasses.replace(asked, language=outcome.language)
                await self.keys.after([seen], answered_from_cache=False)

    def _results(self, ranks: set[int]) -> Iterator[TargetResult]:
        found = self.store.results(self.run_id, after=min(ranks) - 1)
        upto = max(ranks)
        return (
            each
            for each in itertools.takewhile(lambda each: each.target.rank <= upto, found)
            if each.target.rank in ranks
        )

    def _answered(self, targets: Sequence[Target]) -> Iterator[Target]:
        """Those whose page came."""
        found = self._results({target.rank for target in targets})
        return (each.target for each in found if each.warm and each.warm.status == 200)

    def _unfetched(self) -> Iterator[Target]:
        return self.store.unfetched(self.run_id, Pass.WARM)


def _from_cache(outcome: Outcome) -> bool:
    """Whether a response says that a cache gave it; Django sends Age with its hits alone."""
    return outcome.state is CacheState.HIT or outcome.age_s is not None
