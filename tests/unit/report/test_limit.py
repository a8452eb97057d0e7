"""The limit of a run in one line."""

from __future__ import annotations

from warmer.model import LimitMove
from warmer.report.limit import limit_line


def test_a_run_without_moves_has_no_line() -> None:
    assert limit_line([], 10.0) == ""


def test_the_median_is_over_time_and_not_over_moves() -> None:
    moves = [LimitMove(0.0, 1, "start"), LimitMove(0.1, 2, "more"), LimitMove(0.2, 6, "more")]
    assert limit_line(moves, 10.0) == "1 to 6, median 6, at the end 6"


def test_the_line_says_how_often_the_limit_was_lowered_and_by_what_at_last() -> None:
    moves = [
        LimitMove(0.0, 1, "start"),
        LimitMove(1.0, 4, "more"),
        LimitMove(5.0, 2, "halved: timeout"),
        LimitMove(6.0, 4, "more"),
        LimitMove(12.34, 2, "halved: status-503"),
    ]
    assert limit_line(moves, 20.0) == (
        "1 to 4, median 4, at the end 2; lowered twice, the last time at 12.3 s: halved: status-503"
    )


def test_the_line_names_pauses_apart() -> None:
    moves = [
        LimitMove(0.0, 2, "start"),
        LimitMove(3.0, 0, "paused: the canary takes 80 ms"),
        LimitMove(6.0, 2, "the canary is well again"),
    ]
    assert limit_line(moves, 10.0) == (
        "2 but for pauses; paused once at 3.0 s: paused: the canary takes 80 ms"
    )


def test_a_run_that_has_no_duration_yet_is_told_up_to_its_last_move() -> None:
    assert limit_line([LimitMove(0.0, 3, "start")], None) == "3 throughout"


def test_a_limit_that_ended_where_it_began_shows_how_high_it_was() -> None:
    moves = [LimitMove(0.0, 1, "start"), LimitMove(1.0, 8, "more"), LimitMove(9.0, 1, "slow")]
    assert limit_line(moves, 10.0) == "1 to 8, median 8, at the end 1; lowered once at 9.0 s: slow"


def test_a_run_that_was_never_let_begin_has_a_limit_of_0() -> None:
    assert limit_line([LimitMove(0.0, 0, "start")], 10.0) == "0 throughout"
