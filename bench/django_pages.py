"""Fills a Redis with the page entries of a real Django: `python django_pages.py URL COUNT`.

A program of its own, so that Django's memory is not in the figures of others.
"""

from __future__ import annotations

import sys

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.cache import UpdateCacheMiddleware
from django.test import RequestFactory
from django.utils.cache import patch_vary_headers

from bench.pages import paths

HOST = "www.example.com"
LANGUAGES = "en-US,en;q=0.9"


def page(_request: HttpRequest) -> HttpResponse:
    """What visitors get: some kilobytes that vary on two headers."""
    response = HttpResponse("<p>some words</p>" * 100, headers={"Cache-Control": "max-age=3600"})
    patch_vary_headers(response, ["Accept-Language", "Accept-Encoding"])
    return response


def fill(url: str, count: int) -> None:
    """Store `count` pages through Django's own middleware."""
    settings.configure(
        ALLOWED_HOSTS=[HOST],
        USE_I18N=False,
        USE_TZ=False,
        CACHES={
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": url,
            }
        },
    )
    django.setup()
    middleware = UpdateCacheMiddleware(page)
    requests = RequestFactory(
        headers={"Host": HOST, "Accept-Language": LANGUAGES, "Accept-Encoding": "gzip, deflate"}
    )
    for path in paths(count):
        request = requests.get(path)
        request._cache_update_cache = True  # noqa: SLF001 -- as FetchFromCacheMiddleware does
        middleware.process_response(request, page(request))


if __name__ == "__main__":
    fill(sys.argv[1], int(sys.argv[2]))
