"""Pages that were fetched with a session, and that everybody gets: what a run says of them.

Whether such a page should be everybody's only the site knows. But one that is shut to whoever
asks for it anew without a login, and is given out under its own URL all the same, is private
and comes from a cache: that is shown by two requests, for a few pages.
"""

from __future__ import annotations

import itertools
import secrets
from enum import Enum, auto
from typing import TYPE_CHECKING

from warmer.model import CacheState, Judgement, Trigger, Verdict
from warmer.report.labels import section
from warmer.report.wording import counted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

    from warmer.model import Outcome, Target
    from warmer.run.passes import Passes
    from warmer.run.reach import Reach
    from warmer.store import Store
    from warmer.store_results import TargetResult

    Fetches = Callable[[Sequence[Target]], Awaitable[list[Outcome]]]

PAGES = 9
"""So many of a run are asked for without the session."""
_SINGLE_PAGES = frozenset({Trigger.INVALIDATION, Trigger.EXPIRY})
"""Why pages are fetched that a run of the whole plan has looked at; these runs ask for no more."""
_SHUT = frozenset({401, 403})
_KEPT_ALL_THE_SAME = frozenset({"csrf-token-in-cached-page", "expires-before-next-run"})
_KEEP_APART = "Cache-Control: private, or Vary: Cookie, keeps {} from others"

LEAK = Judgement(
    Verdict.UNCACHEABLE,
    "private-page-shared",
    f"it is behind a login, and a cache gives it to everybody: {_KEEP_APART.format('it')}; then purge it",
)


async def look_for_leaks(store: Store, run_id: str, reach: Reach, passes: Passes) -> list[str]:
    """Warnings of pages that everybody gets; those shown to be private lose their verdict."""
    if not reach.with_login or store.run(run_id).trigger in _SINGLE_PAGES:
        return []
    samples = {kept: _Sample() for kept in Kept}
    made_by_us = 0
    for result in store.results(run_id):
        kept = _kept(result) if result.target.variant in reach.with_login else None
        if kept is not None:
            samples[kept].add(result.target)
        made_by_us += kept is Kept.OF_OURS
    by_url = {each.url: each for each in _in_turn(sample.pages() for sample in samples.values())}
    leaks = await private_among([*by_url.values()][:PAGES], passes.fetch_without_login)
    store.add_verdicts(run_id, [(rank, LEAK) for rank in _ranks(store, run_id, reach, leaks)])
    warnings = [
        f"DATA LEAK: {target.url} is behind a login, and who comes without one gets, from a"
        f' cache, what was rendered for another ("{target.variant}"): {_KEEP_APART.format("it")}; then purge'
        " the cache"
        for target in leaks
    ]
    if made_by_us and not leaks:
        warnings.append(
            f"{counted(made_by_us, 'page')} rendered for a login, stored for everybody, such as"
            f" {samples[Kept.OF_OURS].pages()[0].url}: see that they show nothing of the account;"
            f" {_KEEP_APART.format('them')}"
        )
    return warnings


class Kept(Enum):
    """How a page that was fetched with a session is kept; the most telling first."""

    OF_OURS = auto()  # for everybody, as it was rendered for our session
    FOR_ALL = auto()  # for everybody, before we came
    APART = auto()  # for our session alone, or nowhere, as far as is known


class _Sample:
    """The most popular pages, from as many sections of the site as there are.

    A section mostly has one view, and one view keeps its pages in one way.
    """

    def __init__(self) -> None:
        self._sections: dict[str, dict[str, Target]] = {}

    def add(self, target: Target) -> None:
        """Targets come in rank order; a page counts once, whatever its variants."""
        name = section(target.url)
        if name in self._sections or len(self._sections) < PAGES:
            pages = self._sections.setdefault(name, {})
            if len(pages) < PAGES:
                pages.setdefault(target.url, target)

    def pages(self) -> list[Target]:
        """The first of each section, then the second of each, and so on."""
        return list(_in_turn(pages.values() for pages in self._sections.values()))


def _in_turn(rows: Iterable[Iterable[Target]]) -> Iterator[Target]:
    columns = itertools.zip_longest(*rows)
    return (each for column in columns for each in column if each is not None)


def _ranks(store: Store, run_id: str, reach: Reach, leaks: Sequence[Target]) -> list[int]:
    """Those of the same pages for every role, which one entry serves."""
    urls = {each.url for each in leaks}
    targets = (result.target for result in (store.results(run_id) if urls else ()))
    return [each.rank for each in targets if each.url in urls and each.variant in reach.with_login]


def _kept(result: TargetResult) -> Kept | None:
    """None where there was no page. Warm is only what another session's key or fetch finds."""
    warm, judgement = result.warm, result.judgement
    if warm is None or warm.status != 200 or judgement is None:
        return None
    # Whatever Vary says: what a cache has for a session that never came is another's.
    # Django sends Age with its hits alone.
    if warm.state is CacheState.HIT or warm.age_s is not None:
        return Kept.FOR_ALL
    stored = judgement.verdict is Verdict.WARM or judgement.reason in _KEPT_ALL_THE_SAME
    return Kept.OF_OURS if stored else Kept.APART


async def private_among(targets: Sequence[Target], fetch: Fetches) -> list[Target]:
    """Those that are shut to who asks anew without login, and come all the same.

    `fetch` sends the requests as strangers do.
    """
    if not targets:
        return []
    nonce = secrets.token_hex(8)
    given = await fetch(targets)
    came = {each.rank for each in given if each.status == 200}
    asked = [
        target._replace(url=_unvisited(target.url, nonce))
        for target in targets
        if target.rank in came
    ]
    anew = await fetch(asked) if asked else []
    shut = {each.rank for each in anew if each.status in _SHUT or each.error == "login"}
    return [target for target in targets if target.rank in shut]


def _unvisited(url: str, nonce: str) -> str:
    """The same page under a URL that nobody has asked for, so that no cache has it."""
    return f"{url}{'&' if '?' in url else '?'}warmer={nonce}"
