"""The rate cap lets a burst through and then the rate, whatever asks and when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.crawl.token_bucket import TokenBucket

GAPS = st.lists(st.floats(0, 5, allow_nan=False), min_size=1, max_size=60)


def used(bucket: TokenBucket, now: float, count: int) -> list[float]:
    """When tokens are had by one who asks again when he is told to."""
    times = []
    for _ in range(count):
        while (wait_s := bucket.take(now)) > 0:
            now += wait_s
        times.append(now)
    return times


def test_without_a_burst_requests_are_an_interval_apart() -> None:
    assert used(TokenBucket(4.0), 10.0, 4) == [10.0, 10.25, 10.5, 10.75]


def test_a_burst_goes_at_once_and_the_rest_by_the_rate() -> None:
    assert used(TokenBucket(2.0, burst=3), 0.0, 5) == [0.0, 0.0, 0.0, 0.5, 1.0]


def test_a_rest_fills_the_bucket_up_to_a_burst_and_no_further() -> None:
    bucket = TokenBucket(1.0, burst=2)
    assert used(bucket, 0.0, 3) == [0.0, 0.0, 1.0]
    assert used(bucket, 1000.0, 3) == [1000.0, 1000.0, 1001.0]


def test_half_a_rest_fills_half() -> None:
    bucket = TokenBucket(1.0, burst=4)
    assert used(bucket, 0.0, 4) == [0.0] * 4
    assert used(bucket, 2.0, 3) == [2.0, 2.0, 3.0]


def test_who_asks_late_has_nothing_saved_up_from_waiting() -> None:
    bucket = TokenBucket(10.0)
    assert bucket.take(0.0) == 0.0
    assert bucket.take(0.0) == 0.1
    assert [bucket.take(5.0), bucket.take(5.0)] == [0.0, pytest.approx(0.1)]


@given(GAPS, st.sampled_from([0.5, 3.0, 50.0]), st.integers(1, 5))
def test_no_window_ever_holds_more_than_the_rate_and_a_burst(
    gaps: list[float], rate: float, burst: int
) -> None:
    bucket = TokenBucket(rate, burst)
    now, times = 0.0, []
    for gap in gaps:
        now = used(bucket, now + gap, 1)[0]
        times.append(now)
    for first in range(len(times)):
        for last in range(first, len(times)):
            allowed = burst + (times[last] - times[first]) * rate
            assert last - first + 1 <= allowed + 1e-6
