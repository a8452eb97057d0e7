"""Looks at the keys of one page in one cache, to show them: names, sizes, times to live.

The verdict does not rest on this: `CacheKeys.answers` answers for it. A few look-ups, all
of them reads; no page is read, and no key is searched for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from warmer.caches.address import redact
from warmer.caches.key_combination import Combination, Seen, likely_combinations
from warmer.caches.key_scheme import KeyPins, scheme_from_config
from warmer.caches.key_sightings import look
from warmer.caches.key_template import is_wrapping, parse_template
from warmer.explain.observation import CacheSight, KeySight

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warmer.caches.key_evidence import Learnt
    from warmer.caches.key_scheme import KeyScheme
    from warmer.caches.server import CacheServer, Entry
    from warmer.config import CacheConfig
    from warmer.model import KeyAnswer, KeyQuestion


@dataclass(frozen=True, slots=True)
class Before:
    """Which keys were there before our request: `looked` were asked for, `there` found."""

    looked: frozenset[str] = frozenset()
    there: frozenset[str] = frozenset()

    def had(self, key: str, header_key: str) -> bool | None:
        """None where nobody looked; a page is looked at together with its header list."""
        return key in self.there if header_key in self.looked else None


@dataclass(slots=True)
class KeyView:
    """One configured cache, as far as keys of single pages are shown."""

    config: CacheConfig
    server: CacheServer
    connect_to: str | None
    before: Before = field(default_factory=Before)

    def look_before(self, question: KeyQuestion, known: Learnt | None) -> None:
        """Remember what is there now; raises UnreachableError."""
        try:
            if (key := self._own_key(question)) is not None:
                (entry,) = self.server.entries([key])
                there = frozenset({key} if entry is not None else ())
                self.before = Before(frozenset({key}), there)
                return
            pins = scheme_from_config(self.config.keys)
            combinations = likely_combinations(question, pins, self.connect_to)
            if known is not None:
                pins, chosen = _of_scheme(known.scheme, question)
                combinations = chosen or combinations
            self.before = self._before(question, combinations, pins)
        except ValueError:  # no client can send this URL; the fetch says so
            self.before = Before()

    def sight(
        self, question: KeyQuestion, settled: tuple[Learnt | None, str], answer: KeyAnswer
    ) -> CacheSight:
        """What this cache holds of the page now; raises UnreachableError."""
        known, problem = settled
        names: tuple[str, ...] | None = None
        keys: tuple[KeySight, ...] = ()
        how, pins = "", ""
        try:
            if (key := self._own_key(question)) is not None:
                how = "template"
                (entry,) = self.server.entries([key])
                keys = (self._sight("page", key, key, entry),)
            elif known is not None:
                how, pins = known.basis.value, str(known)
                names, keys = self._django(question, known.scheme)
        except ValueError as error:
            problem = f"no key for this URL: {error}"
        return CacheSight(
            kind=self.server.kind,
            url=redact(self.config.url),
            how=how,
            pins=pins,
            problem=problem or ("" if how else answer.detail),
            names=names,
            keys=keys,
            answer=answer,
            by_language=known is not None and known.scheme.language != "",
        )

    def _own_key(self, question: KeyQuestion) -> str | None:
        """The page's whole key, where a template names it."""
        template = self.config.keys.template if self.config.keys else None
        if template is None or is_wrapping(template):
            return None
        return parse_template(template).key(question)

    def _before(
        self, question: KeyQuestion, combinations: Sequence[Combination], pins: KeyPins
    ) -> Before:
        header_keys = [each.header_key(question, pins) for each in combinations]
        states = look(self.server, [(question, each) for each in combinations], pins)
        entries = self.server.entries(header_keys)
        there = {key for key, entry in zip(header_keys, entries, strict=True) if entry is not None}
        for state in states:
            if state is not None:
                there |= {key for key, entry in state.pages.items() if entry is not None}
        return Before(frozenset(header_keys), frozenset(there))

    def _django(
        self, question: KeyQuestion, scheme: KeyScheme
    ) -> tuple[tuple[str, ...] | None, tuple[KeySight, ...]]:
        pins, combinations = _of_scheme(scheme, question)
        states = look(self.server, [(question, each) for each in combinations], pins)
        names: tuple[str, ...] | None = None
        keys: list[KeySight] = []
        for combination, state in zip(combinations, states, strict=True):
            header_key = combination.header_key(question, pins)
            (entry,) = self.server.entries([header_key])
            keys.append(self._sight("header list", header_key, header_key, entry))
            if state is None:
                continue
            names = tuple(dict.fromkeys([*(names or ()), *map(_header_name, state.names)]))
            keys += [
                self._sight("page", key, header_key, page)
                for key, page in state.pages.items()
                if not state.variants[key].isdisjoint(scheme.hashes)
            ]
        return names, tuple(keys)

    def _sight(self, what: str, key: str, header_key: str, entry: Entry | None) -> KeySight:
        return KeySight(
            what=what,
            key=key,
            there=entry is not None,
            before=self.before.had(key, header_key),
            size_bytes=None if entry is None else entry.size_bytes,
            ttl_s=None if entry is None else entry.ttl_s,
        )


def _header_name(meta_name: str) -> str:
    """`accept-language`, which Django keeps as `HTTP_ACCEPT_LANGUAGE`."""
    return meta_name.removeprefix("HTTP_").replace("_", "-").lower()


def _of_scheme(scheme: KeyScheme, question: KeyQuestion) -> tuple[KeyPins, list[Combination]]:
    """The scheme's combinations for this page; none where its language is not known."""
    pins = KeyPins(
        wrapping=scheme.wrapping, hash=scheme.hashes[0] if len(scheme.hashes) == 1 else None
    )
    language = scheme.language_of(question)
    if language is None:
        return pins, []
    seen = Seen(scheme.scheme, scheme.host)
    return pins, [
        Combination(scheme.prefix, scheme.version, page_prefix, seen, language, scheme.time_zone)
        for page_prefix in scheme.page_prefixes
    ]
