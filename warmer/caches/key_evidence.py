"""Decides which key scheme a site uses, from what was seen of a few pages. Pure.

What is new since the look before the fetch is the truth. Entries outlive upgrades,
renamed prefixes and whole deployments, so an old entry proves nothing against a new
one, and where two explanations remain the answer is Unsettled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from warmer.caches.key_combination import accepted_languages
from warmer.caches.key_scheme import (
    ANY_SEGMENT,
    EVERY_HASH,
    KeyScheme,
    language_trait,
    same_language,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from warmer.caches.django_keys import HashVariant
    from warmer.caches.key_combination import Combination, Seen
    from warmer.caches.key_scheme import KeyPins, Trait
    from warmer.model import KeyQuestion


class Basis(StrEnum):
    """Why a scheme is believed; strongest first."""

    NEW_ENTRY = "new-entry"  # an entry appeared while a page was fetched
    ONLY_ENTRY = "only-entry"  # a fetched page has entries under this scheme and no other
    PINNED = "pinned"  # the configuration says all of it, and nothing was seen against it
    NO_FETCH = "no-fetch"  # entries under this scheme and no other; nothing was fetched


@dataclass(frozen=True, slots=True)
class Learnt:
    """A settled scheme; `str()` is the line that pins it in the TOML file."""

    scheme: KeyScheme
    basis: Basis

    def __str__(self) -> str:
        return self.scheme.toml()


@dataclass(frozen=True, slots=True)
class Unsettled:
    """No scheme; `reason` is one line that ends with what to pin.

    `retry`: a round with pilots that no one has asked for yet may settle it.
    """

    reason: str
    retry: bool = False


@dataclass(frozen=True, slots=True)
class Sighting:
    """The header list of one page is there, under one combination.

    `new`: it, or the page, was stored since the look before the fetch.
    `variants`: the hash variants under which the page itself is there for the
    question's headers; those of new entries only, where some are new. Empty: the
    page is there for other headers only, or not at all. `contexts` counts the entries
    behind `variants`, `names` are the header list's.
    """

    question: KeyQuestion
    combination: Combination
    new: bool
    names: tuple[str, ...]
    variants: frozenset[HashVariant]
    contexts: int


def settle(sightings: Sequence[Sighting], pins: KeyPins, basis: Basis) -> Learnt | Unsettled:
    """Return the one scheme that explains every sighting, which are all new or all old."""
    usable = [each for each in sightings if each.variants]
    if not usable:
        names = ", ".join(sightings[0].names) or "none"
        return Unsettled(
            f"{sightings[0].question.url} is in the cache for other request headers than were "
            f"sent: it was evicted, or a proxy changes what Django keys it by ({names})",
            retry=True,
        )
    namings = _shared_namings(usable)
    if len(namings) != 1:
        return Unsettled(
            f"the same pages are there under {len(namings) or 'several'} key schemes, and which "
            f"is in use does not show; {_pin_lines(usable, pins)}",
            retry=True,
        )
    (naming,) = namings
    named = [each for each in usable if _naming(each.combination) == naming]
    hashes = _hashes(named, pins)
    if not hashes:
        return Unsettled(
            "pages are there under several hash variants (old entries outlive an upgrade of "
            f"Django), and none is new; {_pin_lines(named, pins)}, with the hash in use",
            retry=True,
        )
    first = named[0].combination.scheme(pins)
    if basis is Basis.NO_FETCH:
        scheme = _with_requested_languages(first, named, pins)
    else:
        scheme = _with_language(first, named, pins)
    if scheme is None:
        return Unsettled(
            f"the language in the keys follows no rule that shows; {_pin_lines(named, pins)}",
            retry=True,
        )
    prefixes = dict.fromkeys(each.combination.page_prefix for each in named)
    return Learnt(replace(scheme, page_prefixes=tuple(prefixes), hashes=hashes), basis)


def own_language(sightings: Sequence[Sighting]) -> list[Sighting]:
    """Drop, page by page, what visitors of other languages left, where the response told one."""
    kept: list[Sighting] = []
    for question, group in _by_question(sightings):
        told = (question.language or "").lower()
        same = [each for each in group if each.combination.language == told]
        kept += same if told and same else group
    return kept


def agrees_with_response(sighting: Sighting) -> bool:
    """Tell whether an entry that is not new can be the response's own, by its language."""
    told = (sighting.question.language or "").lower()
    return sighting.combination.language in {"", told} or not told


