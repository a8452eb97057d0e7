"""What another pass is for, and when there is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.model import Judgement, Verdict
from warmer.run.repeat import PassEnd, another, may_change


@pytest.mark.parametrize(
    "reason",
    ["status-500", "status-503", "status-524", "status-429", "status-408", "timeout", "connect",
     "dns", "closed-early", "proxy"],
)  # fmt: skip
def test_a_page_that_failed_for_now_gets_another_fetch(reason: str) -> None:
    assert may_change(Judgement(Verdict.FAILED, reason))


@pytest.mark.parametrize(
    "reason", ["redirect-loop", "redirect-limit", "redirect-offsite", "robots", "too-large", "tls"]
)
def test_a_page_that_fails_by_what_it_is_gets_none(reason: str) -> None:
    assert not may_change(Judgement(Verdict.FAILED, reason))


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        (Verdict.UNVERIFIED, "not-in-cache"),
        (Verdict.UNVERIFIED, "contradiction"),
        (Verdict.UNVERIFIED, "stale"),
        (Verdict.UNCACHEABLE, "unknown"),
    ],
)
def test_what_nothing_forbids_to_store_gets_another_fetch(verdict: Verdict, reason: str) -> None:
    assert may_change(Judgement(verdict, reason))


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        (Verdict.UNCACHEABLE, "set-cookie"),
        (Verdict.UNCACHEABLE, "no-store"),
        (Verdict.UNCACHEABLE, "status"),
        (Verdict.UNCACHEABLE, "vary-user-agent"),
        (Verdict.UNCACHEABLE, "csrf-token-in-cached-page"),
        (Verdict.UNCACHEABLE, "expires-before-next-run"),
        (Verdict.UNVERIFIED, "no-evidence"),
        (Verdict.UNVERIFIED, "not-probed"),
        (Verdict.UNVERIFIED, "cache-not-shared"),
    ],
)
def test_what_another_fetch_cannot_change_gets_none(verdict: Verdict, reason: str) -> None:
    assert not may_change(Judgement(verdict, reason))


@given(st.text())
def test_a_warm_page_gets_none_whatever_its_reason(reason: str) -> None:
    assert not may_change(Judgement(Verdict.WARM, reason))


def test_passes_end_when_nothing_is_left() -> None:
    decision = another([PassEnd(0, 4.0)], passes=5, until_stable=True)
    assert (decision.again, decision.why) == (
        False,
        "nothing is left that another fetch may change",
    )


def test_passes_end_when_so_many_have_been() -> None:
    ended = [PassEnd(9, 4.0), PassEnd(5, 1.0)]
    assert another(ended, passes=3, until_stable=False).again
    assert another(ended, passes=2, until_stable=False).why == "2 passes were allowed"


def test_passes_end_when_one_changed_nothing() -> None:
    ended = [PassEnd(9, 4.0), PassEnd(9, 1.0)]
    assert another(ended, passes=9, until_stable=False).why == "the last pass changed nothing"


def test_a_pass_that_gains_a_little_and_takes_as_long_ends_a_run_until_stable() -> None:
    ended = [PassEnd(9, 4.0), PassEnd(8, 3.9)]
    assert another(ended, passes=None, until_stable=True).why == (
        "the last pass took 3.9 s, over 95% of the 4.0 s of the one before"
    )
    assert another([PassEnd(9, 4.0), PassEnd(8, 3.8)], passes=None, until_stable=True).again


def test_time_ends_no_run_that_was_given_a_number_of_passes_alone() -> None:
    assert another([PassEnd(9, 4.0), PassEnd(8, 8.0)], passes=3, until_stable=False).again


@given(st.lists(st.integers(0, 1000), min_size=1), st.booleans())
def test_whatever_the_passes_do_they_come_to_an_end(left: list[int], until_stable: bool) -> None:
    ended: list[PassEnd] = []
    for count in [*left, *left]:
        ended.append(PassEnd(count, 1.0))
        if not another(ended, passes=None, until_stable=until_stable).again:
            return
    assert [each.left for each in ended] == sorted({each.left for each in ended}, reverse=True)
