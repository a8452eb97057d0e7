"""When a site is warmed next, from its `[[schedule]]` tables, and the clock that says so.

APScheduler's triggers say when; nothing is run from here, a schedule that comes due only
calls back. Expressions mean what they mean to cron (crontab(5)), not to APScheduler,
where Monday is day 0.
"""

from __future__ import annotations

import asyncio
import random
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from warmer.config_rules import duration_s
from warmer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apscheduler.triggers.base import BaseTrigger

    from warmer.config import ScheduleConfig, SiteConfig

_MOMENT = timedelta(microseconds=1)
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAYS_PART = re.compile(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/([0-9]{1,2}))?", re.ASCII)


class Schedules:
    """The schedules of one site while the daemon runs: each calls `due` when its time comes.

    What was missed while the machine slept or the loop was busy comes once, however late.
    """

    def __init__(self, due: Callable[[], None]) -> None:
        self._due = due
        self._jitters: set[asyncio.TimerHandle] = set()
        # A job that is late is run all the same; the default drops it after one second.
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def start(self, schedules: Sequence[ScheduleConfig]) -> None:
        """In a running loop; raises ConfigError, for a cron expression or a time zone that is none."""
        self._add(_triggers(schedules))
        self._scheduler.start()

    def replace(self, schedules: Sequence[ScheduleConfig]) -> None:
        """From now on these; when one is wrong, ConfigError, and the old ones stay."""
        triggers = _triggers(schedules)
        self._scheduler.remove_all_jobs()
        self._add(triggers)

    def look_at_the_clock(self) -> None:
        """Timers do not see that the clock was set, or that the machine slept: now and then."""
        self._scheduler.wakeup()

    def next_s(self, now: datetime) -> float | None:
        """Seconds until the next run comes due, jitter aside; None without a schedule."""
        waits = [(job.next_run_time - now).total_seconds() for job in self._scheduler.get_jobs()]
        return min(waits, default=None)

    def stop(self) -> None:
        for timer in self._jitters:
            timer.cancel()
        self._scheduler.shutdown(wait=False)

    def _add(self, triggers: Sequence[tuple[BaseTrigger, float]]) -> None:
        for trigger, jitter_s in triggers:
            self._scheduler.add_job(self._comes, trigger, args=(jitter_s,))

    async def _comes(self, jitter_s: float) -> None:
        # A coroutine, for APScheduler runs a plain function in a thread.
        if jitter_s <= 0:
            self._due()
            return
        delay_s = random.uniform(0, jitter_s)  # noqa: S311 -- no secret
        timer = asyncio.get_running_loop().call_later(delay_s, self._after_jitter)
        self._jitters.add(timer)

    def _after_jitter(self) -> None:
        now = asyncio.get_running_loop().time()
        self._jitters = {timer for timer in self._jitters if timer.when() > now}
        self._due()


def was_missed(schedules: Sequence[ScheduleConfig], last: datetime | None, now: datetime) -> bool:
    """Whether a run was due between the last one and now; so it was if there has been none.

    Raises ConfigError, as `next_run_s` does.
    """
    if not schedules:
        return False
    if last is None:
        return True
    return any(_fire_after(f"schedule[{n}]", each, last) <= now for n, each in enumerate(schedules))


def until_next_run(site: SiteConfig, now: datetime) -> SiteConfig:
    """The site, where what expires before the next scheduled run does not count as warm.

    With `verify.min_ttl_s`, and where pages are warmed again before they expire, as it is.
    """
    wait_s = next_run_s(site.schedule, now)
    if wait_s is None or site.verify.min_ttl_s > 0 or site.expiry.enabled:
        return site
    verify = msgspec.structs.replace(site.verify, min_ttl_s=wait_s)
    return msgspec.structs.replace(site, verify=verify)


def next_run_s(schedules: Sequence[ScheduleConfig], now: datetime) -> float | None:
    """Seconds until the next scheduled run begins at the latest; None without a schedule.

    A run that is due this very moment is not the next one. An interval counts from now,
    and jitter is taken at its largest. Raises ConfigError for a cron expression or a time
    zone that is none.
    """
    waits = [_wait_s(f"schedule[{n}]", schedule, now) for n, schedule in enumerate(schedules)]
    return min(waits, default=None)


