"""Asks for one URL as a visitor, and its caches before and after; judges by the rules of runs.

One request a variant. Others only where a run would make them, and each is told: a second fetch
where that settles what nothing else does, a page nobody asks for where only that shows how keys
are made, several at once where only the application says that it is warm.
"""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from warmer.caches.http_evidence import each_cache
from warmer.case import Case
from warmer.crawl.profiles import RUN_HEADER
from warmer.explain.fetching import RUN
from warmer.explain.observation import Visit, Visitor, vary_names
from warmer.explain.visitors import differing, other_visitors, split_by
from warmer.model import CacheState, KeyQuestion, Outcome, Pass, Target
from warmer.run.probing import Choice, ProbeChoice
from warmer.run.shared_sessions import LEAK, private_among
from warmer.run.verification import aged, is_shared, regardless_of_cookies
from warmer.run.witness import FETCHES, NOT_SHARED, contradicts, on_the_applications_word
from warmer.store_results import TargetResult
from warmer.verify import judge

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from warmer.config import SiteConfig, VariantConfig
    from warmer.explain.fetching import Fetching
    from warmer.explain.keys import KeyView
    from warmer.explain.observation import CacheSight
    from warmer.model import Judgement
    from warmer.run.cache_keys import CacheKeys
    from warmer.run.logins import Logins
    from warmer.run.reach import Reach


