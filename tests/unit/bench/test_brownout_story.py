"""When an origin counts as recovered: a whole window at nine tenths of the former rate."""

from __future__ import annotations

import pytest

from bench.brownout import Story


def story(good: list[float]) -> Story:
    return Story(good=good, failed=0, slow_at=10.0, broken_at=12.0, well_at=20.0)


def every_tenth(begin: float, end: float) -> list[float]:
    return [begin + tenth / 10 for tenth in range(int((end - begin) * 10))]


def test_a_rate_that_comes_back_at_once_recovers_at_once() -> None:
    recovered = story(every_tenth(0, 10) + every_tenth(20, 30)).recovery_s()
    assert recovered == pytest.approx(0.0, abs=0.1)


def test_time_runs_from_the_end_of_the_outage_to_the_begin_of_the_good_window() -> None:
    slow_then_good = [20.0, 21.0, 22.0, *every_tenth(23, 30)]
    recovered = story(every_tenth(0, 10) + slow_then_good).recovery_s()
    assert recovered == pytest.approx(2.7, abs=0.05)


def test_a_rate_that_stays_low_never_recovers() -> None:
    assert story([*every_tenth(0, 10), 20.0, 21.0, 22.0, 23.0, 24.0]).recovery_s() is None
