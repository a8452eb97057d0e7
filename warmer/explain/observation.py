"""What was seen of one URL: the request, the response, the caches, the verdict. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from warmer.model import CacheState, EvidenceKind, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from warmer.model import Judgement, KeyAnswer, Outcome, ResponseEvidence


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySight:
    """One key that was looked for.

    `what` is `header list` or `page`. `before`: whether it was there before our request,
    None where that was not looked at. `ttl_s` is None where nothing expires, or is there.
    """

    what: str
    key: str
    there: bool
    before: bool | None
    size_bytes: int | None = None
    ttl_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Another visitor beside ours.

    `differs_in` are the headers, lower-case, with another value than ours; `split_by`
    those of them that the entry is chosen by. `answers`: one of each cache, empty without.
    """

    name: str
    headers: Mapping[str, str]
    differs_in: tuple[str, ...]
    split_by: tuple[str, ...]
    answers: tuple[KeyAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSight:
    """One configured cache: how its keys are made, and what it holds of the page.

    `how`: `pinned`, `template`, `new-entry` and the like of `key_evidence.Basis`; "" where
    keys are not known, and `problem` says why. `names` is the entry's header list, None
    where none was found; with `by_language`, keys hold the page's language (USE_I18N), and
    Django leaves Accept-Language out of that list.
    """

    kind: str
    url: str
    how: str
    pins: str
    problem: str
    names: tuple[str, ...] | None
    keys: tuple[KeySight, ...]
    answer: KeyAnswer
    by_language: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One response that led elsewhere; `location` as the server wrote it."""

    url: str
    status: int
    location: str
    total_ms: float
    said: Sequence[ResponseEvidence]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One variant's request, and everything that was found out by it.

    `hops` are the redirects of the first fetch, in order; `headers` those of its last
    response, in order, names lower-case.
    `probe` is the second fetch, `witnesses` how many others were made at once.
    `unvisited` is the URL that was rendered only to learn keys. `login` is whose session the
    page was fetched with; `leaks` then says whether it is shut to who has none, and given to
    him by a cache all the same, None where that was not tried. `connect_to` is the server that
    was asked; with `is_alone` each server has caches of its own, and only those are in `caches`.
    """

    variant: str
    url: str
    sent: Mapping[str, str]
    warm: Outcome
    headers: Sequence[tuple[str, str]]
    said: Sequence[ResponseEvidence]
    caches: tuple[CacheSight, ...]
    visitors: tuple[Visitor, ...]
    judgement: Judgement
    own_headers: frozenset[str] = frozenset()
    hops: Sequence[Hop] = ()
    probe: Outcome | None = None
    probe_said: Sequence[ResponseEvidence] = ()
    probe_allowed: bool = True
    witnesses: int = 0
    login: str | None = None
    leaks: bool | None = None
    unvisited: str = ""
    connect_to: str | None = None
    is_alone: bool = False

    @property
    def final_url(self) -> str:
        """The page that redirects ended on, else the URL itself."""
        return self.warm.final_url or self.url

    @property
    def vary(self) -> tuple[str, ...]:
        """The names in the response's Vary, lower-case, in order."""
        return vary_names(self.headers)

    @property
    def listed(self) -> tuple[str, ...] | None:
        """The names in the entry's header list; None where none was read."""
        lists = [each.names for each in self.caches if each.names is not None]
        return tuple(dict.fromkeys(name for names in lists for name in names)) if lists else None

    @property
    def is_stored(self) -> bool:
        """Whether some cache keeps the page, be it for our visitor alone."""
        outcomes = [each for each in (self.warm, self.probe) if each is not None]
        return (
            EvidenceKind.KEY in self.judgement.evidence
            or any(each.stored or each.state is CacheState.HIT for each in outcomes)
            or any(key.there for key in self._page_keys)
        )

    @property
    def was_cold(self) -> bool | None:
        """Whether only this request made the page warm; None where nothing shows it."""
        if self.judgement.verdict is not Verdict.WARM:
            return None
        before = [key.before for key in self._page_keys if key.there]
        if self.warm.state is CacheState.HIT or True in before:
            return False
        if False in before or self.warm.state is CacheState.MISS:
            return True
        # A page that Django itself gives from its cache has an Age.
        return True if self.probe is not None and self.warm.age_s is None else None

    @property
    def _page_keys(self) -> list[KeySight]:
        return [key for each in self.caches for key in each.keys if key.what == "page"]


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A server that nobody could be talked to at; `reason` is a word of the report."""

    server: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The URL as each variant's visitor sees it, at each of `connect_to` where it names several.

    `unreachable` are servers of the site that have no visit, but for the last resort: where
    there is nobody at all, the first one's visit says so.
    """

    url: str
    connect_to: str | tuple[str, ...] | None
    visits: tuple[Visit, ...]
    unreachable: tuple[Unreachable, ...] = ()
    secrets: frozenset[str] = field(default=frozenset(), repr=False)


def vary_names(headers: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The names in Vary, lower-case, in order; `headers` have lower-case names."""
    named = (value.lower().split(",") for name, value in headers if name == "vary")
    return tuple(dict.fromkeys(each.strip() for part in named for each in part if each.strip()))