@dataclass(slots=True)
class Asking:
    """Visits of one URL, one variant after the other; keys that one teaches serve the next."""

    site: SiteConfig
    reach: Reach
    fetching: Fetching
    keys: CacheKeys
    logins: Logins
    views: Sequence[KeyView]

    async def visit(self, variant: VariantConfig, url: str) -> Visit:
        """What the variant's visitor meets; raises UnreachableError for a cache server."""
        session = self.logins.cookie_header(variant.name, url)
        sent = self.reach.of_ours(variant.name, session)
        target = Target(1, url, variant.name)
        question = KeyQuestion(url, self.reach.of_visitors(variant.name))
        for view, (known, _) in zip(self.views, self.keys.schemes, strict=True):
            await asyncio.to_thread(view.look_before, question, known)
        await self.keys.before([KeyQuestion(url, sent)])
        first = await self.fetching.fetch(target, Pass.WARM)
        warm, headers = first.outcomes[0], first.headers
        seen = dataclasses.replace(question, url=warm.final_url or url, language=warm.language)
        unvisited = await self._learn(dataclasses.replace(seen, headers=sent), warm, target)

        case = await self._case(variant, seen, warm, None)
        found = judge(case)
        # Not the sample of a run, which measures how fast hot pages are.
        choice = ProbeChoice(replace(self.site.verify, probe_sample=0), blind=1)
        probe: Outcome | None = None
        probe_headers: list[tuple[str, str]] = []
        if choice.choose(case, found) is Choice.PROBE:
            second = await self.fetching.fetch(target, Pass.PROBE)
            probe, probe_headers = second.outcomes[0], second.headers
            case = await self._case(variant, seen, warm, probe)
            found = judge(case)
        found, witnesses = await self._hear_witnesses(TargetResult(target, warm, probe, found))
        caches = await self._sights(seen, case)
        leaks = await self._leaks(target, warm) if variant.login is not None else None
        return Visit(
            variant=variant.name,
            url=url,
            sent=sent | {RUN_HEADER: RUN},
            warm=warm,
            headers=headers,
            said=each_cache(headers),
            caches=caches,
            visitors=await self._visitors(variant, seen, headers, caches),
            judgement=LEAK if leaks else found,
            own_headers=self.reach.own[variant.name],
            hops=first.hops,
            probe=case.probe,
            probe_said=each_cache(probe_headers),
            probe_allowed=self.site.verify.probe != "never",
            witnesses=witnesses,
            unvisited=unvisited,
            login=variant.login,
            leaks=leaks,
            connect_to=self.site.first_server,
        )

    async def _leaks(self, target: Target, warm: Outcome) -> bool | None:
        if warm.status != 200:
            return None

        async def without_login(targets: Sequence[Target]) -> list[Outcome]:
            watchers = [
                await self.fetching.fetch(each, Pass.PROBE, logins=self.logins.strangers())
                for each in targets
            ]
            return [each.outcomes[0] for each in watchers]

        return bool(await private_among([target], without_login))

    async def _learn(self, seen: KeyQuestion, warm: Outcome, target: Target) -> str:
        """Learn how keys are made; returns the URL that was rendered for that alone, or ""."""
        if warm.status != 200:
            return ""
        from_cache = warm.state is CacheState.HIT or warm.age_s is not None
        await self.keys.after([seen], answered_from_cache=from_cache)
        asked = self.keys.unvisited(seen, secrets.token_hex(8))
        if asked is None:
            return ""
        await self.keys.before([asked])
        new_page = target._replace(url=asked.url)
        (outcome,) = (await self.fetching.fetch(new_page, Pass.WARM)).outcomes
        if outcome.status == 200:
            fresh = dataclasses.replace(asked, language=outcome.language)
            await self.keys.after([fresh], answered_from_cache=False)
        return asked.url

    async def _case(
        self, variant: VariantConfig, seen: KeyQuestion, warm: Outcome, probe: Outcome | None
    ) -> Case:
        (answers,) = await self.keys.answers([seen])
        shared = is_shared(self.reach, variant.name, answers)
        return Case(
            warm=regardless_of_cookies(warm, shared=shared),
            probe=regardless_of_cookies(aged(warm, probe), shared=shared),
            answers=answers,
            own_headers=self.reach.own[variant.name],
            min_ttl_s=self.site.verify.min_ttl_s,
            timing_ratio=self.site.verify.timing_ratio,
        )

    async def _hear_witnesses(self, result: TargetResult) -> tuple[Judgement, int]:
        """Take back what rests on the application's word, where another worker denies it."""
        found = result.judgement
        if found is None or not any(on_the_applications_word([result])):
            return found or judge(Case(warm=result.warm)), 0
        watcher = await self.fetching.fetch(result.target, Pass.PROBE, times=FETCHES)
        denied = any(contradicts(each, result, None) for each in watcher.outcomes)
        return (NOT_SHARED if denied else found), FETCHES

    async def _sights(self, seen: KeyQuestion, case: Case) -> tuple[CacheSight, ...]:
        return tuple(
            [
                await asyncio.to_thread(view.sight, seen, settled, answer)
                for view, settled, answer in zip(
                    self.views, self.keys.schemes, case.answers, strict=True
                )
            ]
        )

    async def _visitors(
        self,
        variant: VariantConfig,
        seen: KeyQuestion,
        headers: Sequence[tuple[str, str]],
        caches: Sequence[CacheSight],
    ) -> tuple[Visitor, ...]:
        """Only looked up: a page of theirs would be rendered for nobody."""
        # Our login or cookie is not theirs; the user agent is what their device is told by.
        private = self.reach.own[variant.name] - {"user-agent"}
        ours = _without(self.reach.sent[variant.name], private)
        others = other_visitors(variant, ours)
        chosen_by = {*vary_names(headers), *(n for each in caches for n in each.names or ())}
        # A response's Content-Language is that of our language alone.
        questions = [
            KeyQuestion(seen.url, theirs, None if "language" in name else seen.language)
            for name, theirs in others.items()
        ]
        answers = await self.keys.answers(questions)
        visitors = []
        for (name, theirs), found in zip(others.items(), answers, strict=True):
            differs_in = differing(ours, theirs)
            visitors.append(
                Visitor(
                    name=name,
                    headers=theirs,
                    differs_in=differs_in,
                    split_by=split_by(differs_in, chosen_by),
                    answers=found,
                )
            )
        return tuple(visitors)


def _without(headers: Mapping[str, str], names: frozenset[str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in names}
