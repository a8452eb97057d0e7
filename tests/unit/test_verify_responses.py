from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.verdict_cases import (
    ABSENT,
    BYPASS,
    DJANGO,
    HIT,
    KEY,
    MISS,
    NGINX,
    PRESENT,
    PROBE,
    RESPONSE,
    STALE,
    TIMING,
    UNREAD,
    probe,
    verdict,
    warm,
)
from warmer.case import Case
from warmer.model import CacheState, Judgement, Outcome, Pass, Verdict
from warmer.timing import Typical
from warmer.verify import judge, needs_probe

# Responses alone

SITE = Typical(cold_ms=100.0, hot_ms=10.0)
"""A site that answers ten times as fast the second time."""


def test_a_hit_is_warm_by_response_and_by_probe() -> None:
    assert judge(Case(warm=warm(HIT, NGINX, ttl_s=20.0))) == Judgement(
        Verdict.WARM, ttl_s=20.0, evidence=(RESPONSE,)
    )
    case = Case(warm=warm(MISS, NGINX), probe=probe(HIT, NGINX, ttl_s=30.0))
    assert judge(case) == Judgement(Verdict.WARM, ttl_s=30.0, evidence=(PROBE,))


def test_a_hit_is_warm_despite_an_obstacle_that_the_cache_ignores() -> None:
    for reason in ("set-cookie", "no-store", "private"):
        case = {"warm": warm(MISS, NGINX, obstacle=reason)}
        assert verdict(**case, probe=probe(HIT, NGINX, obstacle=reason)) == ("warm", None)


def test_a_hit_that_expires_before_the_next_run_is_not_warm() -> None:
    case = {"warm": warm(HIT, NGINX, ttl_s=20.0), "min_ttl_s": 60.0}
    assert verdict(**case) == ("uncacheable", "expires-before-next-run")


def test_a_hit_whose_time_is_not_told_is_warm() -> None:
    assert verdict(warm=warm(HIT, NGINX), min_ttl_s=60.0) == ("warm", None)


def test_a_stale_hit_is_not_warm() -> None:
    assert verdict(warm=warm(HIT, NGINX), probe=probe(STALE, NGINX)) == ("unverified", "stale")


def test_a_miss_and_a_miss_again_is_uncacheable() -> None:
    case = {"warm": warm(MISS, NGINX), "probe": probe(MISS, NGINX)}
    assert verdict(**case) == ("uncacheable", "unknown")


def test_a_miss_with_an_obstacle_is_uncacheable_without_a_probe() -> None:
    case = Case(warm=warm(MISS, NGINX, obstacle="no-store"))
    assert verdict(warm=case.warm) == ("uncacheable", "no-store")
    assert not needs_probe(case)


def test_a_miss_after_a_hit_is_a_contradiction() -> None:
    case = {"warm": warm(HIT, NGINX), "probe": probe(MISS, NGINX)}
    assert verdict(**case) == ("unverified", "contradiction")


def test_a_miss_after_a_promise_to_store_is_a_contradiction() -> None:
    case = {"warm": warm(MISS, "cache-status", stored=True)}
    assert verdict(**case, probe=probe(MISS, "cache-status")) == ("unverified", "contradiction")


def test_a_miss_that_was_not_asked_again_is_unverified() -> None:
    assert verdict(warm=warm(MISS, NGINX)) == ("unverified", "not-probed")
    assert verdict(warm=warm(MISS, NGINX), answers=(ABSENT,)) == ("unverified", "not-probed")


def test_a_proxy_that_says_stored_is_believed_where_no_probe_is_made() -> None:
    found = judge(Case(warm=warm(MISS, "cache-status", stored=True)))
    assert (found.verdict, found.evidence) == (Verdict.WARM, (RESPONSE,))
    assert found.detail == "stored, says cache-status; not asked again"


def test_the_application_that_says_stored_is_not_believed_without_a_probe() -> None:
    case = {"warm": warm(MISS, DJANGO, stored=True)}
    assert verdict(**case) == ("unverified", "not-probed")
    assert verdict(**case, answers=(ABSENT,)) == ("unverified", "not-probed")


