"""The limit of a run in one line."""

from __future__ import annotations

from warmer.model import LimitMove
from warmer.report.limit import limit_line


def test_a_run_without_moves_has_no_line() -> None:
    assert limit_line([], 10.0) == ""


def test_the_median_is_over_time_and_not_over_moves() -> None:
    moves = [LimitMove(0.0, 1, "start"), LimitMove(0.1, 2, "more"), LimitMove(0.2, 6, "more")]
    assert limit_line(moves, 10.0) == "1 to 6, median 6"


def test_the_line_says_how_often_the_limit_was_lowered_and_by_what_at_last() -> None:
    moves = [
        LimitMove(0.0, 1, "start"),
        LimitMove(1.0, 4, "more"),
        LimitMove(5.0, 2, "halved: timeout"),
        LimitMove(6.0, 4, "more"),
        LimitMove(12.34, 2, "halved: status-503"),
    ]
    assert limit_line(moves, 20.0) == (
        "1 to 2, median 4; lowered twice, the last time at 12.3 s: halved: status-503"
    )


def test_the_line_names_pauses_apart() -> None:
    moves = [
        LimitMove(0.0, 2, "start"),
        LimitMove(3.0, 0, "paused: the canary takes 80 ms"),
        LimitMove(6.0, 2, "the canary is well again"),
    ]
    assert limit_line(moves, 10.0) == (
        "2 to 2, median 2; paused once at 3.0 s: paused: the canary takes 80 ms"
    )


def test_a_run_that_has_no_duration_yet_is_told_up_to_its_last_move() -> None:
    assert limit_line([LimitMove(0.0, 3, "start")], None) == "3 to 3, median 3"
