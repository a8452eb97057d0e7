"""The site's `WARMER` setting as values with defaults. Reads settings, checks nothing.

Asked anew each time, so that `override_settings` works; `checks` says what is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import DEFAULT_CACHE_ALIAS

if TYPE_CHECKING:
    from collections.abc import Mapping

STREAM_KEY = "warmer:triggers"
REFRESH_MIDDLEWARE = "warmer.contrib.django.middleware.RefreshMiddleware"
STATUS_MIDDLEWARE = "warmer.contrib.django.middleware.CacheStatusMiddleware"
STALE = ("refresh", "purge", "leave")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Every key of `WARMER`; a field is a key.

    stream: URL of the Redis that the daemon reads. key: name of the stream there.
    maxlen: about how many entries the stream keeps; 0 keeps all.
    webhook: URL that takes triggers by POST. secret: signs these, and refresh requests.
    base_url: scheme and host of URLs; empty for those of the Sites framework, or none.
    stale: what a save does to cached pages; empty chooses (`stale_mode`).
    caches: aliases in which pages are cached. exclude: models, as `app.Model`.
    retry_s: seconds without an attempt after one that failed.
    preflight_off: checks of `warmer_preflight` that are not made, each with the reason.
    """

    stream: str = ""
    key: str = STREAM_KEY
    maxlen: int = 100_000
    webhook: str = ""
    secret: str = ""
    base_url: str = ""
    stale: str = ""
    caches: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    retry_s: float = 30.0
    preflight_off: Mapping[str, str] = field(default_factory=dict)

    @property
    def sends(self) -> bool:
        return bool(self.stream or self.webhook)


KEYS = tuple(field.name for field in fields(Options))


def raw_setting() -> Mapping[str, object]:
    """`WARMER` as it was written; empty if it is absent or no mapping."""
    value = getattr(settings, "WARMER", {})
    return value if isinstance(value, dict) else {}


def options() -> Options:
    """The setting with defaults; keys that nobody knows are left to the checks."""
    raw = raw_setting()
    known = {key: raw[key] for key in KEYS if raw.get(key) is not None}
    for key in ("caches", "exclude"):
        if isinstance(listed := known.get(key), list | tuple | set):
            known[key] = tuple(listed)
    return Options(**known)  # type: ignore[arg-type]  # the checks have looked at the types


def stale_mode(chosen: Options) -> str:
    """`refresh` where requests can be refreshed in place, else `purge`, unless it is set."""
    if chosen.stale:
        return chosen.stale
    return "refresh" if chosen.secret and REFRESH_MIDDLEWARE in settings.MIDDLEWARE else "purge"


def page_caches(chosen: Options) -> tuple[str, ...]:
    """Aliases of page caches: the middleware's, and that of `cache_page()` without `cache`."""
    found = chosen.caches or (settings.CACHE_MIDDLEWARE_ALIAS, DEFAULT_CACHE_ALIAS)
    return tuple(alias for alias in dict.fromkeys(found) if alias in settings.CACHES)
