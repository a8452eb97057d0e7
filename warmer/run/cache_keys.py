"""The configured caches of a run: keys learnt or pinned, questions answered, counters read.

Every call to a server blocks, so each goes to a thread; two never run at once.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from warmer.caches.key_evidence import Basis, Learnt, Unsettled
from warmer.caches.key_learning import KeyLearner
from warmer.caches.key_scheme import KeyScheme, scheme_from_config
from warmer.caches.key_template import is_wrapping, parse_template
from warmer.caches.lookup import KeyLookup, TemplateLookup
from warmer.caches.open import open_cache
from warmer.model import KeyAnswer, KeyState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warmer.caches.key_scheme import KeyPins
    from warmer.caches.server import CacheServer, Reading
    from warmer.config import CacheConfig
    from warmer.model import KeyQuestion

logger = logging.getLogger(__name__)


class _Lookup(Protocol):
    def look_up(self, questions: Sequence[KeyQuestion]) -> list[KeyAnswer]: ...


class _Cache:
    """One configured cache, and how its keys are made as far as that is known."""

    def __init__(self, config: CacheConfig, connect_to: str | None) -> None:
        self.server: CacheServer = open_cache(config.url)
        self.lookup: _Lookup | None = None
        self.settled: Learnt | None = None
        self.unsettled = ""
        self.wants_unvisited = False
        self._learner: KeyLearner | None = None
        template = config.keys.template if config.keys else None
        if template is not None and not is_wrapping(template):
            self.lookup = TemplateLookup(self.server, parse_template(template))
            return
        pins = scheme_from_config(config.keys)
        scheme = _complete(pins)
        if scheme is not None:
            self.lookup = KeyLookup(self.server, scheme)
            self.settled = Learnt(scheme, Basis.PINNED)
        else:
            self._learner = KeyLearner(
                self.server, pins=pins, connect_to=connect_to, scan_limit=config.scan_limit
            )

    def before(self, questions: Sequence[KeyQuestion]) -> None:
        if self._learner is not None and self.lookup is None:
            self._learner.before(questions)

    def after(self, questions: Sequence[KeyQuestion], *, answered_from_cache: bool) -> None:
        if self._learner is None or self.lookup is not None:
            return
        if not questions and self.unsettled:
            return  # pages that failed take back nothing that others have shown
        found = self._learner.after(questions)
        if isinstance(found, Learnt):
            self.wants_unvisited = found.basis is Basis.ONLY_ENTRY and not answered_from_cache
            if self.wants_unvisited:
                self.unsettled = (
                    "entries of these pages are there, but nothing shows that the site still"
                    f" reads them; pin under [[cache]] {found}"
                )
                return
        else:
            self.wants_unvisited = found.retry
        self._take(found)

    def unvisited(self, question: KeyQuestion, nonce: str) -> KeyQuestion | None:
        if self._learner is None or self.lookup is not None:
            return None
        return self._learner.unvisited(question, nonce)

    def settle_without_fetch(self, questions: Sequence[KeyQuestion]) -> str:
        """Return what is to be told of it, "" if nothing."""
        if self._learner is None or self.lookup is not None:
            return ""
        found = self._learner.settle_without_fetch(questions)
        self._take(found)
        if isinstance(found, Unsettled) or found.basis is not Basis.NO_FETCH:
            return ""
        return (
            "keys are taken from entries that are there, which may be older than the site's"
            " settings: `warmer crawl --only-missing` tries them by a fetch; or pin, if these are"
            f" the settings, under [[cache]] {found}"
        )

    def answers(self, questions: Sequence[KeyQuestion]) -> list[KeyAnswer]:
        if self.lookup is not None:
            return self.lookup.look_up(questions)
        return [KeyAnswer(KeyState.INCONCLUSIVE, detail=self.unsettled)] * len(questions)

    def _take(self, found: Learnt | Unsettled) -> None:
        if isinstance(found, Unsettled):
            self.unsettled = found.reason
            logger.info("keys not settled: %s", found.reason)
            return
        logger.info("keys settled (%s): %s", found.basis, found)
        self.lookup = KeyLookup(self.server, found.scheme)
        self.settled = found


class CacheKeys:
    """All caches of a site; a target may be in any of them."""

    def __init__(self, configs: Sequence[CacheConfig], connect_to: str | None) -> None:
        self.notes: list[str] = []
        self._caches = [_Cache(config, connect_to) for config in configs]

    @property
    def servers(self) -> list[CacheServer]:
        """The cache servers in the order of the configuration."""
        return [cache.server for cache in self._caches]

    @property
    def schemes(self) -> list[tuple[Learnt | None, str]]:
        """How each cache's Django keys are made; else why it is not known ("": a template)."""
        return [(cache.settled, cache.unsettled) for cache in self._caches]

    @property
    def is_settled(self) -> bool:
        """Whether every cache can be asked for pages."""
        return all(cache.lookup is not None for cache in self._caches)

    def give_up(self) -> None:
        """Go on without keys where they could not be learnt, and say what to pin."""
        self.notes += [
            f"keys are not known, so the cache is not evidence: {cache.unsettled}"
            for cache in self._caches
            if cache.lookup is None and cache.unsettled
        ]

    async def before(self, questions: Sequence[KeyQuestion]) -> None:
        """Look before pilots are fetched."""
        for cache in self._caches:
            await asyncio.to_thread(cache.before, questions)

    async def after(self, questions: Sequence[KeyQuestion], *, answered_from_cache: bool) -> None:
        """Look after pilots were fetched, and learn.

        `answered_from_cache`: a pilot's response says that it came from a cache; old
        entries are believed only then, for another deployment may have left them.
        """
        for cache in self._caches:
            await asyncio.to_thread(cache.after, questions, answered_from_cache=answered_from_cache)

    def unvisited(self, question: KeyQuestion, nonce: str) -> KeyQuestion | None:
        """A page like this one that nobody has asked for, where only that can settle keys."""
        if self.is_settled or not any(cache.wants_unvisited for cache in self._caches):
            return None
        asked = [cache.unvisited(question, nonce) for cache in self._caches]
        return next((each for each in asked if each is not None), None)

    async def settle_without_fetch(self, questions: Sequence[KeyQuestion]) -> None:
        """Learn from what is there already, where that is unambiguous."""
        for cache in self._caches:
            note = await asyncio.to_thread(cache.settle_without_fetch, questions)
            self.notes += [note] if note else []

    async def answers(self, questions: Sequence[KeyQuestion]) -> list[tuple[KeyAnswer, ...]]:
        """For each question the answers of all caches."""
        found = [await asyncio.to_thread(cache.answers, questions) for cache in self._caches]
        return list(zip(*found, strict=True)) if found else [()] * len(questions)

    async def readings(self) -> list[Reading]:
        """One reading of every node of every cache; raises UnreachableError."""
        readings: list[Reading] = []
        for cache in self._caches:
            readings += await asyncio.to_thread(cache.server.readings)
        return readings

    def close(self) -> None:
        """Close every connection."""
        for cache in self._caches:
            cache.server.close()


def _complete(pins: KeyPins) -> KeyScheme | None:
    """The scheme, when the configuration pins all of it."""
    if None in (pins.prefix, pins.version, pins.page_prefix, pins.language, pins.time_zone):
        return None
    if pins.hash is None:
        return None
    return KeyScheme(
        prefix=pins.prefix or "",
        version=1 if pins.version is None else pins.version,
        wrapping=pins.wrapping,
        page_prefixes=(pins.page_prefix or "",),
        language=pins.language,
        time_zone=pins.time_zone or "",
        hashes=(pins.hash,),
    )
