from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from warmer.daemon.backoff import Backoff


def test_pauses_double_up_to_the_longest() -> None:
    backoff = Backoff(first_s=1, longest_s=10)
    assert [backoff.pause_s(now) for now in range(6)] == [1, 2, 4, 8, 10, 10]


def test_pauses_begin_anew_after_a_connection_that_held() -> None:
    backoff = Backoff(first_s=1, longest_s=10)
    assert [backoff.pause_s(0), backoff.pause_s(1), backoff.pause_s(3)] == [1, 2, 4]
    backoff.connected(7)
    assert backoff.pause_s(100) == 1


def test_a_connection_that_breaks_at_once_again_and_again_is_not_tried_at_once() -> None:
    backoff = Backoff(first_s=1, longest_s=8)
    pauses = []
    now = 0.0
    for _ in range(5):
        backoff.connected(now)
        pauses.append(backoff.pause_s(now + 0.5))
        now += pauses[-1]
    assert pauses[-1] == 8


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1e6))))
def test_a_pause_is_never_shorter_than_the_first_nor_longer_than_the_longest(
    events: list[tuple[bool, float]],
) -> None:
    backoff = Backoff(first_s=0.1, longest_s=10)
    now = 0.0
    for connects, passed in events:
        now += passed
        if connects:
            backoff.connected(now)
        else:
            assert 0.1 <= backoff.pause_s(now) <= 10
