from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.config import ScheduleConfig
from warmer.daemon.schedule import next_run_s
from warmer.errors import ConfigError

BERLIN = "Europe/Berlin"
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)  # a Wednesday
HOUR = 3600.0
DAY = 24 * HOUR


def wait_s(
    cron: str, now: datetime = NOON, *, zone: str | None = "UTC", jitter: float = 0
) -> float:
    found = next_run_s([ScheduleConfig(cron=cron, time_zone=zone, jitter_s=jitter)], now)
    assert found is not None
    return found


def refusal(*schedules: ScheduleConfig) -> str:
    with pytest.raises(ConfigError) as refused:
        next_run_s(schedules, NOON)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_without_a_schedule_there_is_no_next_run() -> None:
    assert next_run_s([], NOON) is None


@pytest.mark.parametrize(
    ("cron", "seconds"),
    [
        ("*/15 * * * *", 15 * 60),
        ("5 * * * *", 5 * 60),
        ("0 13 * * *", HOUR),
        ("0 12 * * *", DAY),
        ("30 11 * * *", DAY - HOUR / 2),
        ("0 12 5 * *", DAY),
        ("0 12 1 4 *", 28 * DAY),
    ],
)
def test_an_expression_says_how_long_it_is_until_the_next_run(cron: str, seconds: float) -> None:
    assert wait_s(cron) == seconds


@pytest.mark.parametrize(
    ("day", "days"),
    [("0", 4), ("1", 5), ("2", 6), ("4", 1), ("6", 3), ("7", 4), ("sun", 4), ("THU", 1)],
)
def test_days_of_the_week_are_counted_from_sunday_as_cron_does(day: str, days: int) -> None:
    assert wait_s(f"0 12 * * {day}") == days * DAY


@pytest.mark.parametrize(
    ("days_of_week", "expected"),
    [
        ("1-5", ["Thu", "Fri", "Mon", "Tue", "Wed"]),
        ("0,6", ["Sat", "Sun"]),
        ("5-7", ["Fri", "Sat", "Sun"]),
        ("0-2", ["Sun", "Mon", "Tue"]),
        ("0-0", ["Sun"]),
        ("fri-sun", ["Fri", "Sat", "Sun"]),
        ("mon-wed", ["Mon", "Tue", "Wed"]),
        ("sun-tue", ["Sun", "Mon", "Tue"]),
        ("*/2", ["Thu", "Sat", "Sun", "Tue"]),
        ("1-5/2", ["Fri", "Mon", "Wed"]),
        ("*", ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]),
    ],
)
def test_ranges_and_steps_of_days_are_crons_own(days_of_week: str, expected: list[str]) -> None:
    now, found = NOON, []
    for _ in range(7):
        now = datetime.fromtimestamp(now.timestamp() + wait_s(f"0 12 * * {days_of_week}", now), UTC)
        if (now - NOON).days > 7:
            break
        found.append(f"{now:%a}")
    assert sorted(found) == sorted(expected)


def test_a_day_of_the_month_or_a_day_of_the_week_is_enough() -> None:
    # POSIX crontab: where both are given, either will do.
    assert wait_s("0 12 20 * 5") == 2 * DAY
    assert wait_s("0 12 5 * 1") == DAY


def test_hours_are_those_of_the_time_zone() -> None:
    assert wait_s("0 14 * * *", zone=BERLIN) == HOUR
    assert wait_s("0 14 * * *", zone="Asia/Kolkata") == 20.5 * HOUR


@pytest.mark.parametrize("zone", [UTC, ZoneInfo(BERLIN), ZoneInfo("America/New_York")])
def test_the_zone_of_now_does_not_matter(zone: ZoneInfo) -> None:
    # 29 March 2026: clocks in Berlin go from 2 to 3; the night has 23 hours.
    evening = datetime(2026, 3, 28, 20, 0, tzinfo=ZoneInfo(BERLIN))
    assert wait_s("0 20 * * *", evening.astimezone(zone), zone=BERLIN) == 23 * HOUR
    # 25 October 2026: 2 o'clock comes twice; 25 hours.
    evening = datetime(2026, 10, 24, 20, 0, tzinfo=ZoneInfo(BERLIN))
    assert wait_s("0 20 * * *", evening.astimezone(zone), zone=BERLIN) == 25 * HOUR