def cron_trigger(expression: str, time_zone: str | None) -> BaseTrigger:
    """The trigger of five fields; ValueError if they are not.

    Without a time zone, that of the machine. Where a day of the month and one of the
    week are given, either is enough, as in POSIX.
    """
    zone = None if time_zone is None else ZoneInfo(time_zone)
    fields = expression.split()
    if len(fields) != 5:
        msg = f"{len(fields)} fields"
        raise ValueError(msg)
    minute, hour, day, month, weekday = fields
    weekdays = _apscheduler_days(weekday)
    days = [(day, weekdays)]
    if not day.startswith("*") and not weekday.startswith("*"):
        days = [(day, "*"), ("*", weekdays)]
    triggers = [
        CronTrigger(
            minute=minute, hour=hour, day=of_month, month=month, day_of_week=of_week, timezone=zone
        )
        for of_month, of_week in days
    ]
    return triggers[0] if len(triggers) == 1 else OrTrigger(triggers)


def _triggers(schedules: Sequence[ScheduleConfig]) -> list[tuple[BaseTrigger, float]]:
    return [
        (_trigger(f"schedule[{n}]", schedule), schedule.jitter_s)
        for n, schedule in enumerate(schedules)
    ]


def _trigger(place: str, schedule: ScheduleConfig) -> BaseTrigger:
    if schedule.every is not None:
        seconds = duration_s(schedule.every) or 0.0
        return IntervalTrigger(seconds=max(1, round(seconds)), timezone=UTC)
    _fire_after(place, schedule, datetime.now(UTC))
    return cron_trigger(schedule.cron or "", schedule.time_zone)


def _wait_s(place: str, schedule: ScheduleConfig, now: datetime) -> float:
    # In UTC, for in one zone two times are subtracted as the clocks on the wall show them.
    fires = _fire_after(place, schedule, now).astimezone(UTC)
    return (fires - now.astimezone(UTC)).total_seconds() + schedule.jitter_s


def _fire_after(place: str, schedule: ScheduleConfig, now: datetime) -> datetime:
    if schedule.every is not None:
        return now + timedelta(seconds=duration_s(schedule.every) or 0.0)
    _check_zone(place, schedule.time_zone)
    try:
        trigger = cron_trigger(schedule.cron or "", schedule.time_zone)
        fires: datetime | None = trigger.get_next_fire_time(None, now + _MOMENT)
        if fires is None:
            raise ValueError("never comes")  # noqa: TRY301 -- told like the others
    except ValueError as error:
        raise ConfigError(
            f'{place}.cron: "{schedule.cron}": {error}; expected five fields, such as */15 * * * *'
        ) from None
    return fires


def _check_zone(place: str, name: str | None) -> None:
    try:
        if name is not None:
            ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise ConfigError(
            f'{place}.time_zone: "{name}" is not known here;'
            " expected a name such as Europe/Berlin or UTC"
        ) from None


def _apscheduler_days(field: str) -> str:
    """Cron's days of the week (0 and 7 are Sunday), as APScheduler counts: Monday is 0."""
    chosen: set[int] = set()
    for part in field.split(","):
        match = _DAYS_PART.fullmatch(part)
        if match is None:
            msg = f'no days of the week: "{part}"'
            raise ValueError(msg)
        star, first, last, step = match.groups()
        start = 0 if star else _day(first)
        # `2/3` means from Tuesday on, `2` that day alone.
        end = 6 if star or (step and not last) else _day(last or first)
        if last and end == 0 < start:
            end = 7
        if end < start or step in ("0", "00"):
            msg = f'no days of the week: "{part}"'
            raise ValueError(msg)
        chosen |= {(day - 1) % 7 for day in range(start, end + 1, int(step or 1))}
    return ",".join(map(str, sorted(chosen)))


def _day(name: str) -> int:
    if name.lower() in _DAYS:
        return _DAYS.index(name.lower())
    if name not in {"0", "1", "2", "3", "4", "5", "6", "7"}:
        msg = f'no day of the week: "{name}"'
        raise ValueError(msg)
    return int(name)
