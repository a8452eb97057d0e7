"""When a site is warmed next, from its `[[schedule]]` tables. Pure: `now` is an argument.

APScheduler's triggers say when; nothing is run from here. Expressions mean what they mean
to cron (crontab(5)), not to APScheduler, where Monday is day 0.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

from warmer.config_rules import duration_s
from warmer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apscheduler.triggers.base import BaseTrigger

    from warmer.config import ScheduleConfig

_MOMENT = timedelta(microseconds=1)
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAYS_PART = re.compile(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/([0-9]{1,2}))?", re.ASCII)


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


def _wait_s(place: str, schedule: ScheduleConfig, now: datetime) -> float:
    if schedule.every is not None:
        return (duration_s(schedule.every) or 0.0) + schedule.jitter_s
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
    # In UTC, for in one zone two times are subtracted as the clocks on the wall show them.
    return (fires.astimezone(UTC) - now.astimezone(UTC)).total_seconds() + schedule.jitter_s


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
