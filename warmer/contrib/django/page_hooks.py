"""Follows Django's page cache: what it stores, and which requests it must render anew.

Django offers no such places, so two functions of `django.middleware.cache` are wrapped:
`process_request` of the fetching half and `learn_cache_key`, through which every entry
passes, whether of the site-wide middleware or of `cache_page()`. For requests that carry
no refresh nothing changes but one attribute. The cache itself is not touched.
"""

from __future__ import annotations

import functools
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.cache import caches
from django.middleware import cache as page_cache

from warmer.contrib.django.options import options, stale_mode
from warmer.contrib.django.page_keys import parse
from warmer.contrib.django.variants import variants_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

_log = logging.getLogger("warmer.django")


@dataclass(slots=True)
class Passage:
    """What one request met in page caches, kept at the request as `_warmer_passage`.

    refresh: stored entries are to be passed by. began: unix seconds before rendering.
    learnt: cache and page key of what Django went about to store.
    """

    refresh: bool = False
    began: float = 0.0
    learnt: list[tuple[Any, str]] = field(default_factory=list)


def passage(request: HttpRequest) -> Passage:
    """The request's passage, begun if need be."""
    found: Passage | None = getattr(request, "_warmer_passage", None)
    if found is None:
        found = request._warmer_passage = Passage()  # noqa: SLF001 -- our own attribute
    return found


def install() -> None:
    """Wrap both functions, once in a process."""
    fetching = page_cache.FetchFromCacheMiddleware
    if not hasattr(fetching.process_request, "_warmer"):
        fetching.process_request = _passing_by(fetching.process_request)
        page_cache.UpdateCacheMiddleware.process_response = _checking(
            page_cache.UpdateCacheMiddleware.process_response
        )
        page_cache.learn_cache_key = _noting(page_cache.learn_cache_key)


def _passing_by(fetch: Any) -> Any:  # noqa: ANN401 -- an untyped method of Django
    @functools.wraps(fetch)
    def process_request(self: Any, request: HttpRequest) -> HttpResponse | None:  # noqa: ANN401 -- of Django, without types
        passed = passage(request)
        if not passed.began:
            passed.began = time.time()
        if passed.refresh and request.method in {"GET", "HEAD"}:
            request._cache_update_cache = True  # noqa: SLF001 -- as after a miss
            return None
        return fetch(self, request)

    process_request._warmer = True  # type: ignore[attr-defined]  # noqa: SLF001 -- marks the wrap
    return process_request


def _noting(learn: Any) -> Any:  # noqa: ANN401 -- an untyped function of Django
    @functools.wraps(learn)
    def learn_cache_key(
        request: HttpRequest,
        response: HttpResponse,
        cache_timeout: float | None = None,
        key_prefix: str | None = None,
        cache: Any = None,  # noqa: ANN401 -- any backend
    ) -> str:
        key: str = learn(request, response, cache_timeout, key_prefix, cache)
        store = caches[settings.CACHE_MIDDLEWARE_ALIAS] if cache is None else cache
        passed = passage(request)
        passed.learnt.append((store, key))
        if stale_mode(options()) != "leave":
            _note(store, key, passed, cache_timeout)
        return key

    return learn_cache_key


def _note(store: Any, key: str, passed: Passage, life_s: float | None) -> None:  # noqa: ANN401 -- of Django, without types
    try:
        if (variants := variants_of(store)) is not None:
            began = passed.began or time.time()
            variants.note(key, began=began, life_s=life_s, refreshed=passed.refresh)
    except Exception as error:  # noqa: BLE001 -- of whichever cache backend; visitors get their page
        _log.warning("page not indexed: %s: %s", type(error).__name__, error)


def _checking(store: Any) -> Any:  # noqa: ANN401 -- an untyped method of Django
    @functools.wraps(store)
    def process_response(
        self: Any,  # noqa: ANN401 -- of Django, without types
        request: HttpRequest,
        response: HttpResponse,
    ) -> HttpResponse:
        answered = store(self, request, response)
        passed = passage(request)
        if passed.learnt and _must_be_fresh(passed):
            _remove_if_overtaken(passed)
        return answered

    return process_response


def _must_be_fresh(passed: Passage) -> bool:
    """A refresh that a further save overtook is followed by that save's own: nobody shall wait."""
    mode = stale_mode(options())
    return mode == "purge" or (mode == "refresh" and not passed.refresh)


def _remove_if_overtaken(passed: Passage) -> None:
    """A page that was rendered from what a save has changed meanwhile is not kept."""
    for cache, key in passed.learnt:
        names = parse(key)
        try:
            variants = variants_of(cache)
            if variants and names and variants.is_overtaken(names.digest, passed.began):
                cache.delete(key)
        except Exception as error:  # noqa: BLE001 -- of whichever cache backend; visitors get their page
            _log.warning("page not checked: %s: %s", type(error).__name__, error)
