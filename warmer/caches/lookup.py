"""Asks one cache server whether pages are there, by keys that are known, never guessed.

PRESENT needs the header list and the page entry, under every hash variant that is
still possible. Whatever cannot be told (language, unreadable header list, variants
that disagree) is INCONCLUSIVE, never PRESENT. Page values are never read.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from warmer.caches.django_keys import (
    absolute_uri,
    context_digest,
    header_list_key,
    key_suffix,
    page_key,
    public_request,
    request_meta,
    uri_digest,
)
from warmer.caches.header_list import MAX_BYTES, HeaderListRefused, read_header_list
from warmer.model import KeyAnswer, KeyQuestion, KeyState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from warmer.caches.key_scheme import KeyScheme
    from warmer.caches.key_template import KeyTemplate
    from warmer.caches.server import CacheServer, Entry

_BATCH = 5_000
"""Questions a round trip; bounds memory, and the time a server gives us at once."""


class _Place(NamedTuple):
    """Where one page is under one page prefix, before its header list is known."""

    page_prefix: str
    host: str
    digest: str
    suffix: str
    header_key: str


class KeyLookup:
    """Answers questions about one site's Django pages in one cache."""

    def __init__(self, server: CacheServer, scheme: KeyScheme) -> None:
        self._server = server
        self._scheme = scheme
        self._before, self._after = scheme.frame()
        self._lists: dict[bytes, tuple[str, ...] | HeaderListRefused] = {}

    def look_up(self, questions: Sequence[KeyQuestion]) -> list[KeyAnswer]:
        """Answer in the order of the questions.

        Two pipelined calls for each 5,000 questions. Raises UnreachableError.
        """
        answers: list[KeyAnswer] = []
        for start in range(0, len(questions), _BATCH):
            answers += self._batch(questions[start : start + _BATCH])
        return answers

    def _batch(self, questions: Sequence[KeyQuestion]) -> list[KeyAnswer]:
        placed = [self._places(question) for question in questions]
        places = [place for each in placed if not isinstance(each, KeyAnswer) for place in each]
        raws = self._server.values([place.header_key for place in places], MAX_BYTES)
        lists = [None if raw is None else self._read(raw) for raw in raws]

        contexts = _Contexts(self._scheme)
        page_keys: list[str] = []
        found: list[tuple[str, ...]] = []
        names = iter(lists)
        for question, each in zip(questions, placed, strict=True):
            if isinstance(each, KeyAnswer):
                continue
            for place in each:
                keys = self._page_keys(place, next(names), question, contexts)
                found.append(keys)
                page_keys += keys

        entries = self._server.entries([place.header_key for place in places] + page_keys)
        header_entries = iter(entries[: len(places)])
        page_entries = iter(entries[len(places) :])
        judged = iter(
            [
                _judge(names_, keys, next(header_entries), [next(page_entries) for _ in keys])
                for names_, keys in zip(lists, found, strict=True)
            ]
        )
        return [
            each if isinstance(each, KeyAnswer) else _best([next(judged) for _ in each])
            for each in placed
        ]

    def _places(self, question: KeyQuestion) -> KeyAnswer | list[_Place]:
        language = self._scheme.language_of(question)
        if language is None:
            return KeyAnswer(
                KeyState.INCONCLUSIVE,
                detail="the site answers in several languages, and this page's is not known",
            )
        try:
            sent = public_request(question.url)
            if self._scheme.scheme or self._scheme.host:
                sent = sent._replace(
                    scheme=self._scheme.scheme or sent.scheme, host=self._scheme.host or sent.host
                )
            digest = uri_digest(absolute_uri(sent))
        except ValueError as error:
            return KeyAnswer(KeyState.INCONCLUSIVE, detail=f"no key for this URL: {error}")
        suffix = key_suffix(language, self._scheme.time_zone)
        return [
            _Place(
                prefix, sent.host, digest, suffix,
                f"{self._before}{header_list_key(prefix, digest, suffix)}{self._after}",
            )
            for prefix in self._scheme.page_prefixes
        ]  # fmt: skip

    def _read(self, raw: bytes) -> tuple[str, ...] | HeaderListRefused:
        names = self._lists.get(raw)
        if names is None:
            try:
                names = read_header_list(raw)
            except HeaderListRefused as refusal:
                names = refusal
            self._lists[raw] = names
        return names

    def _page_keys(
        self,
        place: _Place,
        names: tuple[str, ...] | HeaderListRefused | None,
        question: KeyQuestion,
        contexts: _Contexts,
    ) -> tuple[str, ...]:
        if names is None or isinstance(names, HeaderListRefused):
            return ()
        return tuple(
            f"{self._before}"
            f"{page_key(place.page_prefix, place.digest, context, place.suffix)}{self._after}"
            for context in contexts.of(names, question.headers, place.host)
        )


