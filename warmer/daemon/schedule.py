"""When a site is warmed next, from its `[[schedule]]` tables. Pure: `now` is an argument.

APScheduler's triggers say when; nothing is run from here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from apscheduler.triggers.cron import CronTrigger

from warmer.config_rules import duration_s
from warmer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from warmer.config import ScheduleConfig


def next_run_s(schedules: Sequence[ScheduleConfig], now: datetime) -> float | None:
    """Seconds until the next scheduled run begins at the latest; None without a schedule.

    An interval counts from now, and jitter is taken at its largest. Raises ConfigError
    for a cron expression or a time zone that is none.
    """
    waits = [_wait_s(number, schedule, now) for number, schedule in enumerate(schedules)]
    return min((wait for wait in waits if wait is not None), default=None)


def _wait_s(number: int, schedule: ScheduleConfig, now: datetime) -> float | None:
    if schedule.every is not None:
        return (duration_s(schedule.every) or 0.0) + schedule.jitter_s
    place = f"schedule[{number}]"
    try:
        trigger = CronTrigger.from_crontab(schedule.cron, timezone=schedule.time_zone)
    except LookupError as error:
        raise ConfigError(f'{place}.time_zone: "{schedule.time_zone}": {error}') from None
    except ValueError as error:
        raise ConfigError(
            f'{place}.cron: "{schedule.cron}": {error}; expected five fields, such as */15 * * * *'
        ) from None
    fires: datetime | None = trigger.get_next_fire_time(None, now)
    if fires is None:
        return None
    return (fires - now + timedelta(seconds=schedule.jitter_s)).total_seconds()
