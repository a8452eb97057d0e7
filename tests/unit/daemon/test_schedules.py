"""Schedules in a running loop, and what was missed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from warmer.config import ExpiryConfig, ScheduleConfig, SiteConfig, VerifyConfig
from warmer.daemon.schedule import Schedules, until_next_run, was_missed
from warmer.errors import ConfigError

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
HOURLY = ScheduleConfig(cron="0 * * * *", time_zone="UTC")
EVERY_SECOND = ScheduleConfig(every="1s")
LIMIT_S = 20


class Due:
    """Counts, and lets a test wait for a count."""

    def __init__(self) -> None:
        self.count = 0
        self._changed = asyncio.Event()

    def __call__(self) -> None:
        self.count += 1
        self._changed.set()

    async def reaches(self, count: int) -> None:
        async with asyncio.timeout(LIMIT_S):
            while self.count < count:
                self._changed.clear()
                await self._changed.wait()


async def test_a_schedule_calls_each_time_it_comes_due() -> None:
    due = Due()
    schedules = Schedules(due)
    schedules.start([EVERY_SECOND])
    next_s = schedules.next_s(datetime.now(UTC))
    assert next_s is not None
    assert 0 < next_s <= 1
    await due.reaches(2)
    schedules.stop()


async def test_jitter_only_delays() -> None:
    due = Due()
    schedules = Schedules(due)
    now = datetime.now(UTC)
    schedules.start([ScheduleConfig(every="1s", jitter_s=0.05)])
    await due.reaches(1)
    assert datetime.now(UTC) - now >= timedelta(seconds=1)
    schedules.stop()


async def test_a_call_that_waits_for_its_jitter_is_called_off_by_a_stop() -> None:
    due, loop = Due(), asyncio.get_running_loop()
    schedules = Schedules(due)
    schedules.start([])
    began = loop.time()
    await schedules._comes(30.0)
    (timer,) = schedules._jitters
    assert began <= timer.when() <= loop.time() + 30.0
    schedules.stop()
    assert (timer.cancelled(), due.count) == (True, 0)


async def test_what_was_replaced_calls_no_more_and_a_wrong_one_changes_nothing() -> None:
    due = Due()
    schedules = Schedules(due)
    schedules.start([HOURLY])
    with pytest.raises(ConfigError):
        schedules.replace([EVERY_SECOND, ScheduleConfig(cron="61 * * * *")])
    with pytest.raises(ConfigError):
        schedules.replace([ScheduleConfig(cron="1 * * * *", time_zone="Mars/Base")])
    assert len(schedules._scheduler.get_jobs()) == 1
    schedules.replace([EVERY_SECOND])
    await due.reaches(1)
    schedules.replace([])
    assert schedules.next_s(datetime.now(UTC)) is None
    schedules.stop()


async def test_a_job_that_is_hours_late_comes_once() -> None:
    due = Due()
    schedules = Schedules(due)
    schedules.start([ScheduleConfig(every="1h")])
    (job,) = schedules._scheduler.get_jobs()
    # As after a machine slept, or its clock was set forward.
    job.modify(next_run_time=datetime.now(UTC) - timedelta(hours=5, minutes=30))
    schedules.look_at_the_clock()
    await due.reaches(1)
    next_s = schedules.next_s(datetime.now(UTC))
    schedules.stop()
    assert due.count == 1
    assert next_s is not None
    assert 1700 < next_s <= 1800


@pytest.mark.parametrize(
    ("last", "missed"),
    [
        (None, True),
        (NOON, False),
        (NOON - timedelta(minutes=1), True),
        (NOON + timedelta(hours=9), False),  # the clock was set back
    ],
)
def test_a_schedule_was_missed_if_it_came_due_since_the_last_run(
    last: datetime | None, *, missed: bool
) -> None:
    now = NOON + timedelta(minutes=10)
    assert was_missed([HOURLY], last, now) is missed
    assert was_missed([ScheduleConfig(every="1d"), HOURLY], last, now) is missed


def test_without_a_schedule_none_was_missed() -> None:
    assert was_missed([], None, NOON) is False


def test_an_entry_must_last_until_the_next_run_unless_the_site_says_otherwise() -> None:
    site = SiteConfig(schedule=(HOURLY,))
    assert until_next_run(site, NOON).verify.min_ttl_s == 3600
    told = SiteConfig(schedule=(HOURLY,), verify=VerifyConfig(min_ttl_s=5))
    assert until_next_run(told, NOON) is told
    renewed = SiteConfig(schedule=(HOURLY,), expiry=ExpiryConfig(enabled=True))
    assert until_next_run(renewed, NOON) is renewed
    assert until_next_run(SiteConfig(), NOON) == SiteConfig()
