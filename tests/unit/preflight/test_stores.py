from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from warmer.caches.server import Reading
from warmer.caches.standing import Standing
from warmer.preflight.result import CACHES, Grade
from warmer.preflight.stores import judged, unanswered

MB = 1_000_000
READING = Reading(
    node="10.0.0.20:6379",
    kind="redis",
    identity="1",
    hits=0,
    misses=0,
    evictions=0,
    connections=1,
    resets=0,
    flushes=0,
    used_bytes=50 * MB,
    max_bytes=100 * MB,
    policy="allkeys-lru",
)
STANDING = Standing(
    reading=READING,
    keeps="snapshots",
    write_error=None,
    asks_login=False,
    address="127.0.0.1",
    binds=("127.0.0.1", "::1"),
    loopback_only=True,
)


def grades(**changed: Any) -> dict[str, str]:
    """The checks that are not ok, of a good server with some things changed."""
    of_reading = {name for name in changed if name in Reading.__dataclass_fields__}
    reading = dataclasses.replace(READING, **{name: changed.pop(name) for name in of_reading})
    found = judged(dataclasses.replace(STANDING, reading=reading, **changed))
    return {each.check: each.grade for each in found if each.grade is not Grade.OK}


def test_a_good_server_passes_every_check() -> None:
    assert grades() == {}
    assert [each.check for each in judged(STANDING)] == list(CACHES)


def test_memory_that_is_full_is_in_order_where_old_pages_make_room() -> None:
    assert grades(used_bytes=100 * MB) == {}


def test_memory_that_is_full_fails_where_nothing_may_go() -> None:
    full = {"used_bytes": 90 * MB, "policy": "noeviction"}
    assert grades(**full) == {"cache-memory": "fail", "cache-policy": "warn"}
    assert grades(used_bytes=89 * MB, policy="no eviction") == {"cache-policy": "warn"}


def test_no_limit_and_evictions_are_warned_of() -> None:
    assert grades(max_bytes=None) == {"cache-memory": "warn"}
    assert grades(evictions=1) == {"cache-evictions": "warn"}


def test_a_server_that_refuses_writes_fails() -> None:
    assert grades(write_error="its last snapshot failed") == {"cache-persistence": "fail"}


@pytest.mark.parametrize(
    ("changed", "grade"),
    [
        ({"address": "10.0.0.20"}, "warn"),
        ({"address": "fe80::1%eth0"}, "warn"),
        ({"address": "8.8.8.8"}, "fail"),
        ({"address": "8.8.8.8", "asks_login": True}, None),
        ({"binds": ("0.0.0.0",), "loopback_only": False}, "fail"),
        ({"binds": ("*",), "loopback_only": False}, "fail"),
        ({"binds": ("*",), "loopback_only": True}, None),
        ({"binds": ("localhost",), "loopback_only": False}, None),
        ({"binds": None}, "skipped"),
        ({"binds": None, "address": None}, None),
        ({"binds": (), "address": None, "loopback_only": False}, None),
    ],
)
def test_who_gets_in_without_a_password(changed: dict[str, Any], grade: str | None) -> None:
    assert grades(**changed) == ({"cache-exposed": grade} if grade else {})


def test_of_a_server_that_does_not_answer_one_check_fails() -> None:
    found = unanswered("redis://10.0.0.20/1", "Redis does not answer; start it")
    assert (found[0].reason, found[0].cure) == ("Redis does not answer", "start it")
    assert [each.grade for each in found] == [Grade.FAIL, *[Grade.SKIPPED] * 5]
