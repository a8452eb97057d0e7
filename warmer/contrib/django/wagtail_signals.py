"""Wagtail's own signals: publish, unpublish, move, slug change. Loaded only beside Wagtail.

Pages have no `get_absolute_url()`, and drafts are saves that visitors never see.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models.signals import pre_delete
from wagtail import signals  # type: ignore[import-not-found]  # optional
from wagtail.models import Page  # type: ignore[import-not-found]  # optional

from warmer.contrib.django.changes import changed_pages
from warmer.contrib.django.pages import Pages, absolute
from warmer.contrib.django.signals import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable

DESCENDANTS_AT_MOST = 1000


def connect() -> None:
    """Connect the receivers once."""
    receivers = (
        (signals.page_published, published),
        (signals.page_unpublished, unpublished),
        (signals.post_page_move, moved),
        (signals.page_slug_changed, slug_changed),
    )
    for signal, receiver in receivers:
        signal.connect(receiver, dispatch_uid=f"warmer.wagtail.{receiver.__name__}")
    for model in apps.get_models():
        if issubclass(model, Page):
            pre_delete.connect(deleted, sender=model, dispatch_uid="warmer.wagtail.deleted")


def urls_of(page: Any) -> tuple[str, ...]:  # noqa: ANN401 -- a Wagtail page, optional
    """The page's URLs, with those that its `get_cached_paths()` names; empty outside any site."""
    root = page.full_url
    if not root:
        return ()
    paths = page.specific_deferred.get_cached_paths()
    return absolute(
        root.rstrip("/") + "/" + path.lstrip("/") if path != "/" else root for path in paths
    )


@harmless
def published(_sender: object, *, instance: Any, **_: Any) -> None:  # noqa: ANN401 -- a Wagtail page, and what else a signal sends
    changed_pages(Page, Pages(urls_of(instance)), Pages(), "publish")


@harmless
def unpublished(_sender: object, *, instance: Any, **_: Any) -> None:  # noqa: ANN401 -- a Wagtail page, and what else a signal sends
    changed_pages(Page, Pages(), Pages(urls_of(instance)), "unpublish")


@harmless
def deleted(_sender: object, *, instance: Any, **_: Any) -> None:  # noqa: ANN401 -- a Wagtail page, and what else a signal sends
    """Of a page in whatever class: Wagtail deletes the specific one first."""
    if instance.live:
        changed_pages(Page, Pages(), Pages(urls_of(instance)), "delete")


@harmless
def moved(
    _sender: object,
    *,
    instance: Any,  # noqa: ANN401 -- a Wagtail page, and what else a signal sends
    url_path_before: str,
    url_path_after: str,
    **_: Any,  # noqa: ANN401 -- a Wagtail page, and what else a signal sends
) -> None:
    """A move takes the pages below with it; a new place among the same siblings changes no URL."""
    if url_path_before != url_path_after:
        _replaced(instance, url_path_before, url_path_after, "move")


@harmless
def slug_changed(_sender: object, *, instance: Any, instance_before: Any, **_: Any) -> None:  # noqa: ANN401 -- a Wagtail page, and what else a signal sends
    _replaced(instance, instance_before.url_path, instance.url_path, "slug")


def _replaced(page: Any, before: str, after: str, why: str) -> None:  # noqa: ANN401 -- a Wagtail page, and what else a signal sends
    below = page.get_descendants().live()[:DESCENDANTS_AT_MOST]
    moved_pages: Iterable[Any] = [*([page] if page.live else []), *below]
    now: list[str] = []
    then: list[str] = []
    for each in moved_pages:
        now += urls_of(each)
        ghost = copy.copy(each)
        ghost.url_path = before + each.url_path.removeprefix(after)
        then += urls_of(ghost)
    changed_pages(Page, Pages(tuple(now)), Pages(tuple(then)), why)
