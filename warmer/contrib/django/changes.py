"""From changed instances, or URLs that the site's own code names, to triggers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.db import router

from warmer.contrib.django.outbox import record
from warmer.contrib.django.pages import Pages, absolute, pages_of, tag
from warmer.contrib.django.trigger import Trigger

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import Model


NOWHERE = Pages()


def warm(urls: Iterable[str], *, why: str = "call", using: str | None = None) -> None:
    """Warm these pages after the commit, as a save would: for `QuerySet.update()` and the like.

    `urls`: absolute, or paths. `why`: at most 20 characters, shown by the daemon.
    """
    record(Trigger(urls=absolute(urls), why=why[:20], at=time.time()), using)


def changed(
    instances: Iterable[Model], why: str, using: str | None, *, before: Pages = NOWHERE
) -> None:
    """These instances were saved; `before`: their pages until now."""
    now = NOWHERE
    models: dict[type[Model], None] = {}
    for instance in instances:
        pages = pages_of(instance)
        now = Pages(now.own + pages.own, now.others + pages.others)
        models[type(instance)] = None
    _record(now, before, models, why, using)


def removed(instance: Model, pages: Pages, why: str, using: str | None) -> None:
    """This instance is no more; `pages`: those it had."""
    _record(NOWHERE, pages, [type(instance)], why, using)


def changed_pages(model: type[Model], now: Pages, before: Pages, why: str) -> None:
    """Pages of a model whose URLs are not to be had from `get_absolute_url()`."""
    _record(now, before, [model], why, router.db_for_write(model))


def _record(
    now: Pages, before: Pages, models: Iterable[type[Model]], why: str, using: str | None
) -> None:
    alive = {*now.own, *now.others, *before.others}
    trigger = Trigger(
        urls=tuple(dict.fromkeys(now.own + now.others + before.own + before.others)),
        gone=tuple(url for url in before.own if url not in alive),
        tags=tuple(dict.fromkeys(tag(model) for model in models)),
        why=why,
        at=time.time(),
    )
    record(trigger, using)
