"""Whether saves will warm pages: the way to the daemon, and what waits to go it. Sends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.db import DatabaseError, connections

from warmer.contrib.django.delivery import stream_groups
from warmer.contrib.django.options import options
from warmer.contrib.django.outbox import outbox_alias
from warmer.contrib.django.preflight.asked import words_of
from warmer.preflight.result import Grade, Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.contrib.django.options import Options
    from warmer.contrib.django.preflight.asked import Asked


def triggers(_asked: Asked) -> Iterator[Result]:
    """The stream answers and a daemon reads it; nothing is left in the outbox."""
    chosen = options()
    if not chosen.sends:
        why = "WARMER names neither stream nor webhook"
        yield Result("triggers", Grade.SKIPPED, "WARMER", why)
        return
    yield _way(chosen)
    yield from _outbox()


def _outbox() -> Iterator[Result]:
    model = apps.get_model("warmer", "Outbox")
    counted: set[str] = set()
    for database in connections:
        where = f"DATABASES {database}"
        try:
            alias = outbox_alias(database)
            if alias is None or alias in counted:
                continue
            counted.add(alias)
            left = model.objects.using(alias).count()
        except DatabaseError as error:
            yield Result("triggers", Grade.SKIPPED, where, f"no answer: {words_of(error)}")
            continue
        if left:
            reason = f"{left:,} changes were not sent: their pages are stale"
            yield Result("triggers", Grade.WARN, where, reason, "run manage.py warmer_outbox")


def _way(chosen: Options) -> Result:
    check = "triggers"
    if chosen.webhook:
        why = "a webhook can be tried only by a trigger: save something, and see it warmed"
        return Result(check, Grade.SKIPPED, "WARMER webhook", why)
    where = f"WARMER stream {chosen.key}"
    try:
        groups = stream_groups(chosen)
    except Exception as error:  # noqa: BLE001 -- redis' errors, without importing it for them
        cure = "start that Redis, or mend the stream's URL and login"
        return Result(check, Grade.FAIL, where, words_of(error), cure)
    if not groups:
        reason = "no daemon has read it: saves warm nothing yet"
        cure = "start warmer daemon with invalidation.stream and invalidation.key the same"
        return Result(check, Grade.WARN, where, reason, cure)
    return Result(check, Grade.OK, where, f"read by {', '.join(groups)}")
