"""The moves of the limit that are kept of a long run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from warmer.model import LimitMove
from warmer.run.limit_trace import LimitTrace


def trace(limits: list[int], most: int) -> list[LimitMove]:
    kept = LimitTrace(most)
    for second, limit in enumerate(limits):
        kept.add(LimitMove(float(second), limit, "test"))
    return kept.moves


def test_few_moves_are_kept_as_they_came() -> None:
    assert [move.limit for move in trace([1, 2, 3, 1], 10)] == [1, 2, 3, 1]


def test_what_lowered_the_limit_outlives_what_raised_it() -> None:
    moves = trace([1, 2, 3, 4, 5, 6, 7, 8, 4, 5, 6], 10)
    assert [(move.at_s, move.limit) for move in moves] == [
        (0.0, 1), (2.0, 3), (4.0, 5), (6.0, 7), (8.0, 4), (9.0, 5), (10.0, 6),
    ]  # fmt: skip


@given(st.lists(st.integers(0, 16), min_size=1, max_size=400), st.integers(4, 40))
def test_the_first_and_the_last_move_stay_and_the_number_is_bounded(
    limits: list[int], most: int
) -> None:
    moves = trace(limits, most)
    assert len(moves) <= most
    assert moves[0] == LimitMove(0.0, limits[0], "test")
    assert moves[-1] == LimitMove(len(limits) - 1.0, limits[-1], "test")
    assert [move.at_s for move in moves] == sorted({move.at_s for move in moves})
