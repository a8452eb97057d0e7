"""django CMS: plugins, which have no URL of their own but show on their placeholder's page.

Loaded only beside django CMS 4 or newer. Its Page, PageUrl and PageContent have
`get_absolute_url()` and come by the ordinary signals; moves of plugins and of pages change
rows without a signal of Django, hence the operations of the CMS itself.
"""

from __future__ import annotations

from typing import Any

from cms import signals  # type: ignore[import-not-found]  # optional
from cms.models import CMSPlugin, Page  # type: ignore[import-not-found]  # optional
from django.apps import apps
from django.db.models.signals import post_delete, post_save

from warmer.contrib.django.changes import NOWHERE, changed_pages
from warmer.contrib.django.pages import pages_of
from warmer.contrib.django.signals import harmless

_PLACEHOLDERS = ("placeholder", "source_placeholder", "target_placeholder")


def connect() -> None:
    """Connect the receivers once."""
    signals.post_obj_operation.connect(page_changed, dispatch_uid="warmer.cms.page")
    signals.post_placeholder_operation.connect(placeholders_changed, dispatch_uid="warmer.cms")
    for model in apps.get_models():
        if issubclass(model, CMSPlugin):
            post_save.connect(plugin_changed, sender=model, dispatch_uid="warmer.cms.saved")
            post_delete.connect(plugin_changed, sender=model, dispatch_uid="warmer.cms.deleted")


@harmless
def plugin_changed(_sender: object, *, instance: Any, **_: Any) -> None:  # noqa: ANN401 -- a signal's
    _shows(instance.placeholder)


@harmless
def page_changed(_sender: object, *, obj: Any, **_: Any) -> None:  # noqa: ANN401 -- a signal's
    if hasattr(obj, "get_absolute_url"):
        changed_pages(Page, pages_of(obj), NOWHERE, "operation")


@harmless
def placeholders_changed(_sender: object, **given: Any) -> None:  # noqa: ANN401 -- a signal's
    for name in _PLACEHOLDERS:
        _shows(given.get(name))


def _shows(placeholder: Any) -> None:  # noqa: ANN401 -- a Placeholder, or nothing
    source = getattr(placeholder, "source", None)
    if hasattr(source, "get_absolute_url"):
        changed_pages(Page, pages_of(source), NOWHERE, "plugin")
