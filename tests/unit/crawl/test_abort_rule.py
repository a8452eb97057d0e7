"""When a failing origin is given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from warmer.crawl.abort_rule import AbortRule

if TYPE_CHECKING:
    from collections.abc import Iterable


def trips_at(rule: AbortRule, failures: Iterable[bool]) -> int | None:
    """The number of the request that trips the rule, counted from 1."""
    for number, failed in enumerate(failures, start=1):
        if rule.record(failed=failed) is not None:
            return number
    return None


def test_nine_failures_are_too_few_to_judge_by() -> None:
    assert trips_at(AbortRule(0.5, 50), [True] * 9) is None


def test_ten_failures_in_a_row_end_the_run_and_say_why() -> None:
    rule = AbortRule(0.5, 50)
    for _ in range(9):
        rule.record(failed=True)
    assert rule.record(failed=True) == (
        "10 of the last 10 requests failed, more than abort_ratio 0.5 allows"
    )


def test_exactly_the_share_is_allowed() -> None:
    assert trips_at(AbortRule(0.5, 10), [True, False] * 100) is None


def test_a_share_of_one_never_ends_a_run() -> None:
    assert trips_at(AbortRule(1.0, 10), [True] * 100) is None


def test_only_the_window_counts() -> None:
    rule = AbortRule(0.5, 20)
    assert trips_at(rule, [False] * 1000) is None
    assert trips_at(rule, [True] * 20) == 11


def test_old_failures_are_forgotten() -> None:
    rule = AbortRule(0.5, 20)
    assert trips_at(rule, [False] * 10 + [True] * 10) is None
    assert trips_at(rule, [False] * 20) is None
    assert trips_at(rule, [True] * 10) is None
    assert trips_at(rule, [True]) == 1


def test_a_window_smaller_than_ten_is_judged_when_full() -> None:
    assert trips_at(AbortRule(0.5, 4), [True] * 4) == 4


@given(st.lists(st.booleans(), max_size=80), st.sampled_from([0.1, 0.5, 0.9]), st.integers(1, 30))
def test_the_rule_is_that_of_a_recount(results: list[bool], ratio: float, window: int) -> None:
    rule = AbortRule(ratio, window)
    for number, failed in enumerate(results, start=1):
        last = results[max(0, number - window) : number]
        expected = len(last) >= min(10, window) and sum(last) > ratio * len(last)
        assert (rule.record(failed=failed) is not None) == expected
