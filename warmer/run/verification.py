"""Verdicts for the targets of a run: keys are asked for, rules applied, rows written.

Works through the store a page at a time, so a million targets need no more memory
than a thousand.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from warmer.case import Case
from warmer.model import (
    CacheState,
    EvidenceKind,
    Judgement,
    KeyQuestion,
    KeyState,
    Verdict,
)
from warmer.run.probing import WAITING, Choice
from warmer.run.several import APART, missed_elsewhere, not_shared
from warmer.run.witness import (
    FETCHES,
    NOT_SHARED,
    asked,
    chosen,
    contradicts,
    on_the_applications_word,
)
from warmer.timing import typical
from warmer.verify import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from warmer.config import VerifyConfig
    from warmer.model import KeyAnswer, Outcome
    from warmer.run.cache_keys import CacheKeys
    from warmer.run.logins import Logins
    from warmer.run.passes import Passes
    from warmer.run.probing import ProbeChoice
    from warmer.run.reach import Reach
    from warmer.store import Store
    from warmer.store_results import TargetResult
    from warmer.timing import Typical

_PAGE = 1000
_MEASURED = 10_000


class Verification:
    """Judges the targets of one run by what is known of them so far."""

    def __init__(
        self,
        store: Store,
        run_id: str,
        reach: Reach,
        keys: CacheKeys,
        config: VerifyConfig,
        *,
        logins: Logins,
        refresh: bool,
    ) -> None:
        self._store = store
        self._run_id = run_id
        self._reach = reach
        self._keys = keys
        self._logins = logins
        self._config = config
        self._refresh = refresh
        self._typical: Typical | None = None

    async def settle(self, choice: ProbeChoice) -> None:
        """Verdicts for what was fetched, but for what is to be probed, which stays open."""

        def verdict(case: Case) -> Judgement | None:
            found = judge(case)
            chosen = choice.choose(case, found)
            if chosen is Choice.PROBE:
                return None
            return WAITING if chosen is Choice.WAIT else found

        await self._judge(_fetched(self._store.unjudged(self._run_id)), verdict)

    async def conclude(self) -> None:
        """Verdicts for everything that was fetched and has none yet."""
        self._typical = self._typical_times()
        await self._judge(_fetched(self._store.unjudged(self._run_id)), judge)

    async def hear_witnesses(self, passes: Passes) -> None:
        """Take back what rests on the application's word, where other workers deny it."""
        for server in self._reach.cloned_to or (None,):
            await self._hear_witnesses_of(server, passes)

    async def _hear_witnesses_of(self, server: str | None, passes: Passes) -> None:
        """Of a cloned run each server is heard: one may keep its pages otherwise than the others."""
        found = chosen(self._on_its_word(server))
        if not found:
            return
        by_rank = {result.target.rank: result for result in found}
        fetches = asked(found)
        # On a busy machine one worker takes all that come together, on an idle one it may be
        # the first each time: so both.
        outcomes = await passes.fetch_at_once(fetches, FETCHES)
        outcomes += await passes.fetch_at_once(fetches, 1)
        if any(contradicts(each, by_rank[each.rank], self._typical) for each in outcomes):
            denied = self._on_its_word(server)
            self._store.add_verdicts(
                self._run_id, [(result.target.rank, NOT_SHARED) for result in denied]
            )

    def _on_its_word(self, server: str | None) -> Iterator[TargetResult]:
        return (
            result
            for result in on_the_applications_word(self._store.warm_without_key(self._run_id))
            if self._reach.server_of.get(result.target.variant) == server
        )

    def doubt_sharing(self) -> str | None:
        """Why several servers do not seem to share a cache; then what only two have is not warm."""
        if not self._reach.is_spread:
            return None
        pages = sum(map(missed_elsewhere, self._store.probed(self._run_id)))
        if not pages:
            return None
        if len(self._reach.servers) > 2:
            denied = list(self._store.warm_without_key(self._run_id))
            self._store.add_verdicts(self._run_id, [(each.target.rank, APART) for each in denied])
        return not_shared(pages)

    def any_warm(self, ranks: Collection[int]) -> bool:
        """Whether one of these targets turned out warm."""
        return bool(ranks) and any(
            result.judgement is not None and result.judgement.verdict is Verdict.WARM
            for result in self._store.probed(self._run_id)
            if result.target.rank in ranks
        )

    def reopen_waiting(self) -> None:
        """Take back the verdicts of what waited for the blind sample."""
        waiting = (
            result.target.rank
            for result in self._store.results(self._run_id)
            if result.judgement == WAITING
        )
        self._store.forget_verdicts(self._run_id, list(waiting))

    async def skip_present(self) -> int:
        """Verdict WARM for what the keys say is in the cache already; returns how many."""
        warm = 0

        def verdict(case: Case) -> Judgement | None:
            nonlocal warm
            found = judge(case)
            if found.verdict is not Verdict.WARM or EvidenceKind.KEY not in found.evidence:
                return None
            warm += 1
            return found

        await self._judge(self._store.unjudged(self._run_id), verdict)
        return warm

    async def judge_all(self) -> None:
        """Verdicts for every target, fetched or not: `warmer verify`."""
        await self._judge(self._store.unjudged(self._run_id), judge)

    async def _judge(
        self, results: Iterable[TargetResult], verdict: Callable[[Case], Judgement | None]
    ) -> None:
        open_ones = iter(results)
        while page := list(itertools.islice(open_ones, _PAGE)):
            cases = await self.cases_of(page)
            judged = [(r.target.rank, verdict(c)) for r, c in zip(page, cases, strict=True)]
            self._store.add_verdicts(self._run_id, [(n, j) for n, j in judged if j is not None])

    async def cases_of(self, page: Sequence[TargetResult]) -> list[Case]:
        """What is known of each of these targets, with what the caches say of its key now."""
        questions = [
            _question(
                result, self._reach.of_visitors(result.target.variant, url=_final_url(result))
            )
            for result in page
        ]
        told = await self._keys.answers(questions)
        return [
            self._case(result, self._reach.answers_for(result.target.variant, found))
            for result, found in zip(page, told, strict=True)
        ]

    def question_of_ours(self, result: TargetResult) -> KeyQuestion:
        """Ask for the entry that our own fetch makes; how keys are made is learnt from these."""
        variant, url = result.target.variant, _final_url(result)
        session = self._logins.cookie_header(variant, url)
        return _question(result, self._reach.of_ours(variant, session, url=url))

    def _case(self, result: TargetResult, answers: tuple[KeyAnswer, ...]) -> Case:
        shared = is_shared(self._reach, result.target.variant, answers)
        return Case(
            warm=regardless_of_cookies(self._refreshed(result.warm), shared=shared),
            probe=regardless_of_cookies(aged(result.warm, result.probe), shared=shared),
            answers=answers,
            own_headers=self._reach.own[result.target.variant],
            min_ttl_s=self._config.min_ttl_s,
            typical=self._typical,
            timing_ratio=self._config.timing_ratio,
            elsewhere=self._reach.is_spread,
        )

    def _refreshed(self, warm: Outcome | None) -> Outcome | None:
        """A cache that was told to render again says BYPASS, and stores what it gets."""
        if warm is None or not self._refresh or warm.state is not CacheState.BYPASS:
            return warm
        return warm._replace(state=CacheState.MISS)

    def _typical_times(self) -> Typical | None:
        pairs = (
            (result.warm.total_ms, result.probe.total_ms)
            for result in self._store.probed(self._run_id)
            if result.warm is not None and result.warm.state is CacheState.UNKNOWN
            if result.probe is not None and result.probe.state is CacheState.UNKNOWN
            if result.warm.total_ms is not None and result.probe.total_ms is not None
        )
        return typical(list(itertools.islice(pairs, _MEASURED)), self._config.timing_ratio)


