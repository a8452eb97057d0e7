"""The limit where the origin fails or its visitors wait: it falls, pauses, and comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.crawl.limited_crawl import WORKERS, auto, crawling, failure, page
from tests.unit.crawl.simulated_origin import even
from warmer.crawl.limiter import Sample

# Failures


def test_a_failure_halves_it_once_in_a_second() -> None:
    crawl = crawling(16, 50.0)
    crawl.run(pages=300)
    limiter, now = crawl.limiter, crawl.now
    assert limiter.limit == 16
    answered = page(sent_at=now)
    halved = []
    for after_s in (0.1, 0.5, 1.0, 1.2):
        halved.append(limiter.sample(failure(sent_at=now), now + after_s))
        limiter.sample(answered._replace(cold=False), now + after_s)
    assert halved == [8, 8, 8, 4]
    assert limiter.why == "halved: status-503"


def test_after_failures_it_is_back_within_seconds() -> None:
    crawl = crawling(8, 50.0)
    crawl.run(pages=600)
    for _ in range(2):
        crawl.failure = "status-503"
        crawl.run(seconds=0.05)
        crawl.failure = None
        crawl.run(seconds=1.1)
    crawl.run(seconds=3)
    assert crawl.run(seconds=3) >= 0.9 * 8 / 0.05


@pytest.mark.parametrize("workers", WORKERS)
def test_after_a_brown_out_it_is_back_to_the_former_rate_within_ten_seconds(workers: int) -> None:
    crawl = crawling(workers, 50.0)
    before = 0.9 * crawl.run(seconds=20)
    failures = crawl.failures
    crawl.failure = "status-503"
    crawl.run(seconds=10)
    assert crawl.failures - failures <= 2 * workers + 8
    crawl.failure = None
    crawl.run(seconds=6)
    assert crawl.run(seconds=3) >= before


def test_a_pause_says_why_and_ends_with_one_request() -> None:
    crawl = crawling(4, 50.0)
    crawl.run(pages=600)
    crawl.failure = "status-503"
    broken_at = crawl.now
    crawl.run(seconds=6)
    moves = [(limit, why) for at, limit, why in crawl.limits if at > broken_at]
    assert [why for limit, why in moves if limit == 0] == [
        "pause of 1 s: 5 failures in a row, the last: status-503",
        "pause of 2 s: 6 failures in a row, the last: status-503",
        "pause of 4 s: 7 failures in a row, the last: status-503",
    ]
    assert (1, "the pause is over: one request tries") in moves


def test_an_origin_that_never_answers_well_is_left_to_the_abort_rule() -> None:
    crawl = crawling(4, 50.0)
    crawl.failure = "status-503"
    crawl.run(seconds=5)
    assert crawl.limits_between(0, 5) == {1}


def test_an_origin_that_hangs_gets_no_more_requests() -> None:
    crawl = crawling(4, 50.0)
    crawl.run(pages=300)
    hanging = crawl.limiter.limit
    crawl.page_ms = even(1e9)
    crawl.run(seconds=3600)
    assert crawl.limiter.limit == hanging


def test_fast_errors_do_not_pass_for_a_fast_origin() -> None:
    crawl = crawling(2, 50.0)
    crawl.run(pages=300)
    crawl.failure, crawl.failure_ms = "status-500", 0.1
    before = crawl.failures
    crawl.run(seconds=30)
    assert crawl.failures - before <= 20
    assert max(crawl.limits_between(crawl.now - 29, crawl.now)) <= 1


def test_retry_after_is_obeyed_by_all_requests() -> None:
    crawl = crawling(4, 50.0)
    crawl.run(pages=300)
    crawl.failure, crawl.retry_after_s = "status-429", 20.0
    crawl.run(seconds=0.2)
    told = crawl.now
    failures = crawl.failures
    assert crawl.limiter.limit == 0
    assert crawl.limiter.why == "pause of 20 s: status-429, with Retry-After"
    crawl.run(seconds=19)
    assert crawl.failures == failures
    crawl.failure = None
    crawl.run(seconds=5)
    assert crawl.now - told == pytest.approx(24)
    assert crawl.limiter.limit >= 3


# Visitors


def test_when_visitors_wait_it_halves_and_then_pauses() -> None:
    limiter = auto(start=8)
    limits = [limiter.press("visitors wait", now) for now in (1.0, 2.0, 3.0, 4.0, 5.0)]
    assert limits == [4, 2, 1, 0, 0]
    assert limiter.why == "visitors wait"
    assert limiter.wake(1e6) == 0
    assert limiter.release("visitors are served again", 10.0) == 1


def test_three_become_two_and_not_one_when_visitors_wait() -> None:
    assert auto(start=3).press("visitors wait", 1.0) == 2


def test_it_stays_below_where_visitors_had_to_wait_for_ten_seconds() -> None:
    crawl = crawling(16, 50.0)
    crawl.run(pages=600)
    crawl.limiter.press("visitors wait", crawl.now)
    pressed = crawl.now
    crawl.run(seconds=9)
    assert crawl.limits_between(pressed, crawl.now) <= {6, 7, 8}
    crawl.run(seconds=60)
    assert crawl.limiter.limit > 8


def test_it_knows_what_a_page_takes_while_one_at_a_time_is_sent() -> None:
    crawl = crawling(1, 50.0, maximum=1)
    assert crawl.limiter.alone_ms == 0.0
    crawl.run(pages=30)
    assert crawl.limiter.alone_ms == pytest.approx(50.0)
    crawl = crawling(4, 50.0)
    crawl.run(pages=300)
    assert crawl.limiter.alone_ms == 0.0


def test_two_at_once_come_back_where_one_has_not_helped_visitors() -> None:
    crawl = crawling(2, 50.0)
    crawl.run(pages=300)
    assert crawl.limiter.press("visitors wait", crawl.now) == 1
    crawl.run(seconds=1.5)
    assert crawl.limiter.relent("fewer did not help", crawl.now) == 2
    assert crawl.limiter.alone_ms == pytest.approx(50.0)
    back = crawl.now
    crawl.run(seconds=8)
    assert max(crawl.limits_between(back, crawl.now)) == 2
    assert [crawl.limiter.press("visitors wait", crawl.now) for _ in range(2)] == [1, 0]


def test_only_what_visitors_had_lowered_to_one_comes_back() -> None:
    crawl = crawling(8, 50.0)
    crawl.run(pages=600)
    assert crawl.limiter.press("visitors wait", crawl.now) == 4
    assert crawl.limiter.relent("fewer did not help", crawl.now) == 4
    assert auto().relent("fewer did not help", 1.0) == 1


def test_a_pause_for_visitors_outlasts_one_for_failures() -> None:
    limiter = auto()
    limiter.sample(page(), now=0.5)
    limiter.sample(failure(sent_at=0.6, retry_after_s=5.0), now=1.0)
    limiter.press("visitors wait", 2.0)
    assert limiter.wake(6.0) == 0
    assert limiter.release("visitors are served again", 8.0) == 1


# Both


samples = st.builds(
    Sample,
    took_ms=st.floats(0.0, 1e5),
    in_flight=st.integers(1, 64),
    sent_at=st.floats(0.0, 100.0),
    cold=st.booleans(),
    failure=st.none() | st.just("status-503"),
    retry_after_s=st.none() | st.floats(0.0, 60.0),
)
events = samples | st.sampled_from(["press", "release", "relent", "wake"])


@given(st.lists(st.tuples(events, st.floats(0.0, 5.0)), max_size=200), st.integers(1, 32))
def test_whatever_happens_it_is_within_its_bounds_and_a_pause_can_end(
    happened: list[tuple[Sample | str, float]], maximum: int
) -> None:
    limiter, now, pressed = auto(maximum=maximum), 0.0, False
    for event, after_s in happened:
        now += after_s
        if isinstance(event, Sample):
            limiter.sample(event, now)
        elif event == "press":
            limiter.press("hot", now)
        elif event == "release":
            limiter.release("cool", now)
        elif event == "relent":
            limiter.relent("fewer did not help", now)
        else:
            limiter.wake(now)
        assert 0 <= limiter.limit <= maximum
        pressed = limiter.limit == 0 and limiter.wake_at is None
    limiter.release("cool", now)
    assert limiter.limit > 0 or limiter.wake_at is not None
    limiter.wake(now + 1e6)
    assert limiter.limit >= 1, pressed
