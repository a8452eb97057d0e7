"""The limit follows an origin that is simulated, on a clock that is moved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.crawl.limited_crawl import WORKERS, auto, crawling, failure, page
from tests.unit.crawl.simulated_origin import SimulatedCrawl, even, two_kinds, uneven
from warmer.crawl.limiter import FixedLimiter, Sample, ramp

PAGE_MS = [5.0, 50.0, 2000.0]

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