def test_an_hour_that_the_clocks_leave_out_is_not_waited_for_for_ever() -> None:
    midnight = datetime(2026, 3, 29, 0, 0, tzinfo=ZoneInfo(BERLIN))
    assert 0 < wait_s("30 2 * * *", midnight, zone=BERLIN) <= 26 * HOUR


def test_an_hour_that_comes_twice_does_not_stop_the_schedule() -> None:
    now = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # 2 o'clock in Berlin, for the first time
    assert wait_s("*/15 * * * *", now, zone=BERLIN) == 15 * 60
    later = datetime(2026, 10, 25, 0, 50, tzinfo=UTC)
    assert wait_s("*/15 * * * *", later, zone=BERLIN) == 10 * 60


def test_jitter_is_taken_at_its_largest() -> None:
    assert wait_s("0 13 * * *", jitter=90) == HOUR + 90
    assert next_run_s([ScheduleConfig(every="10m", jitter_s=60)], NOON) == 660


@pytest.mark.parametrize(("every", "seconds"), [("90s", 90), ("10m", 600), ("1.5h", 5400)])
def test_an_interval_counts_from_now(every: str, seconds: float) -> None:
    assert next_run_s([ScheduleConfig(every=every)], NOON) == seconds


def test_of_several_schedules_the_next_counts() -> None:
    schedules = [
        ScheduleConfig(cron="0 13 * * *", time_zone="UTC"),
        ScheduleConfig(every="20m"),
        ScheduleConfig(cron="30 12 * * *", time_zone="UTC"),
    ]
    assert next_run_s(schedules, NOON) == 20 * 60


def test_a_date_that_never_comes_is_refused() -> None:
    assert refusal(ScheduleConfig(cron="0 0 30 2 *", time_zone="UTC")) == (
        'schedule[0].cron: "0 0 30 2 *": never comes; expected five fields, such as */15 * * * *'
    )


@pytest.mark.parametrize(
    "cron",
    ["", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *",
     "* * * * 8", "* * * * 6-8", "@daily", "a b c d e", "*/0 * * * *", "5-1 * * * *",
     "* * * * xyz", "* * * * 1#2", "* * * * mon-8"],
)  # fmt: skip
def test_what_is_no_expression_is_refused(cron: str) -> None:
    schedules = [ScheduleConfig(every="1h"), ScheduleConfig(cron=cron, time_zone="UTC")]
    message = refusal(*schedules)
    assert message.startswith(f'schedule[1].cron: "{cron}": ')
    assert message.endswith("; expected five fields, such as */15 * * * *")


@pytest.mark.parametrize(
    "zone", ["Europe/Bärlin", "Nowhere", "../etc/passwd", "/etc", "Europe", ""]
)
def test_what_is_no_time_zone_is_refused(zone: str) -> None:
    assert refusal(ScheduleConfig(cron="* * * * *", time_zone=zone)) == (
        f'schedule[0].time_zone: "{zone}" is not known here;'
        " expected a name such as Europe/Berlin or UTC"
    )


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 -- made aware by `timezones`
    st.sampled_from(["*/15 * * * *", "30 2 * * *", "0 3 * * 0", "59 23 31 12 *"]),
    st.sampled_from(["UTC", BERLIN, "America/St_Johns", "Australia/Lord_Howe"]),
)
def test_the_next_run_is_always_ahead(now: datetime, cron: str, zone: str) -> None:
    found = wait_s(cron, now, zone=zone)
    assert 0 <= found <= 366 * DAY + HOUR


@given(st.text(max_size=30), st.none() | st.text(max_size=20))
def test_no_text_crashes_a_schedule(cron: str, zone: str | None) -> None:
    try:
        next_run_s([ScheduleConfig(cron=cron, time_zone=zone)], NOON)
    except ConfigError as error:
        assert str(error).startswith("schedule[0].")  # noqa: PT017 -- some may be accepted
