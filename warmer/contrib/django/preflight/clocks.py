"""Whether this machine's clock is that of the databases and of Redis.

Signatures of refresh requests and triggers hold for 300 seconds, and entries expire by
Redis' clock; what is far off breaks both without a word.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.cache import caches
from django.db import connections

from warmer.contrib.django.preflight.asked import words_of
from warmer.contrib.django.variants import redis_of
from warmer.preflight.result import Grade, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from warmer.contrib.django.preflight.asked import Asked

_WARN_S, _FAIL_S = 5.0, 60.0
_QUESTIONS = {
    "postgresql": "SELECT extract(epoch from clock_timestamp())",
    "mysql": "SELECT unix_timestamp(now(6))",
}


def clock(_asked: Asked) -> Iterator[Result]:
    """One result for each server that tells its time."""
    found = list(_results())
    if not found:
        why = "neither a Redis nor a database server to compare with"
        found = [Result("clock", Grade.SKIPPED, "", why)]
    yield from found


def _results() -> Iterator[Result]:
    for alias in settings.CACHES:
        client = redis_of(caches[alias])
        if client is not None:
            yield _asked(f"CACHES {alias}", partial(_redis_time, client))
    for connection in connections.all():
        if connection.vendor in _QUESTIONS:
            where = f"DATABASES {connection.alias}"
            yield _asked(where, partial(_database_time, connection))


def _asked(where: str, ask: Callable[[], float]) -> Result:
    began = time.time()
    try:
        told = ask()
    except Exception as error:  # noqa: BLE001 -- each client has errors of its own
        return Result("clock", Grade.SKIPPED, where, f"no answer: {words_of(error)}")
    return judged(where, told, began=began, ended=time.time())


def judged(where: str, told: float, *, began: float, ended: float) -> Result:
    """By how much a clock that was asked in between is off; unix seconds."""
    off_s = max(began - told, told - ended, 0.0)
    if off_s < _WARN_S:
        return Result("clock", Grade.OK, where, f"differs by less than {_WARN_S:.0f} s")
    grade = Grade.FAIL if off_s >= _FAIL_S else Grade.WARN
    reason = f"{off_s:.0f} s {'ahead of' if told > ended else 'behind'} this machine's"
    return Result("clock", grade, where, reason, "let NTP set both clocks")


def _redis_time(client: Any) -> float:  # noqa: ANN401 -- a redis.Redis, optional
    seconds, microseconds = client.time()
    return float(seconds + microseconds / 1e6)


def _database_time(connection: Any) -> float:  # noqa: ANN401 -- Django has no types
    with connection.cursor() as cursor:
        cursor.execute(_QUESTIONS[connection.vendor])
        return float(cursor.fetchone()[0])
