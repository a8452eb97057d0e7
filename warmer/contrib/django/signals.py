"""Listens to saves, deletes and many-to-many changes of every model that has pages.

A fault in here is logged and never reaches the save. Django tells nothing of
`QuerySet.update()`, `bulk_create()` and `bulk_update()`: `warm()` is for these. Fixtures
(`raw`) are left out, since what they refer to may not be there yet.
"""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import signals

from warmer.contrib.django.changes import changed, removed
from warmer.contrib.django.options import options
from warmer.contrib.django.pages import Pages, is_warmable, pages_of
from warmer.contrib.django.registry import listen, registered

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import Model

_log = logging.getLogger("warmer.django")
_BEFORE = "_warmer_before"
_CLEARED = "_warmer_cleared"
_RELATED_AT_MOST = 1000
_M2M = frozenset({"post_add", "post_remove", "post_clear"})


def connect() -> None:
    """Connect the receivers to every model that has pages now, or is given some later.

    To no other: a listener to deletes makes Django load what it would delete unseen.
    """
    signals.m2m_changed.connect(relation_changed, dispatch_uid="warmer.relation_changed")
    for model in apps.get_models():
        if hasattr(model, "get_absolute_url") or next(registered(model), None):
            _connect(model)
    listen(_connect_family)


def _connect_family(registered_model: type) -> None:
    for model in apps.get_models():
        if issubclass(model, registered_model):
            _connect(model)


def _connect(model: type[Model]) -> None:
    receivers = (
        (signals.pre_save, before_save),
        (signals.post_save, after_save),
        (signals.pre_delete, before_delete),
        (signals.post_delete, after_delete),
    )
    for signal, receiver in receivers:
        signal.connect(receiver, sender=model, dispatch_uid=f"warmer.{receiver.__name__}")


def harmless(receiver: Callable[..., None]) -> Callable[..., None]:
    """Log what the receiver raises, and let the save go on."""

    @functools.wraps(receiver)
    def guarded(sender: Any = None, **kwargs: Any) -> None:  # noqa: ANN401 -- a signal's arguments
        try:
            receiver(sender, **kwargs)
        except Exception:  # noqa: BLE001 -- whatever it is, the save is worth more
            _log.exception("a change of %s warms nothing", sender)

    return guarded


@harmless
def before_save(
    sender: type[Model],
    *,
    instance: Model,
    raw: bool,
    using: str,
    **_: Any,  # noqa: ANN401 -- what else a signal brings
) -> None:
    """Remember the pages of the row that is about to change: the URL may change with it.

    One query by primary key, and only for a save of a row that is there. A copy of every
    loaded instance would save the query and cost each page that lists instances more.
    """
    vars(instance).pop(_BEFORE, None)
    if raw or instance._state.adding or not is_warmable(sender, options()):  # noqa: SLF001 -- Django's documented model API
        return
    old = sender._base_manager.using(using).filter(pk=instance.pk).first()  # noqa: SLF001 -- documented
    if old is not None:
        setattr(instance, _BEFORE, pages_of(old))


@harmless
def after_save(
    sender: type[Model],
    *,
    instance: Model,
    raw: bool,
    using: str,
    **_: Any,  # noqa: ANN401 -- what else a signal sends
) -> None:
    before = vars(instance).pop(_BEFORE, Pages())
    if not raw and is_warmable(sender, options()):
        changed([instance], "save", using, before=before)


@harmless
def before_delete(sender: type[Model], *, instance: Model, **_: Any) -> None:  # noqa: ANN401 -- what else a signal sends
    """Here what the instance refers to is still there, which its URL may name."""
    if is_warmable(sender, options()):
        setattr(instance, _BEFORE, pages_of(instance))


@harmless
def after_delete(sender: type[Model], *, instance: Model, using: str, **_: Any) -> None:  # noqa: ANN401 -- what else a signal sends
    pages = vars(instance).pop(_BEFORE, None)
    if pages is not None and is_warmable(sender, options()):
        removed(instance, pages, "delete", using)


@harmless
def relation_changed(
    sender: type[Model],
    *,
    instance: Model,
    action: str,
    model: type[Model],
    pk_set: set[Any] | None,
    using: str,
    **_: Any,  # noqa: ANN401 -- what else a signal sends
) -> None:
    """Both sides of a relation that changed, once it has."""
    if action == "pre_clear":
        # Afterwards nobody knows who was related.
        setattr(instance, _CLEARED, _related(sender, instance, model, using))
        return
    if action not in _M2M:
        return
    others = vars(instance).pop(_CLEARED, set()) if pk_set is None else pk_set
    chosen = options()
    concerned: list[Model] = []
    if others and is_warmable(type(instance), chosen):
        concerned.append(instance)
    if others and is_warmable(model, chosen):
        among = list(others)[:_RELATED_AT_MOST]
        concerned += model._base_manager.using(using).filter(pk__in=among)  # noqa: SLF001 -- documented
    if concerned:
        changed(concerned, "m2m", using)


def _related(through: type[Model], instance: Model, model: type[Model], using: str) -> set[Any]:
    """Keys of the instances of `model` that the table `through` relates to this one."""
    for field in (*model._meta.many_to_many, *instance._meta.many_to_many):  # noqa: SLF001 -- documented
        if field.remote_field.through is through:
            forward = isinstance(instance, field.model)
            here, there = field.m2m_field_name(), field.m2m_reverse_field_name()
            if not forward:
                here, there = there, here
            rows = through._base_manager.using(using).filter(**{here: instance})  # noqa: SLF001 -- documented in spite of its name
            return set(rows.values_list(there, flat=True)[:_RELATED_AT_MOST])
    return set()
