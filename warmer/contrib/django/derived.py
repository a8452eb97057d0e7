"""Removes a URL's entries from a cache that keeps no index: whatever names can be derived.

locmem is asked for its keys instead, which is exact for this process, the only one that
it serves. Elsewhere entries under header values that nobody told us stay until they expire.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.core.cache.backends.locmem import LocMemCache

from warmer.contrib.django import page_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_log = logging.getLogger("warmer.django")
_METHODS = ("GET", "HEAD")


def remove_without_index(cache: Any, uris: Iterable[str]) -> int:  # noqa: ANN401 -- any backend
    """Remove what is known of these URIs; the number of page entries, 0 where nobody counts."""
    if isinstance(cache, LocMemCache):
        return _of_locmem(cache, [page_keys.digest(uri) for uri in uris])
    removed = 0
    for uri in uris:
        for prefix in page_keys.page_prefixes():
            for language in page_keys.languages():
                removed += _of_language(cache, uri, prefix, language)
    return removed


def _of_language(cache: Any, uri: str, prefix: str, language: str | None) -> int:  # noqa: ANN401 -- a cache of Django
    header_list = page_keys.page_key(uri, page_prefix=prefix, language=language).header_list
    names = cache.get(header_list)
    if names is None:
        return 0
    if names:
        _log.warning(
            "%s varies on %s: entries for other values of these stay until they expire;"
            " a Redis cache would know them",
            uri, ", ".join(names),
        )  # fmt: skip
    pages = [
        page_keys.page_key(
            uri, header_list=names, page_prefix=prefix, language=language, method=method
        ).page
        for method in _METHODS
    ]
    removed = sum(bool(cache.delete(page)) for page in pages)
    cache.delete(header_list)
    return removed


def _of_locmem(cache: LocMemCache, digests: list[str]) -> int:
    def found() -> Iterator[str]:
        for name in list(cache._cache):  # noqa: SLF001 -- it has no public way to list keys
            if "views.decorators.cache.cache_" in name and any(
                f".{digest}" in name for digest in digests
            ):
                yield name

    removed = 0
    with cache._lock:  # noqa: SLF001 -- locmem has no public way to see all
        for name in list(found()):
            cache._delete(name)  # noqa: SLF001 -- locmem has no public way to see all
            removed += ".cache_page." in name
    return removed
