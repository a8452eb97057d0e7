"""Two times alone: when they show that a page was stored, and when they do not."""

from __future__ import annotations

import random

import pytest

from warmer.model import Outcome, Pass
from warmer.timing import Typical, judged_by_time, typical

SITE = Typical(cold_ms=100.0, hot_ms=10.0)


def fetch(total_ms: float | None, first_byte_ms: float | None = None) -> Outcome:
    return Outcome(1, Pass.WARM, 200, total_ms=total_ms, first_byte_ms=first_byte_ms)


def test_a_site_whose_pages_all_speed_up_has_typical_times() -> None:
    assert typical([(100.0, 10.0)] * 4 + [(300.0, 12.0)], 3.0) == SITE


def test_a_few_pages_are_no_site() -> None:
    assert typical([(100.0, 10.0)] * 4, 3.0) is None


def test_noise_on_a_site_without_a_cache_is_not_taken_for_one() -> None:
    noise = random.Random(1)
    pairs = [(noise.lognormvariate(1, 1), noise.lognormvariate(1, 1)) for _ in range(20_000)]
    assert typical(pairs, 3.0) is None


def test_a_cold_start_of_a_page_that_is_always_quick_shows_nothing() -> None:
    first, second = fetch(900.0), fetch(19.0)
    assert judged_by_time(first, second, Typical(cold_ms=50.0, hot_ms=10.0), 3.0) is None


def test_a_second_fetch_unlike_those_of_stored_pages_was_rendered() -> None:
    assert judged_by_time(fetch(100.0), fetch(32.0), SITE, 3.0) is None


@pytest.mark.parametrize(("cold", "hot"), [(None, 5.0), (100.0, None), (100.0, 0.0)])
def test_a_time_that_was_not_measured_shows_nothing(cold: float | None, hot: float | None) -> None:
    assert judged_by_time(fetch(cold), fetch(hot), SITE, 3.0) is None


def test_the_first_byte_must_tell_the_same() -> None:
    assert judged_by_time(fetch(100.0, 12.0), fetch(10.0, 9.0), SITE, 3.0) is None
    assert (
        judged_by_time(fetch(100.0, 90.0), fetch(10.0, 9.0), SITE, 3.0)
        == "judged by time alone: 100 ms, then 10 ms"
    )