class TemplateLookup:
    """Answers questions about pages that have one key each, by a template."""

    def __init__(self, server: CacheServer, template: KeyTemplate) -> None:
        self._server = server
        self._template = template

    def look_up(self, questions: Sequence[KeyQuestion]) -> list[KeyAnswer]:
        """Answer in the order of the questions; raises UnreachableError."""
        answers: list[KeyAnswer] = []
        for start in range(0, len(questions), _BATCH):
            answers += self._batch(questions[start : start + _BATCH])
        return answers

    def _batch(self, questions: Sequence[KeyQuestion]) -> list[KeyAnswer]:
        keys: list[str] = []
        refusals: list[str | None] = []
        for question in questions:
            try:
                keys.append(self._template.key(question))
                refusals.append(None)
            except ValueError as error:
                refusals.append(f"no key for this URL: {error}")
        found = iter(zip(keys, self._server.entries(keys), strict=True))
        return [
            _plain(*next(found)) if refusal is None
            else KeyAnswer(KeyState.INCONCLUSIVE, detail=refusal)
            for refusal in refusals
        ]  # fmt: skip


class _Contexts:
    """The distinct hashes of one batch's headers; variants of a run share few of them."""

    def __init__(self, scheme: KeyScheme) -> None:
        self._hashes = scheme.hashes
        self._meta: dict[tuple[int, str], dict[str, bytes]] = {}
        self._made: dict[tuple[tuple[str, ...], int, str], tuple[str, ...]] = {}

    def of(self, names: tuple[str, ...], headers: Mapping[str, str], host: str) -> tuple[str, ...]:
        # The questions of the batch hold their headers, so an id stands for one mapping.
        known = (names, id(headers), host)
        made = self._made.get(known)
        if made is None:
            meta = self._meta.get(known[1:])
            if meta is None:
                meta = self._meta[known[1:]] = request_meta(headers, host)
            digests = (context_digest(names, meta, variant) for variant in self._hashes)
            made = self._made[known] = tuple(dict.fromkeys(digests))
        return made


def _judge(
    names: tuple[str, ...] | HeaderListRefused | None,
    keys: tuple[str, ...],
    header: Entry | None,
    pages: list[Entry | None],
) -> KeyAnswer:
    if isinstance(names, HeaderListRefused):
        return KeyAnswer(KeyState.INCONCLUSIVE, detail=f"header list refused: {names}")
    if names is None and header is not None:
        detail = f"header list refused: {header.size_bytes} bytes, or no string"
        return KeyAnswer(KeyState.INCONCLUSIVE, detail=detail)
    if header is None:
        return KeyAnswer(KeyState.ABSENT, key=keys[0] if keys else "", detail="no header list")
    there = [page for page in pages if page is not None]
    if not there:
        return KeyAnswer(KeyState.ABSENT, key=keys[0], detail="no page for these headers")
    if len(there) < len(pages):
        return KeyAnswer(
            KeyState.INCONCLUSIVE,
            detail="hash variants that are all still possible disagree; pin keys.hash",
        )
    lifetimes = [each.ttl_s for each in (header, *there) if each.ttl_s is not None]
    return KeyAnswer(KeyState.PRESENT, key=keys[0], ttl_s=min(lifetimes, default=None))


def _plain(key: str, entry: Entry | None) -> KeyAnswer:
    if entry is None:
        return KeyAnswer(KeyState.ABSENT, key=key)
    return KeyAnswer(KeyState.PRESENT, key=key, ttl_s=entry.ttl_s)


_ORDER = {KeyState.PRESENT: 2, KeyState.INCONCLUSIVE: 1, KeyState.ABSENT: 0}


def _best(answers: list[KeyAnswer]) -> KeyAnswer:
    """Of a page's answers under several page prefixes, the one that a visitor gets."""
    if len(answers) == 1:
        return answers[0]
    return max(
        answers,
        key=lambda answer: (
            _ORDER[answer.state], math.inf if answer.ttl_s is None else answer.ttl_s
        ),
    )  # fmt: skip
