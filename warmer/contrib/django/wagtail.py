"""A backend for `wagtail.contrib.frontend_cache`: exact URLs to warm instead of to purge.

WAGTAILFRONTENDCACHE = {
    "warmer": {"BACKEND": "warmer.contrib.django.wagtail.FrontendCacheBackend"},
}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wagtail.contrib.frontend_cache.backends import BaseBackend  # type: ignore[import-not-found]  # optional

from warmer.contrib.django.changes import warm

if TYPE_CHECKING:
    from collections.abc import Iterable


class FrontendCacheBackend(BaseBackend):  # type: ignore[misc]  # Wagtail has no types
    """What Wagtail, or the site by `PurgeBatch`, would purge is made stale and warmed."""

    def purge(self, url: str) -> None:
        self.purge_batch([url])

    def purge_batch(self, urls: Iterable[str]) -> None:
        warm(urls, why="publish")
