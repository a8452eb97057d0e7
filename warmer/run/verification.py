"""Verdicts for the targets of a run: keys are asked for, rules applied, rows written.

Works through the store a page at a time, so a million targets need no more memory
than a thousand.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from warmer.model import EvidenceKind, Judgement, KeyQuestion, Verdict
from warmer.verify import Case, judge, needs_probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from warmer.config import VerifyConfig
    from warmer.model import KeyAnswer, Target
    from warmer.run.cache_keys import CacheKeys
    from warmer.run.reach import Reach
    from warmer.store import Store, TargetResult

_PAGE = 1000


class Verification:
    """Judges the targets of one run by what is known of them so far."""

    def __init__(
        self, store: Store, run_id: str, reach: Reach, keys: CacheKeys, config: VerifyConfig
    ) -> None:
        self._store = store
        self._run_id = run_id
        self._reach = reach
        self._keys = keys
        self._config = config

    async def settle(self, *, probing: bool) -> int:
        """Verdicts for what was fetched, but for targets that a probe shall settle.

        With `probing`, those that need a probe stay without a verdict, and so does a
        sample of those whose key is there: the most popular, so that the hot latency
        is measured, and another witness heard. Returns how many are to be probed.
        """
        sample = self._config.probe_sample if probing else 0
        probe_all = probing and self._config.probe == "always"
        to_probe = 0

        def verdict(case: Case) -> Judgement | None:
            nonlocal sample, to_probe
            found = judge(case)
            sampled = found.verdict is Verdict.WARM and (probe_all or sample > 0)
            if case.probe is None and probing and (sampled or needs_probe(case)):
                sample -= sampled
                to_probe += 1
                return None
            return found

        await self._judge(_fetched(self._store.results(self._run_id)), verdict)
        return to_probe

    async def conclude(self) -> None:
        """Verdicts for everything that was fetched and has none yet."""
        await self._judge(_fetched(self._store.results(self._run_id)), judge)

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

        await self._judge(self._store.results(self._run_id), verdict)
        return warm

    async def judge_all(self) -> None:
        """Verdicts for every target, fetched or not: `warmer verify`."""
        await self._judge(self._store.results(self._run_id), judge)

    async def _judge(
        self, results: Iterable[TargetResult], verdict: Callable[[Case], Judgement | None]
    ) -> None:
        open_ones = (result for result in results if result.judgement is None)
        while page := list(itertools.islice(open_ones, _PAGE)):
            questions = [self.question(result) for result in page]
            answers = await self._keys.answers(questions)
            cases = (self._case(result, found) for result, found in zip(page, answers, strict=True))
            judged = [(r.target.rank, verdict(c)) for r, c in zip(page, cases, strict=True)]
            self._store.add_verdicts(self._run_id, [(n, j) for n, j in judged if j is not None])

    def question(self, result: TargetResult) -> KeyQuestion:
        """What to ask the caches for; a redirected target is the page it ends on."""
        last = result.probe or result.warm
        url = last.final_url if last is not None and last.final_url else result.target.url
        language = last.language if last is not None else None
        return KeyQuestion(url, self._headers(result.target), language)

    def _headers(self, target: Target) -> dict[str, str]:
        return dict(self._reach.visitor[target.variant])

    def _case(self, result: TargetResult, answers: tuple[KeyAnswer, ...]) -> Case:
        return Case(
            warm=result.warm,
            probe=result.probe,
            answers=answers,
            own_headers=self._reach.own[result.target.variant],
            min_ttl_s=self._config.min_ttl_s,
            timing_ratio=self._config.timing_ratio,
        )


def _fetched(results: Iterable[TargetResult]) -> Iterator[TargetResult]:
    return (result for result in results if result.warm is not None or result.probe is not None)
