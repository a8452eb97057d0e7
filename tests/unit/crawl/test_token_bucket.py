"""The rate cap lets a burst through and then the rate, whatever asks and when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.crawl.token_bucket import TokenBucket

GAPS = st.lists(st.floats(0, 5, allow_nan=False), min_size=1, max_size=60)


def test_without_a_burst_requests_are_an_interval_apart() -> None:
    bucket = TokenBucket(4.0)
    assert [bucket.reserve(10.0) for _ in range(4)] == [0.0, 0.25, 0.5, 0.75]


def test_a_burst_goes_at_once_and_the_rest_by_the_rate() -> None:
    bucket = TokenBucket(2.0, burst=3)
    assert [bucket.reserve(0.0) for _ in range(5)] == [0.0, 0.0, 0.0, 0.5, 1.0]


def test_a_rest_fills_the_bucket_up_to_a_burst_and_no_further() -> None:
    bucket = TokenBucket(1.0, burst=2)
    assert [bucket.reserve(0.0) for _ in range(3)] == [0.0, 0.0, 1.0]
    assert [bucket.reserve(1000.0) for _ in range(3)] == [0.0, 0.0, 1.0]


def test_half_a_rest_fills_half() -> None:
    bucket = TokenBucket(1.0, burst=4)
    for _ in range(4):
        bucket.reserve(0.0)
    assert [bucket.reserve(2.0) for _ in range(3)] == [0.0, 0.0, 1.0]


@given(GAPS, st.sampled_from([0.5, 3.0, 50.0]), st.integers(1, 5))
def test_no_window_ever_holds_more_than_the_rate_and_a_burst(
    gaps: list[float], rate: float, burst: int
) -> None:
    bucket = TokenBucket(rate, burst)
    now, used = 0.0, []
    for gap in gaps:
        now += gap
        used.append(now + bucket.reserve(now))
    for first in range(len(used)):
        for last in range(first, len(used)):
            allowed = burst + (used[last] - used[first]) * rate
            assert last - first + 1 <= allowed + 1e-6


@given(GAPS, st.integers(1, 5))
def test_tokens_are_used_in_the_order_they_were_taken(gaps: list[float], burst: int) -> None:
    bucket = TokenBucket(7.0, burst)
    now, used = 0.0, []
    for gap in gaps:
        now += gap
        used.append(now + bucket.reserve(now))
    assert used == pytest.approx(sorted(used))
