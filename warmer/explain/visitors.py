"""Two other visitors beside ours: which headers give them an entry of their own. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.crawl.profiles import MOBILE_USER_AGENT, USER_AGENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from warmer.config import VariantConfig

_GERMAN = "de-DE,de;q=0.9"
_ENGLISH = "en-US,en;q=0.9"


def other_visitors(variant: VariantConfig, ours: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The same visitor on another device, and one of another language; names with headers."""
    language = _value(ours, "accept-language").lower()
    other_language = _ENGLISH if language.startswith("de") else _GERMAN
    on_mobile = variant.profile == "mobile"
    device, agent = ("desktop", USER_AGENT) if on_mobile else ("mobile", MOBILE_USER_AGENT)
    return {
        device: _with(ours, "User-Agent", agent),
        "another language": _with(ours, "Accept-Language", other_language),
    }


def differing(ours: Mapping[str, str], theirs: Mapping[str, str]) -> tuple[str, ...]:
    """Headers, lower-case, that are not the same in both."""
    names = dict.fromkeys(name.lower() for name in (*ours, *theirs))
    return tuple(name for name in names if _value(ours, name) != _value(theirs, name))


def split_by(differs_in: Iterable[str], chosen_by: Iterable[str]) -> tuple[str, ...]:
    """Those differences that give another entry; `chosen_by`: header list and Vary."""
    chosen = frozenset(chosen_by)
    return tuple(name for name in differs_in if name in chosen or "*" in chosen)


def _with(headers: Mapping[str, str], name: str, value: str) -> dict[str, str]:
    kept = {each: sent for each, sent in headers.items() if each.lower() != name.lower()}
    return kept | {name: value}


def _value(headers: Mapping[str, str], name: str) -> str:
    return next((value for each, value in headers.items() if each.lower() == name), "")
