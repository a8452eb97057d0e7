"""System checks of the `WARMER` setting: what is wrong, and what to write instead.

Looks at settings alone; opens no connection.
"""

from __future__ import annotations

import difflib
import importlib.util
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error
from django.core.checks import Warning as Caution

from warmer.contrib.django.options import (
    KEYS,
    REFRESH_MIDDLEWARE,
    STALE,
    STATUS_MIDDLEWARE,
    options,
    raw_setting,
)
from warmer.preflight.result import INSIDE, unknown_check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.contrib.django.options import Options

STREAM_SCHEMES = ("redis", "rediss", "unix")
_CHECK_ID = re.compile(r"\w+\.[CEWID]\d{3}")
"""As `security.W004`."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_TEXTS = ("stream", "key", "webhook", "secret", "base_url", "stale")
_LISTS = ("caches", "exclude")
_STORING = frozenset(
    f"django.middleware.cache.{name}" for name in ("UpdateCacheMiddleware", "CacheMiddleware")
)


def check_settings(**_kwargs: object) -> list[object]:
    """Every finding, E for what cannot work and W for what surprises."""
    value = getattr(settings, "WARMER", {})
    if not isinstance(value, dict):
        return [Error(f"WARMER is {type(value).__name__}; expected a dict", id="warmer.E001")]
    faults = [*_unknown_keys(), *_types()]
    if faults:
        return faults
    chosen = options()
    return [
        *_channel(chosen),
        *_places(chosen),
        *_staleness(chosen),
        *_order(),
        *_switched_off(chosen),
    ]


def _unknown_keys() -> Iterator[object]:
    for key in raw_setting():
        if key not in KEYS:
            near = difflib.get_close_matches(str(key), KEYS, 1, 0.5)
            hint = f'did you mean "{near[0]}"?' if near else f"known: {', '.join(KEYS)}"
            yield Error(f'WARMER["{key}"]: unknown key; {hint}', id="warmer.E002")


def _types() -> Iterator[object]:
    raw = raw_setting()
    for key, value in raw.items():
        expected = ""
        if key in _TEXTS and not isinstance(value, str | None):
            expected = "text"
        elif key in _LISTS and not (
            isinstance(value, list | tuple | set) and all(isinstance(each, str) for each in value)
        ):
            expected = "a list of texts"
        elif key == "maxlen" and value != 0 and not _is_number(value, int):
            expected = "a whole number, 0 or more"
        elif key == "preflight_off" and not (
            isinstance(value, dict)
            and all(isinstance(part, str) for pair in value.items() for part in pair)
        ):
            expected = "a dict of texts"
        elif key == "retry_s" and not _is_number(value, int | float):
            expected = "a number of seconds above 0"
        if expected:
            yield Error(
                f'WARMER["{key}"] is {type(value).__name__} {value!r}; expected {expected}'
                if key not in {"secret", "stream"}
                else f'WARMER["{key}"] is {type(value).__name__}; expected {expected}',
                id="warmer.E003",
            )


def _is_number(value: object, kind: object) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool) and value > 0  # type: ignore[arg-type, operator]  # a type, and then a number


def _channel(chosen: Options) -> Iterator[object]:
    if chosen.stream and chosen.webhook:
        yield Error("WARMER has both stream and webhook; expected one of them", id="warmer.E004")
    if not chosen.sends:
        yield Caution(
            "WARMER has neither stream nor webhook: saves warm nothing",
            hint='WARMER = {"stream": "redis://host:6379/5"}, or webhook and secret',
            id="warmer.W001",
        )
    if chosen.stream:
        scheme = urlsplit(chosen.stream).scheme
        if scheme not in STREAM_SCHEMES:
            yield Error(
                f'WARMER["stream"]: scheme "{scheme}"; expected redis://, rediss:// or unix://',
                id="warmer.E005",
            )
        if importlib.util.find_spec("redis") is None:
            yield Error(
                'WARMER["stream"] needs the package redis; run: pip install redis',
                id="warmer.E006",
            )
    if chosen.webhook:
        parts = urlsplit(chosen.webhook)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            yield Error('WARMER["webhook"]: expected an https URL', id="warmer.E007")
        elif parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            yield Caution(
                'WARMER["webhook"] is not https: anyone on the way can read what is saved',
                id="warmer.W002",
            )
        if not chosen.secret:
            yield Error(
                'WARMER["webhook"] needs "secret", which signs what is sent', id="warmer.E008"
            )


def _places(chosen: Options) -> Iterator[object]:
    if chosen.base_url:
        parts = urlsplit(chosen.base_url)
        if (
            parts.scheme not in {"http", "https"}
            or not parts.hostname
            or parts.path not in {"", "/"}
            or parts.query
            or parts.fragment
        ):
            yield Error(
                f'WARMER["base_url"]: "{chosen.base_url}"; expected https://host without a path',
                id="warmer.E009",
            )
    for alias in chosen.caches:
        if alias not in settings.CACHES:
            known = ", ".join(settings.CACHES)
            yield Error(
                f'WARMER["caches"]: no cache "{alias}" in CACHES; known: {known}', id="warmer.E010"
            )


def _staleness(chosen: Options) -> Iterator[object]:
    if chosen.stale and chosen.stale not in STALE:
        yield Error(
            f'WARMER["stale"]: "{chosen.stale}"; expected one of {", ".join(STALE)}',
            id="warmer.E011",
        )
    if chosen.stale == "refresh" and REFRESH_MIDDLEWARE not in settings.MIDDLEWARE:
        yield Error(
            f'WARMER["stale"] is "refresh", but MIDDLEWARE lacks {REFRESH_MIDDLEWARE}',
            id="warmer.E012",
        )
    if REFRESH_MIDDLEWARE in settings.MIDDLEWARE and not chosen.secret:
        yield Caution(
            'RefreshMiddleware does nothing without WARMER["secret"], the crawl.refresh_secret',
            id="warmer.W004",
        )


def _order() -> Iterator[object]:
    """Ours belong before whatever stores pages; the status outermost."""
    middleware = list(settings.MIDDLEWARE)
    ours = [name for name in (STATUS_MIDDLEWARE, REFRESH_MIDDLEWARE) if name in middleware]
    storing = [n for n, name in enumerate(middleware) if name in _STORING]
    for name in ours:
        if storing and middleware.index(name) > storing[0]:
            yield Error(
                f"{name} stands after {middleware[storing[0]]}; expected before it",
                id="warmer.E013",
            )
    if len(ours) == 2 and middleware.index(ours[0]) > middleware.index(ours[1]):  # both are there
        yield Caution(
            f"{STATUS_MIDDLEWARE} stands after {REFRESH_MIDDLEWARE}; expected before it",
            id="warmer.W003",
        )


def _switched_off(chosen: Options) -> Iterator[object]:
    """Names of checks, or ids of Django's own, each with a reason."""
    for name, why in chosen.preflight_off.items():
        place = f'WARMER["preflight_off"]["{name}"]'
        if name not in INSIDE and not _CHECK_ID.fullmatch(name):
            yield Error(f"{place}: {unknown_check(name, INSIDE)}", id="warmer.E014")
        elif not why.strip():
            yield Error(f"{place}: no reason; expected why it is off", id="warmer.E014")
