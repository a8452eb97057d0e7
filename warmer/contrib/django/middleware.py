"""Two middlewares, outermost in this order: what the page cache did, and refresh in place.

MIDDLEWARE = [
    "warmer.contrib.django.middleware.CacheStatusMiddleware",
    "warmer.contrib.django.middleware.RefreshMiddleware",
    "django.middleware.cache.UpdateCacheMiddleware",
    ...
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from django.core.exceptions import DisallowedHost
from django.utils.deprecation import MiddlewareMixin

from warmer.contrib.django import page_hooks, signature, staleness
from warmer.contrib.django.options import options
from warmer.contrib.django.pages import base_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest, HttpResponse

_log = logging.getLogger("warmer.django")
_HEADER = "HTTP_X_WARMER_REFRESH"


class CacheStatusMiddleware(MiddlewareMixin):  # type: ignore[misc]  # Django has no types
    """Adds `Cache-Status: django; …` (RFC 9211) for Django's page cache.

    `stored` only if the cache, asked for the entry, has it; so a miss costs one look more.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        member = f"django; {_status(request)}"
        before = response.get("Cache-Status")
        response["Cache-Status"] = f"{before}, {member}" if before else member
        return response


def _status(request: HttpRequest) -> str:
    looked = getattr(request, "_cache_update_cache", None)
    if looked is None:
        return "fwd=bypass"
    if request.method not in {"GET", "HEAD"}:
        return "fwd=method"
    if not looked:
        return "hit"
    passed = page_hooks.passage(request)
    reason = "fwd=request" if passed.refresh else "fwd=miss"
    return f"{reason}; stored" if _is_stored(passed) else reason


def _is_stored(passed: page_hooks.Passage) -> bool:
    try:
        return any(cache.has_key(key) for cache, key in passed.learnt)
    except Exception as error:  # noqa: BLE001 -- of whichever cache backend; visitors get their page
        _log.warning("not known to be stored: %s: %s", type(error).__name__, error)
        return False


class RefreshMiddleware(MiddlewareMixin):  # type: ignore[misc]  # Django has no types
    """Renders and stores a page anew for a request that is signed with our secret.

    Any other request is left as it is, without a word about the signature.
    """

    def process_request(self, request: HttpRequest) -> None:
        header = request.META.get(_HEADER)
        if not header or request.method not in {"GET", "HEAD"}:
            return
        secret = options().secret
        if secret and signature.is_valid(header, _asked_as(request), secret, time.time()):
            page_hooks.passage(request).refresh = True

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        passed = page_hooks.passage(request)
        if passed.refresh:
            uri = request.build_absolute_uri()
            staleness.after_refresh(uri, passed.learnt, response.status_code)
        return response


def _asked_as(request: HttpRequest) -> Iterator[str]:
    """What warmer may have called this page: proxies change scheme and host on the way."""
    try:
        host = request.get_host()
    except DisallowedHost:
        return
    paths = {request.META.get("RAW_URI"), request.META.get("REQUEST_URI"), request.get_full_path()}
    roots = {f"{scheme}://{host}" for scheme in ("https", "http")}
    if base := base_url(options()):
        roots.add(base)
    for root in roots:
        for path in paths:
            if path and path.startswith("/"):
                yield root + path
