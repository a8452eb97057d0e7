"""What a change does to cached pages: a save removes none of them by itself.

`purge` removes every entry of a URL. `refresh` leaves them to a request that stores the
page anew, and remembers since when they are old. Which of them: `WARMER["stale"]`.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from django.core.cache import caches

from warmer.contrib.django import page_keys
from warmer.contrib.django.circuit import Circuit
from warmer.contrib.django.derived import remove_without_index
from warmer.contrib.django.options import Options, options, page_caches, stale_mode
from warmer.contrib.django.variants import SearchPace, SearchRefusedError, Variants, variants_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from warmer.contrib.django.trigger import Trigger

_log = logging.getLogger("warmer.django")
_circuit = Circuit()
_pace = SearchPace()


def purge(urls: Iterable[str]) -> int:
    """Remove every cached entry of these URLs; the number of pages that were removed.

    All languages, header values, GET and HEAD, and the header lists. Exact on Redis and,
    within this process, on locmem; elsewhere only what can be derived goes, which is all
    only of a page that varies on nothing but the language. Raises what the cache raises.
    """
    return _purge(urls, search=True)


def _purge(urls: Iterable[str], *, search: bool) -> int:
    removed = 0
    uris = [uri for url in urls for uri in page_keys.uris(url)]
    digests = [page_keys.digest(uri) for uri in uris]
    for alias in page_caches(options()):
        cache = caches[alias]
        if (variants := variants_of(cache)) is not None:
            if search:
                _complete(variants)
            removed += variants.remove(digests)
        else:
            removed += remove_without_index(cache, uris)
    return removed


def make_stale(trigger: Trigger, *, wait: bool = False) -> bool:
    """Do as `WARMER["stale"]` says; False if older entries may be left, which only a search finds.

    Never raises: a cache that fails is logged and left alone for `retry_s`.
    """
    chosen = options()
    mode = stale_mode(chosen)
    if mode == "leave":
        return True
    removed = trigger.urls if mode == "purge" else trigger.gone
    marked = [url for url in trigger.urls if url not in set(removed)]

    def act() -> bool:
        if marked or removed:
            _mark([*marked, *removed], chosen)
        if not removed:
            return True
        _purge(removed, search=wait)
        return wait or _is_known(chosen)

    return _guarded(act, chosen, default=True)


def after_refresh(uri: str, stored: list[tuple[Any, str]], status: int) -> None:
    """End what a refreshed page replaces: older entries, or all where there is no page now.

    `stored`: caches with the page keys that were set. A failure of the server, or of a
    limit, ends nothing: the old page is better than none.
    """
    digest = page_keys.digest(uri)

    def act() -> bool:
        for cache, key in stored:
            if (variants := variants_of(cache)) is not None:
                _complete(variants)
                variants.remove_overtaken(digest, kept=key)
        if not stored and status < 500 and status not in {304, 408, 425, 429}:
            purge([uri])
        return True

    _guarded(act, options(), default=True)


def _guarded(act: Callable[[], bool], chosen: Options, *, default: bool) -> bool:
    if _circuit.is_open(time.monotonic(), chosen.retry_s):
        return default
    try:
        done = act()
    except Exception as error:  # noqa: BLE001 -- of whichever cache backend
        _circuit.failed(time.monotonic())
        _log.warning("cached pages stay as they are: %s: %s", type(error).__name__, error)
        return default
    _circuit.succeeded()
    return done


def _digests(urls: Iterable[str]) -> list[str]:
    return [page_keys.digest(uri) for url in urls for uri in page_keys.uris(url)]


def _indexes(chosen: Options) -> Iterator[Variants]:
    for alias in page_caches(chosen):
        if (variants := variants_of(caches[alias])) is not None:
            yield variants


def _mark(urls: Iterable[str], chosen: Options) -> None:
    digests = _digests(urls)
    for variants in _indexes(chosen):
        variants.mark(digests, time.time())


def _is_known(chosen: Options) -> bool:
    return all(variants.is_complete() for variants in _indexes(chosen))


def _complete(variants: Variants) -> None:
    """Search, if the index may lack entries and the last search is a while ago."""
    if variants.is_complete() or not _pace.allows(time.monotonic()):
        return
    try:
        variants.search()
    except SearchRefusedError as error:
        _log.warning("entries stored before the app was installed may stay stale: %s", error)