def is_shared(reach: Reach, variant: str, answers: Iterable[KeyAnswer]) -> bool:
    """Whether the entry of a login's page is found with another session's cookies as well."""
    is_present = any(each.state is KeyState.PRESENT for each in answers)
    return variant in reach.with_login and is_present


def regardless_of_cookies(outcome: Outcome | None, *, shared: bool) -> Outcome | None:
    """Of an entry that another session finds, too, Vary: Cookie was said after storing."""
    if outcome is None or not shared or outcome.obstacle != "vary-cookie":
        return outcome
    return outcome._replace(obstacle=None, detail="")


def _question(result: TargetResult, headers: dict[str, str]) -> KeyQuestion:
    """What to ask the caches for; a redirected target is the page it ends on."""
    last = result.probe or result.warm
    language = last.language if last is not None else None
    return KeyQuestion(_final_url(result), headers, language)


def _final_url(result: TargetResult) -> str:
    last = result.probe or result.warm
    return last.final_url if last is not None and last.final_url else result.target.url


def aged(warm: Outcome | None, probe: Outcome | None) -> Outcome | None:
    """An Age that appears with the second fetch, though it be 0, came from a cache.

    By itself an Age of 0 shows nothing, for some send it with every response.
    """
    if warm is None or probe is None or probe.state is not CacheState.UNKNOWN:
        return probe
    if warm.age_s is not None or probe.age_s is None:
        return probe
    return probe._replace(state=CacheState.HIT, state_header="age")


def _fetched(results: Iterable[TargetResult]) -> Iterator[TargetResult]:
    return (result for result in results if result.warm is not None or result.probe is not None)
