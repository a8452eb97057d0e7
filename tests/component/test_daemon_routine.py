"""Schedules against a queue on a real disk, which another process may hold."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import msgspec

from warmer.config import SiteConfig
from warmer.daemon.clock import Clock
from warmer.daemon.queue import TriggerQueue
from warmer.daemon.routine import Routine

if TYPE_CHECKING:
    from pathlib import Path

HOURLY = msgspec.convert(
    {"base_url": "https://www.example.com", "schedule": [{"every": "1h"}]}, SiteConfig
)


async def test_a_schedule_that_the_disk_refuses_comes_once_when_it_takes_it_again(
    tmp_path: Path,
) -> None:
    queue = TriggerQueue(tmp_path / "w.db", patience_s=0.01)
    woken: list[None] = []
    routine = Routine(queue, "shop", Clock(), lambda: woken.append(None))
    with contextlib.closing(sqlite3.connect(tmp_path / "w.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        routine.start(HOURLY, None, is_known=False)
        routine.look_at_the_clock()
        assert (queue.backlog("shop"), woken) == ((0, None), [])
        other.execute("COMMIT")
    routine.look_at_the_clock()
    routine.look_at_the_clock()
    assert queue.backlog("shop")[0] == 1
    assert woken == [None]
    routine.stop()
    queue.close()
