from __future__ import annotations

from typing import Any

import pytest

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
    UNREAD,
    probe,
    verdict,
    warm,
)
from warmer import verify
from warmer.caches import http_evidence
from warmer.case import Case
from warmer.model import CacheState, Judgement, KeyAnswer, KeyState, Verdict
from warmer.verify import judge, needs_probe

# Failures


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_a_refusal_of_the_moment_is_a_failure(status: int) -> None:
    assert verdict(warm=warm(status=status)) == ("failed", f"status-{status}")


def test_an_error_is_a_failure_with_its_reason_and_detail() -> None:
    outcome = warm(status=None, error="redirect-loop", detail="/a, /b, /a")
    assert judge(Case(warm=outcome)) == Judgement(Verdict.FAILED, "redirect-loop", "/a, /b, /a")


def test_an_outcome_without_status_and_error_is_a_failure() -> None:
    assert verdict(warm=warm(status=None)) == ("failed", "no-response")


def test_a_failed_probe_is_a_failure_though_the_key_is_there() -> None:
    case = {"warm": warm(), "probe": probe(status=502), "answers": (PRESENT,)}
    assert verdict(**case) == ("failed", "status-502")


@pytest.mark.parametrize("status", [204, 301, 404, 410])
def test_another_status_is_uncacheable_even_if_a_cache_has_it(status: int) -> None:
    assert verdict(warm=warm(HIT, NGINX, status=status)) == ("uncacheable", "status")
    assert verdict(warm=warm(status=status), answers=(PRESENT,)) == ("uncacheable", "status")


def test_a_redirect_is_judged_as_the_page_it_ends_on_and_says_so() -> None:
    outcome = warm(final_url="https://www.example.com/en/")
    assert judge(Case(warm=outcome, answers=(PRESENT,))) == Judgement(
        Verdict.WARM,
        None,
        "redirects to https://www.example.com/en/, which is warm: list that URL instead",
        300.0,
        (KEY,),
    )
    assert verdict(warm=outcome, answers=(ABSENT,)) == ("uncacheable", "unknown")


# Never fetched


def test_what_was_not_fetched_is_unverified() -> None:
    assert verdict() == ("unverified", "not-attempted")
    assert verdict(answers=(UNREAD, ABSENT)) == ("unverified", "not-attempted")


def test_a_key_without_a_fetch_is_warm() -> None:
    assert judge(Case(answers=(PRESENT,))) == Judgement(Verdict.WARM, ttl_s=300.0, evidence=(KEY,))


def test_no_key_without_a_fetch_is_cold_and_not_uncacheable() -> None:
    assert verdict(answers=(ABSENT, ABSENT)) == ("unverified", "not-in-cache")


def test_a_miss_of_a_page_that_was_never_warmed_is_cold_and_not_uncacheable() -> None:
    assert verdict(probe=probe(MISS, NGINX)) == ("unverified", "not-in-cache")
    assert verdict(probe=probe(), answers=(ABSENT,)) == ("unverified", "not-in-cache")


# Keys


def test_a_key_is_warm_with_all_that_agrees() -> None:
    assert judge(Case(warm=warm(), answers=(PRESENT,))).evidence == (KEY,)
    case = Case(warm=warm(HIT, NGINX), probe=probe(HIT, NGINX), answers=(PRESENT,))
    assert judge(case) == Judgement(Verdict.WARM, ttl_s=300.0, evidence=(KEY, RESPONSE, PROBE))


def test_a_key_in_any_cache_counts_and_the_longest_lived_one() -> None:
    short = KeyAnswer(KeyState.PRESENT, "k", 5.0)
    found = judge(Case(warm=warm(), answers=(ABSENT, short, UNREAD, PRESENT), min_ttl_s=60.0))
    assert (found.verdict, found.ttl_s) == (Verdict.WARM, 300.0)


def test_a_key_without_expiry_outlives_every_interval() -> None:
    forever = KeyAnswer(KeyState.PRESENT, "k", None)
    found = judge(Case(warm=warm(ttl_s=5.0), answers=(PRESENT, forever), min_ttl_s=1e6))
    assert (found.verdict, found.ttl_s) == (Verdict.WARM, None)


def test_a_key_that_expires_before_the_next_run_is_not_warm() -> None:
    found = judge(Case(warm=warm(), answers=(PRESENT,), min_ttl_s=301.0))
    assert (found.verdict, found.reason) == (Verdict.UNCACHEABLE, "expires-before-next-run")
    assert found.ttl_s == 300.0


def test_a_key_is_warm_despite_obstacles_that_are_added_outside_the_cache() -> None:
    for reason in ("vary-cookie", "vary-star", "no-store", "private"):
        assert verdict(warm=warm(obstacle=reason), answers=(PRESENT,)) == ("warm", None)


