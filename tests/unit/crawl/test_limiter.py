"""The limit follows an origin that is simulated, on a clock that is moved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.crawl.simulated_origin import SimulatedCrawl, even, two_kinds, uneven
from warmer.crawl.limiter import AutoLimiter, FixedLimiter, Sample, ramp

WORKERS = [1, 2, 4, 8, 16]
PAGE_MS = [5.0, 50.0, 2000.0]


def auto(*, start: int = 1, maximum: int = 16, ramp_up_s: float = 0.0) -> AutoLimiter:
    return AutoLimiter(start=start, maximum=maximum, ramp_up_s=ramp_up_s, now=0.0)


def crawling(workers: int, page_ms: float, **options: int) -> SimulatedCrawl:
    return SimulatedCrawl(auto(**options), workers, even(page_ms))


def page(took_ms: float = 10.0, *, in_flight: int = 1, sent_at: float = 0.0) -> Sample:
    return Sample(took_ms, in_flight, sent_at)


def failure(*, sent_at: float, retry_after_s: float | None = None) -> Sample:
    return Sample(5.0, 1, sent_at, cold=False, failure="status-503", retry_after_s=retry_after_s)


# A number chosen by a person


def test_a_number_chosen_by_a_person_stays() -> None:
    limiter = FixedLimiter(7, ramp_up_s=0.0, now=0.0)
    assert limiter.sample(failure(sent_at=0.0), now=1.0) == 7
    assert limiter.press("visitors wait", now=2.0) == 7


def test_it_grows_evenly_where_a_ramp_is_asked_for() -> None:
    limiter = FixedLimiter(9, ramp_up_s=8.0, now=100.0)
    seen = [limiter.sample(page(), now=now) for now in (100.0, 101.0, 104.5, 107.9, 108.0, 200.0)]
    assert seen == [1, 2, 5, 8, 9, 9]


@given(st.integers(1, 500), st.floats(0.0, 1000.0), st.floats(0.0, 2000.0))
def test_a_ramp_is_within_its_bounds(limit: int, ramp_up_s: float, elapsed_s: float) -> None:
    assert 1 <= ramp(limit, ramp_up_s, elapsed_s) <= limit


# The knee


@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize("page_ms", PAGE_MS)
def test_it_finds_as_many_as_the_origin_does_at_once(workers: int, page_ms: float) -> None:
    crawl = crawling(workers, page_ms)
    crawl.run(pages=400)
    settled = crawl.now
    rate = crawl.run(pages=2000)
    assert crawl.mean_limit(settled) == pytest.approx(workers, rel=0.25)
    assert rate == pytest.approx(workers / page_ms * 1000, rel=0.06)


@pytest.mark.parametrize("workers", WORKERS)
def test_it_finds_that_among_pages_that_differ_in_cost(workers: int) -> None:
    for seed in range(5):
        crawl = SimulatedCrawl(auto(), workers, uneven(50.0), seed=seed)
        crawl.run(pages=500)
        assert crawl.run(pages=3000) >= 0.9 * workers / 0.05


@pytest.mark.parametrize("workers", [1, 2, 4, 8])
def test_it_stays_near_that_where_a_fifth_of_the_pages_are_21_times_dearer(workers: int) -> None:
    for seed in range(5):
        crawl = SimulatedCrawl(auto(), workers, two_kinds(50.0), seed=seed)
        crawl.run(pages=500)
        settled = crawl.now
        crawl.run(pages=3000)
        assert 0.6 * workers <= crawl.mean_limit(settled) <= 1.5 * workers + 1


@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize("page_ms", PAGE_MS)
def test_once_settled_it_moves_by_a_quarter_or_by_one(workers: int, page_ms: float) -> None:
    crawl = crawling(workers, page_ms)
    crawl.run(pages=600)
    settled = crawl.now
    crawl.run(pages=3000)
    step = max(1.0, workers / 4)
    limits = crawl.limits_between(settled, crawl.now)
    assert all(workers - step <= limit <= workers + step for limit in limits)


def test_a_short_run_is_done_at_the_knee_for_nearly_all_of_its_time() -> None:
    crawl = crawling(2, 22.0)
    crawl.run(pages=408)
    assert crawl.now < 1.05 * 408 * 0.022 / 2
    beyond = sum(1 for _, limit, _ in crawl.limits if limit > 4)
    assert beyond == 0


def test_one_request_goes_alone_first_and_then_it_doubles() -> None:
    crawl = crawling(16, 50.0)
    crawl.run(pages=300)
    assert [limit for _, limit, _ in crawl.limits] == [1, 2, 4, 8, 16]


def test_it_never_passes_its_bounds() -> None:
    crawl = crawling(100, 50.0, maximum=6)
    crawl.run(pages=3000)
    assert {limit for _, limit, _ in crawl.limits} <= {1, 2, 3, 4, 5, 6}


def test_each_move_says_why() -> None:
    crawl = crawling(2, 50.0)
    crawl.run(pages=60)
    assert [(limit, why) for _, limit, why in crawl.limits] == [
        (1, "one request alone first"),
        (2, "it answers: two at once; whether one does as well is tested later"),
        (4, "do 4 in flight bring more pages?"),
        (2, "4 in flight bring 1.00 times the pages of 2"),
    ]


def test_pages_that_cost_twice_as_much_halfway_do_not_lower_it() -> None:
    crawl = crawling(4, 50.0)
    crawl.run(pages=600)
    crawl.page_ms = even(100.0)
    crawl.run(pages=100)
    changed = crawl.now
    rate = crawl.run(pages=1000)
    assert crawl.mean_limit(changed) == pytest.approx(4, rel=0.25)
    assert rate == pytest.approx(40, rel=0.05)


def test_an_origin_that_loses_half_of_its_workers_is_followed_down() -> None:
    crawl = crawling(8, 50.0)
    crawl.run(pages=600)
    crawl.workers = 4
    crawl.run(seconds=60)
    changed = crawl.now
    crawl.run(pages=1000)
    assert crawl.mean_limit(changed) == pytest.approx(4, rel=0.3)


def test_an_origin_that_gets_more_workers_is_followed_up() -> None:
    crawl = crawling(2, 50.0)
    crawl.run(pages=600)
    crawl.workers = 12
    crawl.run(seconds=90)
    assert crawl.run(pages=1000) >= 0.85 * 12 / 0.05


def test_a_cold_start_of_each_worker_is_not_taken_for_the_knee() -> None:
    crawl = crawling(4, 20.0)
    first = iter([500.0] * 4)
    crawl.page_ms = lambda _chance: next(first, 20.0)
    crawl.run(pages=500)
    settled = crawl.now
    crawl.run(pages=500)
    assert crawl.mean_limit(settled) >= 3.5


@pytest.mark.parametrize("cheap", range(3, 13))
def test_pages_that_become_dearer_while_it_climbs_are_not_taken_for_the_knee(cheap: int) -> None:
    crawl = crawling(4, 20.0)
    first = iter([8.0] * cheap + [150.0])
    crawl.page_ms = lambda _chance: next(first, 20.0)
    crawl.run(pages=120)
    settled = crawl.now
    crawl.run(pages=200)
    assert crawl.mean_limit(settled) >= 3.5


@pytest.mark.parametrize("cheap", range(1, 13))
def test_the_first_render_of_a_second_worker_does_not_keep_it_at_one(cheap: int) -> None:
    crawl = crawling(2, 20.0)
    first = iter([60.0, *[8.0] * cheap, 120.0, *[20.0] * 3, 60.0])
    crawl.page_ms = lambda _chance: next(first, 20.0)
    crawl.run(pages=200)
    assert crawl.now < 1.1 * 200 * 0.020 / 2


def test_one_at_a_time_is_what_one_worker_gets_after_a_few_seconds() -> None:
    crawl = crawling(1, 20.0)
    crawl.run(seconds=3)
    settled = crawl.now
    crawl.run(seconds=20)
    assert crawl.mean_limit(settled) <= 1.1


def test_hot_responses_are_no_samples_of_cold_pages() -> None:
    crawl = crawling(2, 50.0)
    crawl.hot = 0.5
    crawl.run(pages=1000)
    settled = crawl.now
    crawl.run(pages=3000)
    assert 1.5 <= crawl.mean_limit(settled) <= 5
    assert crawling(2, 50.0).limiter.sample(Sample(1.0, 1, 0.0, cold=False), 1.0) == 1


def test_without_samples_nothing_is_decided() -> None:
    limiter = auto()
    assert (limiter.limit, limiter.wake(1e6), limiter.wake_at) == (1, 1, None)


def test_a_ramp_bounds_what_it_may_try() -> None:
    crawl = SimulatedCrawl(auto(ramp_up_s=30.0), 16, even(50.0))
    crawl.run(seconds=60)
    assert all(limit <= 1 + at / 2 for at, limit, _ in crawl.limits)
    assert crawl.limiter.limit >= 12


# Trouble


def test_above_four_it_climbs_no_faster_than_somebody_looks() -> None:
    crawl = crawling(16, 50.0)
    crawl.limiter.vouch(0)
    crawl.run(seconds=5)
    assert {limit for _, limit, _ in crawl.limits} == {1, 2, 4}
    crawl.limiter.vouch(4)
    crawl.run(seconds=5)
    assert max(limit for _, limit, _ in crawl.limits) == 8
    crawl.limiter.vouch(2)  # what was found well stays found
    crawl.limiter.vouch(None)
    crawl.run(seconds=10)
    assert max(limit for _, limit, _ in crawl.limits) == 16


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