def test_a_bypass_is_uncacheable() -> None:
    assert verdict(warm=warm(BYPASS, NGINX)) == ("uncacheable", "unknown")
    assert verdict(warm=warm(BYPASS, NGINX, obstacle="private")) == ("uncacheable", "private")


def test_a_proxy_does_not_speak_for_a_cache_whose_keys_could_not_be_read() -> None:
    case: dict[str, Any] = {"warm": warm(BYPASS, "cf-cache-status"), "answers": (UNREAD,)}
    assert verdict(**case) == ("unverified", "no-evidence")
    assert judge(Case(**case)).detail == "pin keys = { … }"
    assert verdict(warm=warm(BYPASS, DJANGO), answers=(UNREAD,)) == ("uncacheable", "unknown")


# CSRF tokens


@pytest.mark.parametrize(
    "case",
    [
        Case(warm=warm(csrf=True), answers=(PRESENT,)),
        Case(warm=warm(MISS, NGINX), probe=probe(HIT, NGINX, csrf=True)),
        Case(warm=warm(csrf=True, total_ms=900.0), probe=probe(total_ms=9.0), typical=SITE),
    ],
)
def test_a_stored_page_with_a_csrf_token_is_not_warm(case: Case) -> None:
    found = judge(case)
    assert (found.verdict, found.reason) == (Verdict.UNCACHEABLE, "csrf-token-in-cached-page")


def test_a_page_with_a_csrf_token_that_is_not_stored_has_its_own_reason() -> None:
    case = {"warm": warm(csrf=True, obstacle="vary-cookie"), "answers": (ABSENT,)}
    assert verdict(**case) == ("uncacheable", "vary-cookie")


# Time alone


def test_a_much_faster_second_fetch_is_warm_and_marked_as_judged_by_time() -> None:
    case = Case(warm=warm(total_ms=120.0), probe=probe(total_ms=12.0), typical=SITE)
    assert judge(case) == Judgement(
        Verdict.WARM, None, "judged by time alone: 120 ms, then 12 ms", None, (TIMING,)
    )


def test_time_does_not_speak_for_a_cache_that_is_named_and_whose_keys_are_not_known() -> None:
    case = Case(
        warm=warm(total_ms=120.0), probe=probe(total_ms=12.0), answers=(UNREAD,), typical=SITE
    )
    assert judge(case) == Judgement(Verdict.UNVERIFIED, "no-evidence", "pin keys = { … }")


@pytest.mark.parametrize(
    ("cold", "hot"),
    [
        ({"total_ms": 120.0}, {"total_ms": 41.0}),
        ({"total_ms": 9.0}, {"total_ms": 1.0}),
        ({"total_ms": 120.0}, {"total_ms": 0.0}),
        ({"total_ms": 120.0}, {}),
        ({}, {}),
        ({"total_ms": 120.0, "first_byte_ms": 20.0}, {"total_ms": 12.0, "first_byte_ms": 11.0}),
    ],
)
def test_a_second_fetch_that_is_little_faster_proves_nothing(
    cold: dict[str, Any], hot: dict[str, Any]
) -> None:
    found = verdict(warm=warm(**cold), probe=probe(**hot), typical=SITE)
    assert found == ("unverified", "no-evidence")


def test_time_is_not_asked_where_a_cache_has_spoken_or_where_the_site_did_not_speed_up() -> None:
    times: dict[str, Any] = {"probe": probe(total_ms=12.0)}
    case = {"warm": warm(MISS, NGINX, total_ms=120.0)}
    assert verdict(**case, **times, typical=SITE) == ("unverified", "no-evidence")
    assert verdict(warm=warm(total_ms=120.0), **times) == ("unverified", "no-evidence")


def test_a_page_without_any_evidence_is_told_how_to_get_some() -> None:
    found = judge(Case(warm=warm(), probe=probe()))
    assert (found.verdict, found.reason) == (Verdict.UNVERIFIED, "no-evidence")
    assert found.detail == "no response tells of a cache: name the cache server with --cache"


