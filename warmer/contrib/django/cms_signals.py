"""django CMS: publishing and plugin changes, which save no model with a URL of its own.

Loaded only beside django CMS 4 or newer. Saves of its Page and PageContent models have
`get_absolute_url()` and come by the ordinary signals.
"""

from __future__ import annotations

from typing import Any

from cms import signals  # type: ignore[import-not-found]  # optional
from cms.models import Page  # type: ignore[import-not-found]  # optional

from warmer.contrib.django.changes import changed_pages
from warmer.contrib.django.pages import Pages, pages_of
from warmer.contrib.django.signals import harmless


def connect() -> None:
    """Connect the receivers once."""
    signals.post_obj_operation.connect(operated, dispatch_uid="warmer.cms.operated")
    signals.post_placeholder_operation.connect(placed, dispatch_uid="warmer.cms.placed")


@harmless
def operated(_sender: object, *, obj: Any, **_: Any) -> None:  # noqa: ANN401
    """A page was published, moved, or otherwise worked upon as a whole."""
    if hasattr(obj, "get_absolute_url"):
        changed_pages(Page, pages_of(obj), Pages(), "publish")


@harmless
def placed(_sender: object, **given: Any) -> None:  # noqa: ANN401
    """A plugin was added, changed, moved or deleted: the page of its placeholder shows it."""
    for name in ("placeholder", "source_placeholder", "target_placeholder"):
        source = getattr(given.get(name), "source", None)
        if hasattr(source, "get_absolute_url"):
            changed_pages(Page, pages_of(source), Pages(), "plugin")
