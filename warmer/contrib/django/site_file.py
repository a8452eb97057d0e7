"""The site's TOML file for `warmer`, from its settings: what a daemon would otherwise learn.

Returns text; secrets are never in it but as `${NAME}`, with the names to set. What the
settings do not tell is a comment that says what to put there.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from django.apps import apps
from django.conf import settings
from django.core.cache import caches
from django.urls import NoReverseMatch, Resolver404, resolve, reverse

from warmer.contrib.django.options import Options, options, page_caches
from warmer.contrib.django.page_keys import hash_variant
from warmer.contrib.django.pages import base_url
from warmer.contrib.django.variants import is_redis

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCALE = "django.middleware.locale.LocaleMiddleware"
_UPDATE = frozenset(
    f"django.middleware.cache.{name}" for name in ("UpdateCacheMiddleware", "CacheMiddleware")
)
_REDIS_SCHEMES = frozenset({"redis", "rediss", "unix"})


def site_file() -> str:
    """A document that warmer's own reader takes, once its `${NAME}`s are set."""
    chosen = options()
    return "\n".join(
        [
            *_top(chosen),
            *_sources(),
            *_variants(),
            *(line for alias in page_caches(chosen) for line in _cache(alias)),
            *_crawl(chosen),
            *_invalidation(chosen),
            "",
        ]
    )


def _top(chosen: Options) -> Iterator[str]:
    base, guessed = _base_url(chosen)
    name = (urlsplit(base).hostname or "site").removeprefix("www.")
    yield f"name = {_text(name)}"
    if guessed:
        yield "# A guess: put here what visitors have in their address bar."
    yield f"base_url = {_text(base)}"


def _base_url(chosen: Options) -> tuple[str, bool]:
    """Scheme and host, and whether they are a guess by ALLOWED_HOSTS."""
    if base := base_url(chosen):
        return base, False
    hosts = [host.lstrip(".") for host in settings.ALLOWED_HOSTS if host not in {"*", ""}]
    return f"https://{hosts[0] if hosts else 'www.example.com'}", True


def _sources() -> Iterator[str]:
    path = _sitemap()
    yield ""
    if path is None:
        yield '# No sitemap found: name a list, or an access log, as path = "/var/log/…".'
        yield "[[source]]"
        yield 'kind = "discover"'
    else:
        yield "[[source]]"
        yield f"url = {_text(path)}"


def _sitemap() -> str | None:
    """Where the sitemap is: at the usual place, or wherever Django's own view is."""
    try:
        resolve("/sitemap.xml")
    except Resolver404:
        if not apps.is_installed("django.contrib.sitemaps"):
            return None
        from django.contrib.sitemaps import views  # noqa: PLC0415 -- where it is installed

        for view in (views.index, views.sitemap):
            try:
                return str(reverse(view))
            except NoReverseMatch:
                continue
        return None
    return "/sitemap.xml"


def _variants() -> Iterator[str]:
    """One a language, where the language is negotiated and not in the path."""
    if not settings.USE_I18N or _LOCALE not in settings.MIDDLEWARE or len(settings.LANGUAGES) < 2:
        return
    for code, _ in settings.LANGUAGES:
        yield ""
        yield "[[variant]]"
        yield f"name = {_text(code)}"
        yield f'headers = {{ "Accept-Language" = {_text(code)} }}'


def _cache(alias: str) -> Iterator[str]:
    yield ""
    url, secret = _cache_url(alias)
    if url is None:
        backend = settings.CACHES[alias]["BACKEND"]
        yield f"# Cache {_text(alias)}: {backend} cannot be asked from outside its process."
        return
    if secret:
        yield f"# Set {secret} in the environment, percent-encoded as in any URL."
    yield "[[cache]]"
    yield f"url = {_text(url)}"
    if settings.CACHES[alias].get("KEY_FUNCTION"):
        yield '# KEY_FUNCTION: describe it, as keys = { template = "{prefix}|{version}|{key}" }.'
        return
    yield f"keys = {{ {', '.join(_keys(alias))} }}"


def _keys(alias: str) -> Iterator[str]:
    """What the settings tell; a negotiated language is told by each response instead."""
    cache = caches[alias]
    site_wide = bool(_UPDATE & set(settings.MIDDLEWARE))
    page_prefix = settings.CACHE_MIDDLEWARE_KEY_PREFIX if site_wide else ""
    yield f"prefix = {_text(cache.key_prefix)}"
    yield f"version = {cache.version}"
    yield f"page_prefix = {_text(page_prefix)}"
    if not settings.USE_I18N:
        yield 'language = ""'
    elif _LOCALE not in settings.MIDDLEWARE:
        yield f"language = {_text(settings.LANGUAGE_CODE)}"
    yield f"time_zone = {_text(settings.TIME_ZONE if settings.USE_TZ else '')}"
    if (variant := hash_variant()) is not None:
        yield f"hash = {_text(variant.value)}"


def _cache_url(alias: str) -> tuple[str | None, str]:
    """The URL as `--cache` takes it, and the variable that holds its password, if there is one."""
    entry = settings.CACHES[alias]
    locations = entry.get("LOCATION", "")
    if isinstance(locations, str):
        locations = [each.strip() for each in re.split("[;,]", locations)]
    found = [str(each) for each in locations if each]
    if not found:
        return None, ""
    if is_redis(caches[alias]):
        return _redis_url(found[0], entry.get("OPTIONS", {}), _variable(alias))
    if "memcached" not in entry["BACKEND"]:
        return None, ""
    if found[0].startswith("unix:") or found[0].startswith("/"):
        return "memcached+unix://" + found[0].removeprefix("unix:"), ""
    placement = "" if entry["BACKEND"].endswith("PyMemcacheCache") else "?placement=any"
    return f"memcached://{','.join(found)}{placement}", ""


def _variable(alias: str) -> str:
    infix = "" if alias == "default" else "_" + re.sub(r"\W", "_", alias).upper()
    return f"WARMER_CACHE{infix}_PASSWORD"


def _redis_url(location: str, given: dict[str, Any], variable: str) -> tuple[str | None, str]:
    parts = urlsplit(location)
    if parts.scheme not in _REDIS_SCHEMES:
        return None, ""
    params = dict(parse_qsl(parts.query))
    database = given.get("db", given.get("DB", params.get("db", parts.path.strip("/"))))
    secret = parts.password or given.get("PASSWORD") or given.get("password")
    user = parts.username or given.get("username") or ""
    login = f"{user}:${{{variable}}}@" if secret else ""
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme == "unix":
        database = given.get("db", given.get("DB", params.get("db", 0)))
        url = f"unix://{login}{parts.path}?db={database}"
    else:
        url = f"{parts.scheme}://{login}{host}/{database or 0}"
        if ca_file := params.get("ssl_ca_certs"):
            url += f"?ca_file={ca_file}"
    return url, variable if secret else ""


def _crawl(chosen: Options) -> Iterator[str]:
    if chosen.secret:
        yield ""
        yield '# Set WARMER_REFRESH_SECRET to WARMER["secret"].'
        yield "[crawl]"
        yield 'refresh_secret = "${WARMER_REFRESH_SECRET}"'


def _invalidation(chosen: Options) -> Iterator[str]:
    if not chosen.stream:
        return
    url, secret = _redis_url(chosen.stream, {}, "WARMER_STREAM_PASSWORD")
    yield ""
    if secret:
        yield f"# Set {secret} in the environment, percent-encoded as in any URL."
    yield "[invalidation]"
    yield f"stream = {_text(url or chosen.stream)}"
    yield f"key = {_text(chosen.key)}"


def _text(value: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's, too."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