# When to probe


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (Case(), False),
        (Case(warm=warm()), True),
        (Case(warm=warm(), probe=probe()), False),
        (Case(warm=warm(status=503)), False),
        (Case(warm=warm(status=404)), False),
        (Case(warm=warm(final_url="/en/")), True),
        (Case(warm=warm(obstacle="vary-user-agent")), False),
        (Case(warm=warm(), answers=(PRESENT,)), False),
        (Case(warm=warm(HIT, NGINX)), False),
        (Case(warm=warm(MISS, NGINX)), True),
        (Case(warm=warm(BYPASS, NGINX)), False),
        (Case(warm=warm(STALE, NGINX)), True),
        (Case(warm=warm(), answers=(UNREAD,)), True),
        (Case(warm=warm(obstacle="set-cookie")), False),
        (Case(warm=warm(MISS, "cache-status", obstacle="set-cookie", stored=True)), True),
    ],
)
def test_a_probe_is_due_only_where_it_can_settle_something(case: Case, *, expected: bool) -> None:
    assert needs_probe(case) is expected


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (warm(), False),
        (warm(MISS, DJANGO), False),
        (warm(MISS, f"{NGINX}, {DJANGO}"), False),
        (warm(MISS, NGINX), True),
        (warm(MISS, NGINX, obstacle="private"), False),
        (warm(MISS, DJANGO, stored=True), True),
    ],
)
def test_a_page_without_its_key_is_not_rendered_twice(first: Outcome, *, expected: bool) -> None:
    assert needs_probe(Case(warm=first, answers=(ABSENT,))) is expected


# Whatever is known


OUTCOMES = st.builds(
    Outcome,
    rank=st.just(1),
    fetch=st.just(Pass.WARM),
    status=st.sampled_from([None, 200, 200, 200, 304, 404, 503]),
    error=st.sampled_from([None, None, None, "timeout"]),
    total_ms=st.sampled_from([None, 0.0, 5.0, 900.0]),
    final_url=st.sampled_from(["", "", "/en/"]),
    state=st.sampled_from(CacheState),
    state_header=st.sampled_from([NGINX, DJANGO, "age", f"{NGINX}, {DJANGO}"]),
    ttl_s=st.sampled_from([None, 0.0, 5.0, 900.0]),
    stored=st.booleans(),
    obstacle=st.sampled_from([None, None, "set-cookie", "vary-cookie", "vary-star", "vary-x"]),
    csrf=st.booleans(),
)
CASES = st.builds(
    Case,
    warm=st.none() | OUTCOMES,
    probe=st.none() | OUTCOMES,
    answers=st.lists(st.sampled_from([PRESENT, ABSENT, UNREAD]), max_size=3).map(tuple),
    own_headers=st.sampled_from([frozenset[str](), frozenset({"cookie"})]),
    min_ttl_s=st.sampled_from([0.0, 60.0]),
    typical=st.sampled_from([None, SITE]),
)


@given(CASES)
def test_warm_is_never_said_on_the_ground_of_our_own_fetch(case: Case) -> None:
    found = judge(case)
    assert (found.reason is None) is (found.verdict is Verdict.WARM)
    if found.verdict is not Verdict.WARM:
        return
    assert found.evidence
    if KEY in found.evidence:
        assert PRESENT in case.answers
        return
    last = case.probe or case.warm
    assert last is not None
    if TIMING in found.evidence:
        assert case.typical is not None
        assert not case.answers
        assert case.probe is not None
        assert case.warm is not None
        assert "judged by time alone" in found.detail
    else:
        assert last.state is HIT or (last.stored and last.state is MISS and case.probe is None)


@given(CASES)
def test_nothing_is_warm_that_failed_carries_a_token_or_is_stale(case: Case) -> None:
    last = case.probe or case.warm
    known = [outcome for outcome in (case.warm, case.probe) if outcome]
    refused = last is not None and (
        last.error is not None or last.status not in (200, 304) or last.state is STALE
    )
    if refused or any(outcome.csrf or outcome.obstacle == "vary-x" for outcome in known):
        assert judge(case).verdict is not Verdict.WARM


@given(CASES)
def test_a_probe_is_never_due_where_the_target_is_warm_by_a_hit_or_a_key(case: Case) -> None:
    if needs_probe(case):
        assert KEY not in judge(case).evidence
        assert case.warm is not None
        assert case.warm.state is not HIT
