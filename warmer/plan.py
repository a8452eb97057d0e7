"""What to warm, in which order. Pure: candidates in, targets out.

Candidates are normalised and filtered one by one as they stream in; the merged list,
ranked by weight, is expanded into variants, deduplicated, and only then capped.
Merging and ranking more than fits into memory is the work of `staging`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from warmer.host_name import authority, site_root
from warmer.model import Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from warmer.config import PlanConfig, VariantConfig

MAX_TARGET_LENGTH = 8192
"""Of path and query, in characters; servers refuse about as much."""
_UNSAFE = re.compile(r"[\x00-\x20\x7f]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")


OTHER_HOST = "other-host"


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a candidate is left out: a word that is counted."""

    reason: str


class Normaliser:
    """Turns what sources give into URLs of the site.

    Scheme and host become those of `base_url`; a URL of another host is rejected
    unless the host is an alias, one without a port standing for all of its ports.
    Path and query stay byte for byte, for they select the cache entry; only the
    fragment, a default port and the chosen tracking parameters go. Text beyond ASCII
    is percent-encoded, as browsers send it.
    """

    def __init__(self, base_url: str, config: PlanConfig) -> None:
        self._base = site_root(base_url)
        self._scheme = self._base.partition(":")[0]
        self._prefixes = (self._base + "/",)
        self._hosts = {self._base.partition("//")[2]}
        self._bare_host = authority(self._scheme, urlsplit(self._base).hostname or "", None)
        self._hosts |= {_alias(self._scheme, alias) for alias in config.aliases}
        patterns = "|".join(translate(pattern) for pattern in config.drop_params)
        self._dropped = re.compile(patterns) if patterns else None

    def __call__(self, url: str) -> str | Rejection:
        """The target's URL, or why there is none."""
        if _UNSAFE.search(url):
            return Rejection("control-character")
        if url.startswith("/") and not url.startswith("//"):
            rest = url
        elif url.startswith(self._prefixes):
            rest = url[len(self._base) :]
        else:
            located = self._path_of_foreign_form(url)
            if isinstance(located, Rejection):
                return located
            rest = located
        if "#" in rest:
            rest = rest.partition("#")[0]
        if "?" in rest and self._dropped is not None:
            rest = self._without_tracking(rest, self._dropped)
        if not rest.isascii():
            try:
                rest = _BEYOND_ASCII.sub(lambda match: quote(match[0]), rest)
            except UnicodeEncodeError:
                return Rejection("undecodable")
        if len(rest) > MAX_TARGET_LENGTH:
            return Rejection("url-too-long")
        return self._base + rest

    def _path_of_foreign_form(self, url: str) -> str | Rejection:
        """Path and query of a URL that does not begin with the base as it is written."""
        try:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https", ""):
                return Rejection("scheme")
            if parts.username is not None or parts.password is not None:
                return Rejection("credentials-in-url")
            if not parts.hostname:
                return Rejection("not-a-url")
            scheme = parts.scheme or self._scheme
            host = authority(scheme, parts.hostname, None)
            with_port = authority(scheme, parts.hostname, parts.port)
        except ValueError:
            return Rejection("not-a-url")
        # Logs name a host without scheme, and without the port it is served on.
        named_in_a_log = not parts.scheme and parts.port is None and host == self._bare_host
        if self._hosts.isdisjoint((with_port, host)) and not named_in_a_log:
            return Rejection(OTHER_HOST)
        query = f"?{parts.query}" if "?" in url.partition("#")[0] else ""
        return (parts.path or "/") + query

    @staticmethod
    def _without_tracking(rest: str, dropped: re.Pattern[str]) -> str:
        path, _, query = rest.partition("?")
        pairs = query.split("&")
        kept = [pair for pair in pairs if not dropped.match(pair.partition("=")[0])]
        if len(kept) == len(pairs):
            return rest
        return f"{path}?{'&'.join(kept)}" if kept else path


class Filter:
    """Include and exclude: regular expressions, searched in path and query.

    With `include`, one of them must match; with `exclude`, none may.
    """

    def __init__(self, include: Sequence[str], exclude: Sequence[str]) -> None:
        self._include = [re.compile(pattern) for pattern in include]
        self._exclude = [re.compile(pattern) for pattern in exclude]

    def accepts(self, url: str) -> bool:
        """Whether a normalised URL stays in the plan."""
        if not self._include and not self._exclude:
            return True
        rest = url[url.index("/", url.index("//") + 2) :]
        if self._include and not any(pattern.search(rest) for pattern in self._include):
            return False
        return not any(pattern.search(rest) for pattern in self._exclude)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A merged candidate: its URL, its normalised weight, and the observed part of it.

    `variant` is the one that it was asked for in; "" stands for all of the site's.
    """

    url: str
    weight: float
    traffic: float | None
    variant: str = ""


def targets(
    ranked: Iterable[Ranked], variants: Sequence[VariantConfig], top: int | None
) -> Iterator[Target]:
    """Expand into variants and cap; `ranked` is deduplicated and in rank order.

    A URL's weight is shared evenly by its variants, so that sums over targets are
    sums over URLs; where it is known how often it was asked for in one, that is its weight.
    """
    filters = [Filter(variant.include, ()) for variant in variants]
    rank = 0
    for candidate in ranked:
        chosen = (
            [candidate.variant]
            if candidate.variant
            else [
                variant.name
                for variant, rule in zip(variants, filters, strict=True)
                if rule.accepts(candidate.url)
            ]
        )
        for name in chosen:
            if top is not None and rank >= top:
                return
            rank += 1
            traffic = None if candidate.traffic is None else candidate.traffic / len(chosen)
            yield Target(rank, candidate.url, name, candidate.weight / len(chosen), traffic)


def _alias(scheme: str, alias: str) -> str:
    parts = urlsplit(f"//{alias}")
    return authority(scheme, parts.hostname or "", parts.port)
