"""The limit follows an origin that is simulated: so many at once, the rest wait in line."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from warmer.crawl.limiter import FixedLimiter, VegasLimiter


@dataclass
class Origin:
    """Renders `workers` pages at a time, each in `page_ms`; more in flight only wait."""

    workers: int
    page_ms: float = 50.0
    now: float = 0.0
    limits: list[int] = field(default_factory=list)

    def serve(self, limiter: VegasLimiter, requests: int) -> None:
        for _ in range(requests):
            in_flight = limiter.limit
            latency_ms = self.page_ms * max(1.0, in_flight / self.workers)
            self.now += latency_ms / 1000 / in_flight
            self.limits.append(limiter.sample(latency_ms, failed=False, now=self.now))


def test_a_number_chosen_by_a_person_stays() -> None:
    limiter = FixedLimiter(7)
    assert limiter.sample(1e6, failed=True, now=0.0) == 7


def test_it_starts_low_and_grows_one_at_a_time_to_the_maximum() -> None:
    limiter, origin = VegasLimiter(start=1, maximum=8), Origin(workers=100)
    origin.serve(limiter, 200)
    steps = [late - early for early, late in zip(origin.limits, origin.limits[1:], strict=False)]
    assert (origin.limits[0], max(origin.limits), origin.limits[-1]) == (1, 8, 8)
    assert set(steps) <= {0, 1}


def test_it_settles_a_little_above_what_the_origin_does_at_once() -> None:
    limiter, origin = VegasLimiter(start=1, maximum=32), Origin(workers=4)
    origin.serve(limiter, 2000)
    assert set(origin.limits[-500:]) <= {4, 5}


def test_a_slower_page_does_not_leave_it_at_one_for_ever() -> None:
    limiter, origin = VegasLimiter(start=1, maximum=16), Origin(workers=8, page_ms=2.0)
    origin.serve(limiter, 1000)
    origin.page_ms = 200.0
    origin.serve(limiter, 2000)
    assert origin.limits[-1] >= 8


def test_a_failure_halves_it_once_in_a_second() -> None:
    limiter = VegasLimiter(start=16, maximum=16)
    limits = [
        limiter.sample(10.0, failed=True, now=now) for now in (5.0, 5.5, 5.999, 6.0, 7.0, 8.0, 9.0)
    ]
    assert limits == [8, 8, 8, 4, 2, 1, 1]


def test_it_does_not_grow_in_the_second_after_a_failure() -> None:
    limiter = VegasLimiter(start=4, maximum=16)
    limiter.sample(10.0, failed=True, now=1.0)
    grown = [limiter.sample(10.0, failed=False, now=1.5) for _ in range(50)]
    assert set(grown) == {2}
    again = [limiter.sample(10.0, failed=False, now=2.5) for _ in range(50)]
    assert again[-1] > 2


@given(
    st.lists(st.tuples(st.floats(0, 1e5), st.booleans(), st.floats(0, 2)), max_size=300),
    st.integers(1, 20),
    st.integers(1, 20),
)
def test_it_is_never_below_one_nor_above_the_maximum(
    samples: list[tuple[float, bool, float]], start: int, maximum: int
) -> None:
    limiter, now = VegasLimiter(start=start, maximum=maximum), 0.0
    for latency_ms, failed, gap in samples:
        now += gap
        assert 1 <= limiter.sample(latency_ms, failed=failed, now=now) <= maximum
