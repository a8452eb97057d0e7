"""How long is waited before the next attempt, and whether there is one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.config import CrawlConfig
from warmer.crawl.retry import pause_s, retry_after_s

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30.0),
        ("Mon, 23 Nov 2026 12:00:30 -0000", 30.0),
        ("Monday, 23-Nov-26 12:00:30 GMT", 30.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("\N{SUPERSCRIPT TWO}", None),
        ("Mon, 99 Nov 2026 12:00:30 GMT", None),
        ("9" * 5000, 999_999_999.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after_s(value, NOW) == seconds


@given(st.text(st.characters(max_codepoint=255)))
def test_any_retry_after_is_read_or_left(value: str) -> None:
    seconds = retry_after_s(value, NOW)
    assert seconds is None or seconds >= 0


def test_pauses_double_and_end_with_the_retries() -> None:
    config = CrawlConfig(retries=4, backoff_s=0.5)
    pauses = [pause_s(attempt, None, config, 0.5) for attempt in range(1, 6)]
    assert pauses == [0.5, 1.0, 2.0, 4.0, None]


def test_pauses_are_spread_over_half_to_one_and_a_half() -> None:
    config = CrawlConfig(backoff_s=2.0)
    assert [pause_s(1, None, config, chance) for chance in (0.0, 0.5, 1.0)] == [1.0, 2.0, 3.0]


def test_pauses_stop_growing_at_a_minute() -> None:
    config = CrawlConfig(retries=20, backoff_s=0.5)
    assert pause_s(20, None, config, 0.5) == 60.0


def test_a_person_may_choose_longer_pauses() -> None:
    assert pause_s(2, None, CrawlConfig(retries=3, backoff_s=90.0), 0.5) == 90.0


def test_without_retries_nothing_is_waited_for() -> None:
    config = CrawlConfig(retries=0)
    assert pause_s(1, None, config, 0.5) is None
    assert pause_s(1, 1.0, config, 0.5) is None


@pytest.mark.parametrize(
    ("asked_s", "pause"), [(0.0, 0.0), (7.0, 7.0), (60.0, 60.0), (60.5, None), (1e9, None)]
)
def test_what_the_origin_asks_for_is_kept_up_to_the_limit(
    asked_s: float, pause: float | None
) -> None:
    assert pause_s(1, asked_s, CrawlConfig(max_retry_after_s=60.0), 0.9) == pause
