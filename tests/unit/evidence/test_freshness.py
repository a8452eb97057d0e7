from __future__ import annotations

import pytest

from warmer.caches.freshness import age_s, left_s, lifetime_s

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
MINUTE_LATER = "Sun, 06 Nov 1994 08:50:37 GMT"


@pytest.mark.parametrize(
    ("control", "lifetime"),
    [
        ("max-age=300", 300.0),
        ("public, max-age=300, s-maxage=600", 600.0),
        ("s-maxage=0, max-age=300", 0.0),
        ("Max-Age=300", 300.0),
        ('max-age="300"', 300.0),
        ("max-age=300, max-age=600", 300.0),
        ("max-age=", None),
        ("max-age=-5", None),
        ("max-age=soon", None),
        ("x-max-age=5", None),
        ("no-store", None),
    ],
)
def test_the_lifetime_is_that_for_a_shared_cache(control: str, lifetime: float | None) -> None:
    assert lifetime_s({"cache-control": control}) == lifetime


@pytest.mark.parametrize("expires", [MINUTE_LATER, "Sunday, 06-Nov-94 08:50:37 GMT"])
def test_expires_less_date_counts_in_both_forms_that_are_sent(expires: str) -> None:
    assert lifetime_s({"date": DATE, "expires": expires}) == 60.0


def test_max_age_goes_over_expires() -> None:
    headers = {"cache-control": "max-age=300", "date": DATE, "expires": MINUTE_LATER}
    assert lifetime_s(headers) == 300.0


@pytest.mark.parametrize(
    "expires", ["0", "-1", "", "never", "Sun Nov  6 08:50:37 1994", "Thu, 01 Jan 1970 00:00:00 GMT"]
)
def test_an_expires_that_is_past_or_unreadable_means_no_lifetime(expires: str) -> None:
    assert lifetime_s({"date": DATE, "expires": expires}) == 0.0


def test_an_expires_without_a_date_tells_nothing() -> None:
    assert lifetime_s({"expires": MINUTE_LATER}) is None
    assert lifetime_s({"date": "today", "expires": MINUTE_LATER}) is None


def test_of_several_ages_the_first_counts() -> None:
    assert age_s({"age": "5, 9"}) == 5.0


def test_an_expires_of_long_ago_does_not_shorten_max_age() -> None:
    headers = {"cache-control": "max-age=300", "date": DATE, "expires": "0"}
    assert left_s(headers, 300.0, None, hit=True) == 300.0


def test_expires_does_not_shorten_s_maxage_which_it_knows_nothing_of() -> None:
    headers = {"cache-control": "s-maxage=300", "date": DATE, "expires": MINUTE_LATER}
    assert left_s(headers, 300.0, None, hit=True) == 300.0


def test_a_hit_past_its_lifetime_is_kept_by_an_unknown_rule() -> None:
    assert left_s({}, 300.0, 301.0, hit=True) is None
    assert left_s({}, 300.0, 301.0, hit=False) == -1.0