def language_is_asked_for(sighting: Sighting) -> bool:
    """Tell whether the request itself names the entry's language: in its path, or first of all.

    Without a response, an entry in another language may be another visitor's.
    """
    language = sighting.combination.language
    accept_language, _, segment = language_trait(sighting.question)
    first = accept_language.partition(",")[0]
    return not language or language in {segment, *accepted_languages(first)}


def pin_lines(schemes: Iterable[KeyScheme]) -> str:
    """Return what to write under `[[cache]]`, for at most three schemes."""
    lines = list(dict.fromkeys(scheme.toml() for scheme in schemes))
    if not lines:
        return (
            "pin under [[cache]] "
            "keys = { prefix = …, version = …, language = …, time_zone = …, hash = … }"
        )
    more = " or one of more" if len(lines) > 3 else ""
    return f"pin under [[cache]] {' or '.join(lines[:3])}{more}"


def _pin_lines(sightings: Sequence[Sighting], pins: KeyPins) -> str:
    return pin_lines(each.combination.scheme(pins) for each in sightings)


def _naming(combination: Combination) -> tuple[str, int, Seen, str]:
    """What all pages of a site share; languages and page prefixes may be several."""
    return combination.prefix, combination.version, combination.seen, combination.time_zone


def _shared_namings(sightings: Sequence[Sighting]) -> set[tuple[str, int, Seen, str]]:
    sets = [{_naming(each.combination) for each in group} for _, group in _by_question(sightings)]
    return set.intersection(*sets)


def _by_question(sightings: Sequence[Sighting]) -> list[tuple[KeyQuestion, list[Sighting]]]:
    groups: dict[int, list[Sighting]] = {}
    for each in sightings:
        groups.setdefault(id(each.question), []).append(each)
    return [(group[0].question, group) for group in groups.values()]


def _hashes(sightings: Sequence[Sighting], pins: KeyPins) -> tuple[HashVariant, ...]:
    """Return the variants that every telling page allows; none where nothing tells."""
    if pins.hash is not None:
        return (pins.hash,)
    telling = [each.variants for each in sightings if each.contexts == 1]
    possible = frozenset.intersection(*telling) if telling else frozenset()
    return tuple(variant for variant in EVERY_HASH if variant in possible)


def _with_language(
    scheme: KeyScheme, sightings: Sequence[Sighting], pins: KeyPins
) -> KeyScheme | None:
    if pins.language:
        return replace(scheme, language=None, pinned_language=pins.language)
    pairs = _languages(sightings)
    used = {language for _, language in pairs}
    told = [(question.language.lower(), key) for question, key in pairs if question.language]
    others = [(said, key) for said, key in told if said != key]
    if len(used) == 1 and (used == {""} or not told or (others and _is_rule(others))):
        return replace(scheme, language=used.pop())
    if not used or "" in used or others:
        return None
    return replace(scheme, language=None, languages=_by_trait(pairs))


def _is_rule(others: Sequence[tuple[str, str]]) -> bool:
    """Tell whether keys ignore the response's language: one page may be a visitor's doing."""
    return len(others) > 1 or same_language(*others[0])


def _with_requested_languages(
    scheme: KeyScheme, sightings: Sequence[Sighting], pins: KeyPins
) -> KeyScheme | None:
    """Without responses, one language never shows that the site has no other."""
    if pins.language:
        return replace(scheme, language=None, pinned_language=pins.language)
    pairs = _languages(sightings)
    if {language for _, language in pairs} == {""}:
        return replace(scheme, language="")
    return replace(scheme, language=None, languages=_by_trait(pairs))


def _languages(sightings: Sequence[Sighting]) -> list[tuple[KeyQuestion, str]]:
    """Return the language of each page that is there in one language only."""
    pairs: list[tuple[KeyQuestion, str]] = []
    for question, group in _by_question(sightings):
        languages = {each.combination.language for each in group}
        if len(languages) == 1:
            pairs += [(question, language) for language in languages]
    return pairs


def _by_trait(pairs: Sequence[tuple[KeyQuestion, str]]) -> dict[Trait, str]:
    """Return the language of each kind of request, where pages of its kind agree.

    Where they agree whatever the path, any path will do: a page whose path decides
    its language has no entry in another.
    """
    found: dict[Trait, set[str]] = {}
    for question, language in pairs:
        accept_language, cookie, segment = language_trait(question)
        for kind in (segment, ANY_SEGMENT):
            found.setdefault((accept_language, cookie, kind), set()).add(language)
    return {trait: languages.pop() for trait, languages in found.items() if len(languages) == 1}
