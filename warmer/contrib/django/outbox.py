"""Writes triggers beside the change that made them, and sends them after its commit.

The row is in the transaction of the save: rolled back with it, committed with it, and
deleted when the trigger was taken. A failure costs a save nothing but a log line.
"""

from __future__ import annotations

import logging
import time
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS, connections, router, transaction

from warmer.contrib.django import staleness
from warmer.contrib.django.background import background
from warmer.contrib.django.circuit import Circuit
from warmer.contrib.django.delivery import DeliveryError, send
from warmer.contrib.django.options import options
from warmer.contrib.django.trigger import merged, messages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warmer.contrib.django.trigger import Trigger

_log = logging.getLogger("warmer.django")
circuit = Circuit()
_with_table: set[str] = set()
SWEEP_AFTER_OUTAGE = 1000


class _Batch:
    """The triggers of one transaction; `seen`: their savepoints, to write none twice."""

    def __init__(self) -> None:
        self.id = uuid.uuid4()
        self.seen: dict[tuple[object, ...], tuple[frozenset[str], Trigger]] = {}
        self.sent = False

    def certain(self) -> list[Trigger]:
        """The triggers, if none of them can have been rolled back alone; else nothing."""
        found = self.seen.values()
        return [] if any(savepoints for savepoints, _ in found) else [each for _, each in found]


class _AfterCommit:
    """What `on_commit` holds for a row; a savepoint's rollback drops it with the row."""

    def __init__(self, batch: _Batch, alias: str) -> None:
        self.batch = batch
        self.alias = alias

    def __call__(self) -> None:
        if not self.batch.sent:
            self.batch.sent = True
            deliver(self.batch.id, self.alias, self.batch.certain())


def record(trigger: Trigger, using: str | None = None) -> None:
    """Send this trigger once the current transaction of `using` commits, now if there is none."""
    if not trigger.urls:
        return
    database = using or DEFAULT_DB_ALIAS
    alias = outbox_alias(database) if options().sends else None
    if alias is None or alias != database:
        # In no transaction of the save's; kept, if anywhere, from the commit on.
        transaction.on_commit(partial(_record_apart, trigger, alias), using=database, robust=True)
        return
    connection = connections[database]
    batch = _current(connection)
    savepoints = frozenset(connection.savepoint_ids)
    what = (trigger.urls, trigger.gone, trigger.tags)
    if (before := batch.seen.get(what)) is not None and before[0] <= savepoints:
        return
    _model().of(trigger, batch.id).save(using=alias, force_insert=True)
    batch.seen[what] = (savepoints, trigger)
    transaction.on_commit(_AfterCommit(batch, alias), using=database, robust=True)


def _current(connection: Any) -> _Batch:  # noqa: ANN401 -- a database wrapper
    """The batch of the transaction under way. Django forgets its hooks on a rollback, and so we."""
    for _savepoints, hook, _robust in reversed(connection.run_on_commit):
        if isinstance(hook, _AfterCommit):
            return hook.batch
    return _Batch()


def _record_apart(trigger: Trigger, alias: str | None) -> None:
    batch = uuid.uuid4()
    if alias is not None:
        _model().of(trigger, batch).save(using=alias, force_insert=True)
    deliver(batch, alias, [trigger])


def outbox_alias(database: str) -> str | None:
    """The database of the outbox for a model in `database`: there, else the default one, else none."""
    for alias in (database, str(DEFAULT_DB_ALIAS)):
        if alias in _with_table:
            return alias
        model = _model()
        if router.allow_migrate_model(alias, model):
            table = model._meta.db_table  # noqa: SLF001 -- Django's documented model API
            if table in connections[alias].introspection.table_names():
                _with_table.add(alias)
                return alias
    _log.warning(
        "no outbox table: triggers are lost when not taken at once; run: manage.py migrate"
    )
    return None


def deliver(batch: uuid.UUID, alias: str | None, certain: Sequence[Trigger]) -> None:
    """Make the pages of a committed batch stale and send it, here or in the background.

    `certain`: its triggers, where these are known without asking the outbox. `alias`: the
    outbox's database, None if there is none.
    """
    triggers = list(certain)
    if not triggers and alias is not None:
        triggers = [row.trigger() for row in _rows(batch, alias)]
    if not triggers:
        return
    trigger = merged(triggers)
    chosen = options()
    is_done = staleness.make_stale(trigger)
    finish = partial(_finish, batch, alias, trigger, search=not is_done)
    if is_done and not chosen.webhook:
        finish()
    else:
        background.submit(finish)


def _finish(batch: uuid.UUID, alias: str | None, trigger: Trigger, *, search: bool) -> None:
    if search:
        staleness.make_stale(trigger, wait=True)
    if _attempt(batch, trigger) and alias is not None:
        _rows(batch, alias).delete()


def _attempt(batch: uuid.UUID, trigger: Trigger) -> bool:
    """Whether the trigger need not be kept: it was taken, or nobody is there to take any."""
    chosen = options()
    if not chosen.sends:
        return True
    if circuit.is_open(time.monotonic(), chosen.retry_s):
        return False
    try:
        send(list(messages(batch, trigger)), chosen)
    except DeliveryError as error:
        if not error.refused:
            circuit.failed(time.monotonic())
        _log.warning(
            "%s; kept in the outbox, next try in %g s, or run: manage.py warmer_outbox",
            error, chosen.retry_s,
        )  # fmt: skip
        return False
    if circuit.succeeded():
        background.submit(_sweep_after_outage)
    return True


def _sweep_after_outage() -> None:
    from warmer.contrib.django.sweep import sweep  # noqa: PLC0415 -- it imports this module

    for alias in sorted(_with_table):
        sweep(alias, limit=SWEEP_AFTER_OUTAGE)


def _rows(batch: uuid.UUID, alias: str) -> Any:  # noqa: ANN401 -- a query set
    return _model().objects.using(alias).filter(batch=batch).order_by("id")


def _model() -> Any:  # noqa: ANN401 -- a model, which may be imported only when apps are loaded
    from warmer.contrib.django.models import Outbox  # noqa: PLC0415 -- as the signature says

    return Outbox
