from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.errors import SourceError
from warmer.replay.rhythm import as_recorded, at_rate, moments, warped
from warmer.sources.capture import CapturedRequest


def sent(*times: float | None) -> list[CapturedRequest]:
    """Requests whose URL is their number."""
    return [CapturedRequest(at_s, "GET", f"/{n}") for n, at_s in enumerate(times)]


def due(
    *times: float, speed: float = 1.0, ramp_up_s: float = 0.0, loop: bool = False, first: int = 20
) -> list[tuple[float, str]]:
    found = as_recorded(lambda: sent(*times), speed=speed, ramp_up_s=ramp_up_s, loop=loop)
    return [(round(at_s, 6), request.url) for at_s, request in itertools.islice(found, first)]


def test_the_distances_are_those_of_the_recording() -> None:
    assert due(100.25, 100.5, 103.25) == [(0.0, "/0"), (0.25, "/1"), (3.0, "/2")]
    assert due(100.25, 100.5, 103.25, speed=2) == [(0.0, "/0"), (0.125, "/1"), (1.5, "/2")]


def test_requests_that_were_logged_late_are_put_in_their_place() -> None:
    assert due(7.5, 9.25, 8.125) == [(0.0, "/0"), (0.625, "/2"), (1.75, "/1")]


def test_requests_of_one_logged_second_are_spread_over_it() -> None:
    assert due(5.0, 5.0, 5.0, 5.0, 6.0) == [
        (0.0, "/0"),
        (0.25, "/1"),
        (0.5, "/2"),
        (0.75, "/3"),
        (1.0, "/4"),
    ]


def test_those_of_one_exact_moment_stay_together() -> None:
    assert due(5.5, 5.5, 6.0) == [(0.0, "/0"), (0.0, "/1"), (0.5, "/2")]


def test_a_loop_begins_again_after_a_usual_pause() -> None:
    assert due(1.5, 2.5, 3.5, loop=True, first=5) == [
        (0.0, "/0"),
        (1.0, "/1"),
        (2.0, "/2"),
        (3.0, "/0"),
        (4.0, "/1"),
    ]
    assert due(1.5, loop=True, first=3) == [(0.0, "/0"), (1.0, "/0"), (2.0, "/0")]


def test_requests_without_time_need_a_rate() -> None:
    with pytest.raises(SourceError, match=r"no time; expected --rate N/s"):
        list(as_recorded(lambda: sent(None), speed=1, ramp_up_s=0, loop=False))
    found = at_rate(sent(None, None, None), 4.0, ramp_up_s=0)
    assert [at_s for at_s, _ in found] == [0.0, 0.25, 0.5]


def test_a_rate_grows_from_nothing_over_the_ramp() -> None:
    found = [at_s for at_s, _ in at_rate(sent(*[None] * 32), 8.0, ramp_up_s=4.0)]
    assert found[0] == 0.0
    assert found[4] == 2.0  # a quarter of the ramp's sixteen at half of its time
    assert found[16] == 4.0
    assert [found[16 + n] - found[15 + n] for n in range(1, 16)] == [0.125] * 15


@given(
    st.lists(st.floats(0, 1e6), min_size=2, max_size=60).map(sorted),
    st.floats(0.01, 100),
    st.just(0.0) | st.floats(0.01, 1000),
)
def test_a_ramp_keeps_the_order_and_ends_at_the_full_rate(
    work: list[float], rate: float, ramp_up_s: float
) -> None:
    times = [warped(each, rate, ramp_up_s) for each in work]
    assert times == sorted(times)
    for at_s, each in zip(times, work, strict=True):
        if at_s > ramp_up_s:
            assert at_s == pytest.approx(ramp_up_s / 2 + each / rate)
        else:
            assert at_s >= each / rate * 0.999999


@given(st.lists(st.floats(0, 1e5).map(lambda at_s: round(at_s, 1)), min_size=1, max_size=80))
def test_no_request_is_lost_and_time_never_goes_back(times: list[float]) -> None:
    found = list(moments(sent(*times)))
    assert sorted(request.url for _, request in found) == sorted(f"/{n}" for n in range(len(times)))
    assert [at_s for at_s, _ in found] == sorted(at_s for at_s, _ in found)
    assert found[0][0] == 0.0
