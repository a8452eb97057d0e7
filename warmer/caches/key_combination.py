"""What one page's keys may be made of: likely combinations, and those that key names show.

Pure: no network. Judges nothing; key_evidence.py does.
"""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from warmer.caches.django_keys import (
    absolute_uri,
    header_list_key,
    key_suffix,
    public_request,
    uri_digest,
)
from warmer.caches.key_scheme import (
    DEFAULT_WRAPPING,
    EVERY_HASH,
    KeyPins,
    KeyScheme,
    language_trait,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from warmer.model import KeyQuestion

_LIKELY_LANGUAGES = ("", "en-us", "en")
_LIKELY_ZONES = ("", "UTC", "America/Chicago")
"""Django's own: USE_TZ off, what `startproject` writes, the default of TIME_ZONE."""

_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*")
_LOGICAL_KEY = re.compile(
    r"views\.decorators\.cache\.cache_(?:header\.(?P<header>.*)|page\.(?P<page>.*)\.GET)\."
    r"(?P<digest>[0-9a-f]{32})(?(page)\.[0-9a-f]{32})(?P<suffix>(?:\.[A-Za-z0-9_+/-]+){0,2})",
    re.DOTALL,
)


class Seen(NamedTuple):
    """Scheme and host as Django sees them; None: those of the public URL."""

    scheme: str | None
    host: str | None


class Combination(NamedTuple):
    """Everything in a page's key but its URL, headers and hash variant."""

    prefix: str
    version: int
    page_prefix: str
    seen: Seen
    language: str
    time_zone: str

    def scheme(self, pins: KeyPins) -> KeyScheme:
        """Return the scheme that makes these keys; hash variants as far as they are pinned."""
        return KeyScheme(
            prefix=self.prefix,
            version=self.version,
            wrapping=pins.wrapping,
            page_prefixes=(self.page_prefix,),
            scheme=self.seen.scheme,
            host=self.seen.host,
            language=self.language,
            time_zone=self.time_zone,
            hashes=EVERY_HASH if pins.hash is None else (pins.hash,),
        )

    def digest(self, question: KeyQuestion) -> str:
        return seen_digest(question, self.seen)

    def header_key(self, question: KeyQuestion, pins: KeyPins) -> str:
        suffix = key_suffix(self.language, self.time_zone)
        before, after = self.scheme(pins).frame()
        return f"{before}{header_list_key(self.page_prefix, self.digest(question), suffix)}{after}"


def seen_digest(question: KeyQuestion, seen: Seen) -> str:
    """Return the digest of the URL as Django sees it; raises ValueError as public_request."""
    sent = public_request(question.url)
    return uri_digest(
        absolute_uri(sent._replace(scheme=seen.scheme or sent.scheme, host=seen.host or sent.host))
    )


def likely_seen(question: KeyQuestion, connect_to: str | None) -> list[Seen]:
    """Return as given first, then the other scheme, and hosts that a proxy may put in place."""
    sent = public_request(question.url)
    other = "http" if sent.scheme == "https" else "https"
    forwarded = [
        value.strip()
        for name, value in question.headers.items()
        if name.lower() in {"host", "x-forwarded-host"}
    ]
    hosts = [connect_to or "", (connect_to or "").rpartition(":")[0], *forwarded]
    others = [host for host in dict.fromkeys(hosts) if host not in {"", sent.host}]
    return [Seen(scheme, host) for host, scheme in product([None, *others], [None, other])]


def likely_combinations(
    question: KeyQuestion, pins: KeyPins, connect_to: str | None
) -> list[Combination]:
    """Return what is worth a look-up before any key is searched for; a few dozen."""
    languages = _likely_languages(question) if pins.language is None else [pins.language]
    zones = _LIKELY_ZONES if pins.time_zone is None else (pins.time_zone,)
    return [
        Combination(
            pins.prefix or "",
            1 if pins.version is None else pins.version,
            pins.page_prefix or "",
            seen,
            language,
            zone,
        )
        for seen, language, zone in product(likely_seen(question, connect_to), languages, zones)
    ]


def _likely_languages(question: KeyQuestion) -> list[str]:
    accept_language, _, segment = language_trait(question)
    found = [question.language or "", segment, *accepted_languages(accept_language)]
    return list(dict.fromkeys([*_LIKELY_LANGUAGES, *(each.lower() for each in found)]))


def accepted_languages(accept_language: str) -> Iterator[str]:
    """Yield the tags of an Accept-Language value in lower case, each then without its region."""
    for item in accept_language.lower().split(","):
        tag = item.partition(";")[0].strip()
        if _LANGUAGE.fullmatch(tag):
            yield tag
            yield tag.partition("-")[0]


def combination_of_key(key: str, digest: str, seen: Seen, pins: KeyPins) -> Combination | None:
    """Read a found key's parts off its name; None where it is no such page's, or pinned apart."""
    found = _LOGICAL_KEY.search(key)
    if not found or found["digest"] != digest:
        return None
    named = _frame_pattern(pins.wrapping).fullmatch(
        key[: found.start()] + "\0" + key[found.end() :]
    )
    if not named:
        return None
    groups = named.groupdict()
    prefix = groups.get("prefix", pins.prefix or "")
    version = int(groups.get("version", pins.version or 1))
    page_prefix = found["header"] if found["page"] is None else found["page"]
    language, time_zone = _split_suffix(found["suffix"])
    pinned: Sequence[tuple[object, object]] = (
        (pins.prefix, prefix), (pins.version, version), (pins.page_prefix, page_prefix),
        (pins.language, language), (pins.time_zone, time_zone),
    )  # fmt: skip
    if any(pin is not None and pin != value for pin, value in pinned):
        return None
    return Combination(prefix, version, page_prefix, seen, language, time_zone)


def foreign_wrapping(key: str, digest: str) -> str | None:
    """Return the template of a found key that no default KEY_FUNCTION made, else None."""
    found = _LOGICAL_KEY.search(key)
    if not found or found["digest"] != digest:
        return None
    frame = key[: found.start()] + "\0" + key[found.end() :]
    if _frame_pattern(DEFAULT_WRAPPING).fullmatch(frame):
        return None
    return frame.replace("\0", "{key}")


def _frame_pattern(wrapping: str) -> re.Pattern[str]:
    pattern = re.escape(wrapping).replace(re.escape("{key}"), "\0")
    pattern = pattern.replace(re.escape("{prefix}"), "(?P<prefix>.*)", 1)
    return re.compile(
        pattern.replace(re.escape("{version}"), r"(?P<version>\d{1,9})", 1), re.DOTALL
    )


def _split_suffix(suffix: str) -> tuple[str, str]:
    """Split `.lang.zone`; where one is there, a zone's name never looks like a language."""
    first, _, second = suffix.removeprefix(".").partition(".")
    return (first, second) if second or _LANGUAGE.fullmatch(first) else ("", first)
