"""Names of a URL's cache entries, as the running Django makes them.

Asks Django's own functions, so that no version's way of hashing is repeated here; only
the hash variant, which warmer's configuration wants, is found by comparing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest
from django.utils.cache import get_cache_key

from warmer.caches.django_keys import (
    HashVariant,
    absolute_uri,
    context_digest,
    public_request,
    uri_digest,
)
from warmer.contrib.django.options import options
from warmer.contrib.django.pages import base_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PAGE_KEY = re.compile(
    r"views\.decorators\.cache\.cache_page\.(?P<prefix>.*)\.(?P<method>GET|HEAD)"
    r"\.(?P<digest>[0-9a-f]{32})\.[0-9a-f]{32}(?P<suffix>.*)",
    re.DOTALL,
)
_ODDITIES = {"HTTP_X_PRESENT": "value", "HTTP_X_EMPTY": ""}
_ASKED = ["HTTP_X_ABSENT", *_ODDITIES]


@dataclass(frozen=True, slots=True)
class PageKey:
    """What a page key tells: logical names, before the cache's prefix and version."""

    page: str
    header_list: str
    digest: str


def parse(key: str) -> PageKey | None:
    """Read a logical page key; None if it is none."""
    match = _PAGE_KEY.fullmatch(key)
    if match is None:
        return None
    names = match.groupdict()
    header_list = "views.decorators.cache.cache_header.{prefix}.{digest}{suffix}".format(**names)
    return PageKey(key, header_list, names["digest"])


def digest(uri: str) -> str:
    """The part of all keys of a page that stands for its absolute URI."""
    return uri_digest(uri)


def uris(url: str) -> list[str]:
    """What `build_absolute_uri()` may say for a URL or path: http and https, each known host.

    A proxy that ends TLS may leave Django with http. Empty if the URL cannot be sent, or
    if it is a path and no host is known.
    """
    if url.startswith("/") and not url.startswith("//"):
        hosts = _hosts()
    else:
        try:
            hosts = [public_request(url).host]
        except ValueError:
            return []
    path = url if url.startswith("/") else re.sub(r"^[^/]*//[^/?#]*", "", url)
    found = []
    for host in hosts:
        for scheme in ("https", "http"):
            try:
                found.append(absolute_uri(public_request(f"{scheme}://{host}{path}")))
            except ValueError:
                continue
    return found


def _hosts() -> list[str]:
    base = base_url(options())
    if base:
        return [public_request(base).host]
    return [host for host in settings.ALLOWED_HOSTS if host and host[0] not in "*."]


class _Page(HttpRequest):  # type: ignore[misc]  # Django has no types
    """A visitor's GET of one page, as far as keys depend on it; in no ALLOWED_HOSTS."""

    def __init__(self, uri: str, language: str | None, meta: Mapping[str, str]) -> None:
        super().__init__()
        self.method = "GET"
        self.META.update(meta)
        self._uri = uri
        if language is not None:
            self.LANGUAGE_CODE = language

    def build_absolute_uri(self, location: str | None = None) -> str:  # noqa: ARG002 -- overrides
        return self._uri


class _HeaderList:
    """A cache that holds this header list under whatever key."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(names)

    def get(self, _key: str) -> list[str]:
        return self._names


def page_key(
    uri: str,
    *,
    header_list: Sequence[str] = (),
    meta: Mapping[str, str] | None = None,
    language: str | None = None,
    page_prefix: str = "",
    method: str = "GET",
) -> PageKey:
    """The key of the page for a visitor who sends `meta` (as `HTTP_ACCEPT_ENCODING`)."""
    request = _Page(uri, language, meta or {})
    key = get_cache_key(request, page_prefix, method, cache=_HeaderList(header_list))
    found = parse(key)
    if found is None:
        raise ValueError(f"Django made the page key {key!r}; expected views.decorators.cache…")
    return found


def languages() -> list[str | None]:
    """Languages that keys may end in; only None where they end in none."""
    return [code for code, _ in settings.LANGUAGES] if settings.USE_I18N else [None]


def page_prefixes() -> Iterator[str]:
    """Prefixes of the site-wide middleware and of `cache_page()`, which has none by itself."""
    yield from dict.fromkeys((settings.CACHE_MIDDLEWARE_KEY_PREFIX, ""))


def hash_variant() -> HashVariant | None:
    """How this Django hashes header values, found by what it does; None if in no known way."""
    uri = "https://www.example.com/"
    told = page_key(uri, header_list=_ASKED, meta=_ODDITIES).page
    sent = {name: value.encode() for name, value in _ODDITIES.items()}
    for variant in HashVariant:
        if f".{context_digest(_ASKED, sent, variant)}" in told:
            return variant
    return None
