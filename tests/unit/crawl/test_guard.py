"""When visitors have to wait for our sake: looks in, advice out, on a clock that is moved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.crawl.guard import Advice, Look, Tolerance, VisitorGuard

GO_ON, AGAIN = Advice.GO_ON, Advice.LOOK_AGAIN
BACK_OFF, RESUME, TRY = Advice.BACK_OFF, Advice.RESUME, Advice.TRY
RELENT = Advice.RELENT
NO_ANSWER = Look(None, "status 503")


def guard(*idle_ms: float, max_ms: float = 2000.0) -> VisitorGuard:
    found = VisitorGuard(Tolerance(2.0, 10.0, max_ms))
    found.begin(idle_ms or (4.0, 5.0, 30.0))
    return found


def advices(
    watched: VisitorGuard, *looks: Look | float, start: float = 0.0, paused: bool = False
) -> list[Advice]:
    """One look a second."""
    return [
        watched.take(each if isinstance(each, Look) else Look(each), start + n, paused=paused)
        for n, each in enumerate(looks)
    ]


@pytest.mark.parametrize(
    ("baseline_ms", "limit_ms"), [(1.0, 11.0), (10.0, 20.0), (50.0, 100.0), (1500.0, 2000.0)]
)
def test_too_slow_is_twice_as_slow_and_ten_more_or_beyond_the_absolute_limit(
    baseline_ms: float, limit_ms: float
) -> None:
    assert Tolerance(2.0, 10.0, 2000.0).limit_ms(baseline_ms) == limit_ms


def test_the_median_of_the_idle_looks_is_what_is_normal() -> None:
    assert guard(4.0, 300.0, 5.0).baseline_ms == 5.0


def test_a_slow_answer_asks_for_other_looks_and_three_of_five_back_off() -> None:
    watched = guard()
    assert advices(watched, 6.0, 40.0, 6.0, 40.0, 6.0, 40.0) == [GO_ON, *[AGAIN] * 4, BACK_OFF]
    assert watched.why == "visitors wait: 40 ms for a hot page, 5 ms before"


def test_what_one_page_takes_is_no_reason_to_pause() -> None:
    watched = guard()
    alone = [watched.take(Look(30.0), now, paused=False, alone_ms=20.0) for now in (1.0, 2.0, 3.0)]
    more = [watched.take(Look(36.0), now, paused=False, alone_ms=20.0) for now in (4.0, 5.0, 6.0)]
    assert (alone, more) == ([GO_ON] * 3, [AGAIN, AGAIN, BACK_OFF])


def alone(watched: VisitorGuard, *took_ms: float, start: float) -> list[Advice]:
    """Looks while one cold page of 20 ms is in flight at a time."""
    return [
        watched.take(Look(each), start + n, paused=False, alone_ms=20.0)
        for n, each in enumerate(took_ms)
    ]


def test_one_instead_of_two_relents_where_five_looks_are_no_better() -> None:
    watched = guard()
    advices(watched, 20.0, 24.0, 6.0, 22.0)
    assert alone(watched, 16.0, 6.0, 18.0, 20.0, 5.0, start=5.0) == [*[AGAIN] * 4, RELENT]
    assert watched.why == "fewer did not help visitors: 16 ms for a hot page, 21 ms before"
    assert alone(watched, 16.0, 18.0, start=11.0) == [GO_ON] * 2


def test_one_instead_of_two_stays_where_it_helped() -> None:
    watched = guard()
    advices(watched, 20.0, 24.0, 6.0, 22.0)
    assert alone(watched, 14.0, 6.0, 18.0, 20.0, 5.0, start=5.0) == [*[AGAIN] * 4, GO_ON]


def test_what_takes_longer_than_a_cold_page_still_pauses_and_nothing_relents() -> None:
    watched = guard()
    advices(watched, 50.0, 50.0, 50.0)
    assert alone(watched, *[50.0] * 3, start=4.0) == [AGAIN, AGAIN, BACK_OFF]
    assert alone(watched, *[16.0] * 6, start=8.0) == [GO_ON] * 6


def test_no_answer_at_all_is_no_matter_of_one_or_two() -> None:
    watched = guard()
    advices(watched, NO_ANSWER, NO_ANSWER)
    assert alone(watched, *[16.0] * 6, start=4.0) == [GO_ON] * 6


def test_a_single_slow_answer_is_chance() -> None:
    looks = (40.0, 6.0, 6.0, 6.0, 6.0, 40.0, 40.0, 6.0, 6.0, 6.0)
    assert advices(guard(), *looks) == [*[AGAIN] * 3, GO_ON, GO_ON, *[AGAIN] * 4, GO_ON]


def test_what_is_in_flight_may_end_before_the_next_decision() -> None:
    watched = guard()
    advices(watched, 40.0, 40.0, 40.0)
    late = [watched.take(Look(40.0), now, paused=False) for now in (2.2, 2.9, 3.0, 3.1, 3.2)]
    assert late == [GO_ON, GO_ON, AGAIN, AGAIN, BACK_OFF]


def test_two_answers_that_do_not_come_are_enough() -> None:
    watched = guard()
    assert advices(watched, NO_ANSWER, NO_ANSWER) == [AGAIN, BACK_OFF]
    assert watched.why == "visitors wait: status 503 for a hot page, 5 ms before"


def test_a_canary_that_was_rendered_does_not_count() -> None:
    assert advices(guard(), *[Look(400.0, hot=False)] * 5) == [GO_ON] * 5


def test_a_pause_ends_with_two_fast_looks_in_a_row() -> None:
    watched = guard()
    found = advices(watched, 40.0, 6.0, 40.0, 6.0, 6.0, paused=True)
    assert found == [GO_ON, GO_ON, GO_ON, GO_ON, RESUME]
    assert watched.why == "visitors are served again: 6 ms for a hot page, 5 ms before"


def test_what_stays_slow_in_a_pause_is_the_new_normal() -> None:
    watched = guard()
    assert advices(watched, *[40.0] * 11, paused=True) == [GO_ON] * 10 + [RESUME]
    assert watched.why == "the site is slow without us, too: 40 ms for a hot page, 5 ms before"
    assert watched.baseline_ms == 40.0
    assert advices(watched, 40.0, 70.0, start=20.0) == [GO_ON, GO_ON]


def test_a_canary_that_is_dead_holds_the_crawl_for_a_minute_at_a_time() -> None:
    watched = guard()
    assert advices(watched, *[NO_ANSWER] * 61, paused=True) == [GO_ON] * 60 + [TRY]
    assert watched.why == "60 s of pause did not help: one request tries"
    assert advices(watched, NO_ANSWER, NO_ANSWER, start=62.0) == [AGAIN, BACK_OFF]


looks = st.builds(Look, took_ms=st.none() | st.floats(0.0, 5000.0), hot=st.none() | st.booleans())


@given(st.lists(looks, min_size=80, max_size=120))
def test_no_pause_lasts_longer_than_a_minute(seen: list[Look]) -> None:
    assert {RESUME, TRY} & set(advices(guard(), *seen, paused=True)[:62])


@given(st.lists(st.floats(0.0, 15.0), max_size=100))
def test_what_is_within_the_tolerance_never_slows_the_crawl(took_ms: list[float]) -> None:
    assert set(advices(guard(), *took_ms)) <= {GO_ON}


def test_only_a_look_that_was_judged_shows_that_visitors_are_served_well() -> None:
    watching = guard()
    told = []
    for now, look in enumerate(
        [
            Look(5.0, hot=True),
            Look(5.0, hot=False),  # rendered by the look itself
            Look(500.0, hot=True),
            Look(None, "no answer"),  # the limit is lowered
        ]
    ):
        watching.take(look, float(now), paused=False)
        told.append(watching.saw_well)
    watching.take(Look(5.0, hot=True), 3.5, paused=False)  # what is in flight has yet to end
    assert [*told, watching.saw_well] == [True, False, False, False, False]
