"""What a site's page keys hold and no URL tells: pinned in the TOML file, or learnt.

Pure: no network. A scheme is complete; a `KeyPins` may leave fields to be learnt.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from warmer.caches.django_keys import HashVariant
from warmer.caches.key_template import check_wrapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from warmer.config import KeysConfig
    from warmer.model import KeyQuestion

DEFAULT_WRAPPING = "{prefix}:{version}:{key}"
"""Django's default KEY_FUNCTION: how a cache makes a logical key into its own."""

EVERY_HASH = tuple(HashVariant)

Trait = tuple[str, str, str]
"""What LocaleMiddleware decides by: Accept-Language, Cookie, a language-like first segment."""

ANY_SEGMENT = "*"
"""Stands in a Trait for whatever the path begins with."""

_LANGUAGE_SEGMENT = re.compile(r"https?://[^/?#]*/([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)(?:[/?#]|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyScheme:
    """How one site's page keys are made.

    `page_prefixes`: a page is warm under any of them, for site-wide middleware
    and `cache_page()` may both be in use, with a prefix each. `scheme`, `host`: as
    Django sees them where a proxy hides the public ones; None: as in the URL.
    `language`: "" without USE_I18N; None where the response's Content-Language
    decides, and then `languages` tells it for requests whose response was not seen.
    `pinned_language` stands in for both, and where the response only names it less
    exactly (`en` for `en-us`); a response in another language is believed.
    `hashes`: the variants that are still possible, at least one.
    """

    prefix: str = ""
    version: int = 1
    wrapping: str = DEFAULT_WRAPPING
    page_prefixes: tuple[str, ...] = ("",)
    scheme: str | None = None
    host: str | None = None
    language: str | None = ""
    languages: Mapping[Trait, str] = field(default_factory=dict)
    pinned_language: str = ""
    time_zone: str = ""
    hashes: tuple[HashVariant, ...] = EVERY_HASH

    def frame(self) -> tuple[str, str]:
        """Return what stands before and after a logical key in the cache."""
        before, after = self.wrapping.split("{key}")
        return self._filled(before), self._filled(after)

    def _filled(self, text: str) -> str:
        return text.replace("{prefix}", self.prefix).replace("{version}", str(self.version))

    def language_of(self, question: KeyQuestion) -> str | None:
        """Return the language in this question's keys; None where nothing tells it."""
        if self.language is not None:
            return self.language
        told = (question.language or "").strip().lower()
        if told and "," not in told and not same_language(told, self.pinned_language):
            return told
        if self.pinned_language:
            return self.pinned_language
        trait = language_trait(question)
        return self.languages.get(trait, self.languages.get((*trait[:2], ANY_SEGMENT)))

    def toml(self) -> str:
        """Return the configuration line that pins this scheme; hash only when it is known."""
        fields = [
            f"prefix = {_quoted(self.prefix)}",
            f"version = {self.version}",
            f"page_prefix = {_quoted(self.page_prefixes[0])}",
        ]
        language = self.pinned_language or self.language
        if language is not None:
            fields.append(f"language = {_quoted(language)}")
        fields.append(f"time_zone = {_quoted(self.time_zone)}")
        if len(self.hashes) == 1:
            fields.append(f"hash = {_quoted(self.hashes[0].value)}")
        if self.wrapping != DEFAULT_WRAPPING:
            fields.append(f"template = {_quoted(self.wrapping)}")
        return f"keys = {{ {', '.join(fields)} }}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPins:
    """The part of a scheme that the configuration pins; None is to be learnt."""

    prefix: str | None = None
    version: int | None = None
    wrapping: str = DEFAULT_WRAPPING
    page_prefix: str | None = None
    language: str | None = None
    time_zone: str | None = None
    hash: HashVariant | None = None

    def complete(self) -> KeyScheme | None:
        """Return the pinned scheme, for scheme and host as in the URL; None if a part is open."""
        if None in {self.prefix, self.version, self.page_prefix, self.language, self.time_zone}:
            return None
        return KeyScheme(
            prefix=self.prefix or "",
            version=self.version or 0,
            wrapping=self.wrapping,
            page_prefixes=(self.page_prefix or "",),
            language=None if self.language else "",
            pinned_language=self.language or "",
            time_zone=self.time_zone or "",
            hashes=EVERY_HASH if self.hash is None else (self.hash,),
        )


def scheme_from_config(keys: KeysConfig | None) -> KeyPins:
    """Return what `keys = {…}` pins; without it everything is learnt.

    `language` and `time_zone` are learnt when absent, and pinned to "none in the
    key" (USE_I18N or USE_TZ off) when they are the empty string.
    """
    if keys is None:
        return KeyPins()
    return KeyPins(
        prefix=keys.prefix,
        version=keys.version,
        wrapping=check_wrapping(keys.template) if keys.template else DEFAULT_WRAPPING,
        page_prefix=keys.page_prefix,
        language=None if keys.language is None else keys.language.lower(),
        time_zone=None if keys.time_zone is None else zone_suffix(keys.time_zone),
        hash=None if keys.hash is None else HashVariant(keys.hash),
    )


def zone_suffix(time_zone: str) -> str:
    """Return what Django puts into a key for a TIME_ZONE: `-05` for Etc/GMT+5."""
    try:
        return ZoneInfo(time_zone).tzname(None) or time_zone
    except (KeyError, ValueError, OSError):  # no such zone here: taken as what stands in the key
        return time_zone


def language_trait(question: KeyQuestion) -> Trait:
    """Return what decides the language of this request, as far as a request tells it."""
    headers = {name.lower(): value for name, value in question.headers.items()}
    found = _LANGUAGE_SEGMENT.match(question.url)
    segment = found[1].lower() if found else ""
    return headers.get("accept-language", ""), headers.get("cookie", ""), segment


def same_language(one: str, other: str) -> bool:
    """Tell whether two tags differ in their region at most."""
    return one.partition("-")[0] == other.partition("-")[0]


def _quoted(text: str) -> str:
    """Return a TOML basic string; its escapes are those of JSON (TOML 1.0, Strings)."""
    return json.dumps(text, ensure_ascii=False)
