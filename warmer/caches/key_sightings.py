"""Looks whether pages are in the cache under given combinations, and what became new.

Three pipelined calls whatever the number of probes. Reads header lists, no pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from warmer.caches.django_keys import (
    HashVariant,
    context_digest,
    key_suffix,
    page_key,
    public_request,
    request_meta,
)
from warmer.caches.header_list import MAX_BYTES, HeaderListRefused, read_header_list
from warmer.caches.key_evidence import Sighting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from warmer.caches.key_combination import Combination
    from warmer.caches.key_scheme import KeyPins
    from warmer.caches.server import CacheServer, Entry
    from warmer.model import KeyQuestion

Probe = tuple["KeyQuestion", "Combination"]
ProbeId = tuple[str, tuple[tuple[str, str], ...], "Combination"]

_SAME_TTL_S = 1.5
"""Whole seconds and rounding; a TTL that rose by more was set anew."""


class PageState(NamedTuple):
    """What is there for one page under one combination: the header list, and pages by key."""

    raw: bytes
    names: tuple[str, ...]
    variants: Mapping[str, frozenset[HashVariant]]
    pages: Mapping[str, Entry | None]


def probe_id(probe: Probe) -> ProbeId:
    """Return what a probe before a fetch and the same one after it have in common."""
    question, combination = probe
    return question.url, tuple(sorted(question.headers.items())), combination


def look(server: CacheServer, probes: Sequence[Probe], pins: KeyPins) -> list[PageState | None]:
    """Return what is there for each probe; None without a readable header list."""
    header_keys = [combination.header_key(question, pins) for question, combination in probes]
    there = [index for index, entry in enumerate(server.entries(header_keys)) if entry is not None]
    raws = server.values([header_keys[index] for index in there], MAX_BYTES)
    states: list[PageState | None] = [None] * len(probes)
    for index, raw in zip(there, raws, strict=True):
        if raw is not None:
            states[index] = _unread(probes[index], raw, pins)
    keys = [key for state in states if state is not None for key in state.variants]
    entries = dict(zip(keys, server.entries(keys), strict=True))
    return [
        None if state is None
        else state._replace(pages={key: entries[key] for key in state.variants})
        for state in states
    ]  # fmt: skip


def sighting(probe: Probe, state: PageState, *, looked: bool, before: PageState | None) -> Sighting:
    """Compare a page's state with the one before its fetch.

    `looked`: there was a look before, so that `before` None means that nothing was there.
    """
    there = {key for key, entry in state.pages.items() if entry is not None}
    if looked and (before is None or before.raw != state.raw):
        new_list, told = True, there
    else:
        new_list = False
        told = {key for key in there if looked and before is not None and _rose(key, before, state)}
    counted = told or there
    return Sighting(
        question=probe[0],
        combination=probe[1],
        new=new_list or bool(told),
        names=state.names,
        variants=frozenset[HashVariant]().union(*(state.variants[key] for key in counted)),
        contexts=len(counted),
    )


def _unread(probe: Probe, raw: bytes, pins: KeyPins) -> PageState | None:
    question, combination = probe
    try:
        names = read_header_list(raw)
    except HeaderListRefused:
        return None
    host = combination.seen.host or public_request(question.url).host
    meta = request_meta(question.headers, host)
    suffix = key_suffix(combination.language, combination.time_zone)
    opening, ending = combination.scheme(pins).frame()
    variants: dict[str, frozenset[HashVariant]] = {}
    for variant in HashVariant if pins.hash is None else (pins.hash,):
        context = context_digest(names, meta, variant)
        logical = page_key(combination.page_prefix, combination.digest(question), context, suffix)
        key = f"{opening}{logical}{ending}"
        variants[key] = variants.get(key, frozenset()) | {variant}
    return PageState(raw, names, variants, {})


def _rose(key: str, before: PageState, state: PageState) -> bool:
    """Tell whether a page entry is new, or was written again: lifetimes only ever fall."""
    old, new = before.pages.get(key), state.pages[key]
    if old is None or new is None:
        return new is not None
    if old.ttl_s is None or new.ttl_s is None:
        return old.ttl_s != new.ttl_s
    return new.ttl_s > old.ttl_s + _SAME_TTL_S
