"""Sends what is left in an outbox, oldest first; several processes may do so at once.

Where the database can lock rows, no row is sent by two. Elsewhere one may be sent twice,
which warms a page twice and loses nothing.
"""

from __future__ import annotations

import contextlib
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connections, transaction

from warmer.contrib.django import staleness
from warmer.contrib.django.delivery import DeliveryError, send
from warmer.contrib.django.models import Outbox
from warmer.contrib.django.options import options
from warmer.contrib.django.trigger import merged, messages

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Swept:
    """What became of an outbox: rows sent, rows left (others may be at these), and why."""

    sent: int
    left: int
    reason: str = ""


def sweep(alias: str, *, limit: int | None = None) -> Swept:
    """Send at most `limit` batches; ends early where nobody takes any."""
    after, sent, batches, reason = 0, 0, 0, ""
    while limit is None or batches < limit:
        with _row_locks(alias):
            first = _oldest(alias).filter(pk__gt=after).first()
            if first is None:
                break
            after = first.pk
            rows = list(_oldest(alias).filter(batch=first.batch))
            if not rows:  # another process was faster
                continue
            batches += 1
            try:
                _send(rows)
            except DeliveryError as error:
                reason = str(error)
                if not error.refused:
                    break
                continue
            Outbox.objects.using(alias).filter(pk__in=[row.pk for row in rows]).delete()
            sent += len(rows)
    return Swept(sent, Outbox.objects.using(alias).count(), reason)


def _row_locks(alias: str) -> contextlib.AbstractContextManager[Any]:
    # Without row locks a transaction would only keep the site from writing meanwhile.
    return transaction.atomic(using=alias) if _can_skip(alias) else contextlib.nullcontext()


def _can_skip(alias: str) -> bool:
    return bool(connections[alias].features.has_select_for_update_skip_locked)


def _oldest(alias: str) -> Any:  # noqa: ANN401 -- a query set
    found = Outbox.objects.using(alias).order_by("pk")
    return found.select_for_update(skip_locked=True) if _can_skip(alias) else found


def _send(rows: Sequence[Outbox]) -> None:
    trigger = merged(row.trigger() for row in rows)
    staleness.make_stale(trigger, wait=True)
    chosen = options()
    if chosen.sends:
        # Of these rows: another process may hold the rest of the batch.
        identity = uuid.uuid5(rows[0].batch, " ".join(str(row.pk) for row in rows))
        send(list(messages(identity, trigger)), chosen)
