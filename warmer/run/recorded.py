"""Variants that captures bring along: the headers by which pages were asked for.

Which headers count, the source says (`source.vary`); each set of values that visitors sent
becomes a variant, and a page is planned in those in which it was asked for. Values that
say who somebody is are kept in memory alone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from warmer.config import VariantConfig
from warmer.config_overlay import NOT_KEPT
from warmer.errors import ConfigError
from warmer.run.reach import DEFAULT_VARIANTS
from warmer.sources.capture import CREDENTIAL_HEADERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warmer.config import SiteConfig

MAX_VARIANTS = 20
"""Of all captures together; of those that visitors send, the first few cover nearly all."""
MAX_SEEN = 10_000

Headers = tuple[tuple[str, str], ...]


class RecordedVariants:
    """Names sets of header values, and counts how often each was sent."""

    def __init__(self, configured: Sequence[VariantConfig]) -> None:
        self._names: dict[Headers, str] = {}
        self._weights: dict[Headers, float] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._configured = [
            (each.name, {name.lower(): value for name, value in each.headers.items()})
            for each in configured
        ]

    def name_of(self, headers: Headers, weight: float) -> str | None:
        """The variant that sends these headers; None when far too many have been met.

        One of the site's own, if it differs from others by just these.
        """
        name = self._names.get(headers)
        if name is None:
            if len(self._names) >= MAX_SEEN:
                return None
            name = self._names[headers] = self._of_site(headers) or self._new_name(headers)
        self._weights[headers] = self._weights.get(headers, 0.0) + weight
        return name

    def chosen(self) -> tuple[tuple[VariantConfig, ...], list[str]]:
        """The most frequent variants that are not the site's own; the names of the others."""
        of_site = {name for name, _ in self._configured}
        own = [headers for headers, name in self._names.items() if name not in of_site]
        own.sort(key=lambda headers: -self._weights[headers])
        variants = tuple(
            VariantConfig(name=self._names[headers], headers=dict(headers))
            for headers in own[:MAX_VARIANTS]
        )
        return variants, [self._names[headers] for headers in own[MAX_VARIANTS:]]

    def _of_site(self, headers: Headers) -> str | None:
        wanted = dict(headers)
        return next((name for name, sent in self._configured if sent == wanted), None)

    def _new_name(self, headers: Headers) -> str:
        return "; ".join(f"{name}={self._shown(name, value)}" for name, value in headers)

    def _shown(self, name: str, value: str) -> str:
        if not value:
            return "(none)"
        if name not in CREDENTIAL_HEADERS:
            return value
        return f"#{self._numbers.setdefault((name, value), len(self._numbers) + 1)}"


def with_recorded(site: SiteConfig, recorded: Sequence[VariantConfig]) -> SiteConfig:
    """The site with these variants besides its own."""
    if not recorded:
        return site
    return msgspec.structs.replace(site, variant=(*(site.variant or DEFAULT_VARIANTS), *recorded))


def record_with(record: str, recorded: Sequence[VariantConfig]) -> str:
    """What is kept of a run's request, with its recorded variants; no credentials in it."""
    if not recorded:
        return record
    kept = [
        {
            "name": each.name,
            "headers": {
                name: NOT_KEPT if value and name in CREDENTIAL_HEADERS else value
                for name, value in each.headers.items()
            },
        }
        for each in recorded
    ]
    return json.dumps(json.loads(record) | {"recorded": kept})


def recorded_in(record: str) -> tuple[VariantConfig, ...]:
    """The recorded variants of a run, for going on with it; ConfigError if they were not kept."""
    found = msgspec.convert(json.loads(record).get("recorded", ()), tuple[VariantConfig, ...])
    for each in found:
        if NOT_KEPT in each.headers.values():
            raise ConfigError(
                f'variant "{each.name}": its recorded credentials were not kept;'
                " expected a new run instead of --resume"
            )
    return found