def test_a_stored_page_that_sets_a_cookie_is_warm_with_a_caution() -> None:
    found = judge(Case(warm=warm(obstacle="set-cookie"), answers=(PRESENT,)))
    assert found.verdict is Verdict.WARM
    assert found.detail == "stored although it sets a cookie: see that visitors do not share it"


def test_a_key_that_only_our_own_header_selects_is_not_warm() -> None:
    for reason in ("vary-x-warmer-run", "vary-user-agent"):
        outcome = warm(HIT, NGINX, obstacle=reason, detail="cure")
        found = judge(Case(warm=outcome, probe=probe(HIT, NGINX), answers=(PRESENT,)))
        assert found == Judgement(Verdict.UNCACHEABLE, reason, "cure")


def test_vary_on_a_cookie_that_is_ours_is_not_warm() -> None:
    case = {"warm": warm(obstacle="vary-cookie"), "answers": (PRESENT,)}
    assert verdict(**case, own_headers=frozenset({"cookie"})) == ("uncacheable", "vary-cookie")


@pytest.mark.parametrize("header", [DJANGO, "x-wagtail-cache", f"{NGINX}, {DJANGO}"])
def test_a_key_that_the_application_does_not_ask_for_is_not_warm(header: str) -> None:
    case = {"warm": warm(MISS, header), "probe": probe(MISS, header), "answers": (PRESENT,)}
    assert verdict(**case) == ("unverified", "contradiction")


def test_an_old_key_of_a_page_that_is_no_longer_cached_is_not_warm() -> None:
    case = {"warm": warm(BYPASS, DJANGO), "answers": (PRESENT,)}
    assert verdict(**case) == ("unverified", "contradiction")


def test_the_first_miss_does_not_contradict_the_key_that_it_made() -> None:
    assert verdict(warm=warm(MISS, DJANGO), answers=(PRESENT,)) == ("warm", None)


@pytest.mark.parametrize(
    ("state", "header"), [(BYPASS, "cf-cache-status"), (MISS, NGINX), (MISS, "x-varnish")]
)
def test_a_proxy_that_keeps_nothing_does_not_contradict_a_key(
    state: CacheState, header: str
) -> None:
    case = Case(warm=warm(state, header), probe=probe(state, header), answers=(PRESENT,))
    assert judge(case).evidence == (KEY,)
    assert judge(case).verdict is Verdict.WARM


def test_a_stale_copy_in_front_of_a_key_is_not_warm() -> None:
    case: dict[str, Any] = {"warm": warm(STALE, NGINX), "answers": (PRESENT,)}
    assert verdict(**case) == ("unverified", "stale")
    assert needs_probe(Case(**case))
    assert verdict(**case, probe=probe(HIT, NGINX)) == ("warm", None)


# No key


@pytest.mark.parametrize("header", [NGINX, "x-varnish", "cf-cache-status", "cache-status"])
def test_a_hit_in_front_needs_no_key_behind_it(header: str) -> None:
    assert judge(Case(warm=warm(HIT, header), answers=(ABSENT,))).evidence == (RESPONSE,)
    case = Case(warm=warm(MISS, header), probe=probe(HIT, header), answers=(ABSENT,))
    assert judge(case).evidence == (PROBE,)


@pytest.mark.parametrize("header", [DJANGO, "x-drupal-cache", "age"])
def test_a_hit_of_the_application_whose_key_has_gone_since_is_not_warm(header: str) -> None:
    case = {"warm": warm(HIT, header), "answers": (ABSENT,)}
    assert verdict(**case) == ("unverified", "contradiction")


def test_a_missing_key_is_uncacheable_with_the_obstacle() -> None:
    outcome = warm(obstacle="vary-cookie", detail="sets csrftoken and varies on Cookie")
    assert judge(Case(warm=outcome, answers=(ABSENT,))) == Judgement(
        Verdict.UNCACHEABLE, "vary-cookie", "sets csrftoken and varies on Cookie"
    )


def test_a_missing_key_without_an_obstacle_is_uncacheable_with_the_likely_cause() -> None:
    outcome = warm(detail="Cache-Control says max-age=0: Django does not store such a page")
    assert judge(Case(warm=outcome, answers=(ABSENT,))) == Judgement(
        Verdict.UNCACHEABLE,
        "unknown",
        "no cache has its key after the fetch;"
        " Cache-Control says max-age=0: Django does not store such a page",
    )


def test_a_missing_key_is_not_made_up_for_by_speed() -> None:
    case = {"warm": warm(total_ms=900.0), "probe": probe(total_ms=9.0), "answers": (ABSENT,)}
    assert verdict(**case) == ("uncacheable", "unknown")


def test_a_missing_key_in_one_cache_and_an_unread_one_is_no_missing_key() -> None:
    assert verdict(warm=warm(), answers=(ABSENT, UNREAD)) == ("unverified", "no-evidence")


def test_both_rooms_mean_the_same_by_the_application() -> None:
    assert frozenset(http_evidence._APPLICATION) == verify._APPLICATION
