from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from warmer.caches.http_evidence import judge
from warmer.model import CacheState, ResponseEvidence

HIT, MISS, STALE = CacheState.HIT, CacheState.MISS, CacheState.STALE
BYPASS, UNKNOWN = CacheState.BYPASS, CacheState.UNKNOWN


def seen(*headers: tuple[str, str]) -> ResponseEvidence:
    return judge([("server", "nginx"), *headers])


@pytest.mark.parametrize(
    ("name", "value", "state"),
    [
        ("x-cache-status", "HIT", HIT),
        ("x-cache-status", "REVALIDATED", HIT),
        ("x-cache-status", "MISS", MISS),
        ("x-cache-status", "EXPIRED", MISS),
        ("x-cache-status", "STALE", STALE),
        ("x-cache-status", "UPDATING", STALE),
        ("x-cache-status", "BYPASS", BYPASS),
        ("x-cache-status", "-", UNKNOWN),
        ("x-proxy-cache", "hit", HIT),
        ("x-proxy-cache", "MISS", MISS),
        ("x-varnish", "32770 3", HIT),
        ("x-varnish", "32770", MISS),
        ("x-varnish", "5 3, 17", MISS),
        ("x-varnish", "five", UNKNOWN),
        ("x-cache", "HIT from squid.example.com", HIT),
        ("x-cache", "MISS from squid.example.com", MISS),
        ("x-cache", "HIT", HIT),
        ("x-cache", "MISS", MISS),
        ("x-cache", "MISS, HIT", HIT),
        ("x-cache", "HIT, MISS", MISS),
        ("x-cache", "Hit from cloudfront", HIT),
        ("x-cache", "RefreshHit from cloudfront", HIT),
        ("x-cache", "Miss from cloudfront", MISS),
        ("x-cache", "Error from cloudfront", UNKNOWN),
        ("x-cache", "EXPIRED", MISS),
        ("cf-cache-status", "HIT", HIT),
        ("cf-cache-status", "REVALIDATED", HIT),
        ("cf-cache-status", "MISS", MISS),
        ("cf-cache-status", "EXPIRED", MISS),
        ("cf-cache-status", "STALE", STALE),
        ("cf-cache-status", "UPDATING", STALE),
        ("cf-cache-status", "BYPASS", BYPASS),
        ("cf-cache-status", "DYNAMIC", BYPASS),
        ("cf-cache-status", "NONE", BYPASS),
        ("x-vercel-cache", "HIT", HIT),
        ("x-vercel-cache", "PRERENDER", HIT),
        ("x-vercel-cache", "MISS", MISS),
        ("x-vercel-cache", "REVALIDATED", MISS),
        ("x-vercel-cache", "STALE", STALE),
        ("x-vercel-cache", "BYPASS", BYPASS),
        ("x-litespeed-cache", "hit", HIT),
        ("x-litespeed-cache", "hit,private", BYPASS),
        ("x-litespeed-cache", "miss", MISS),
        ("x-litespeed-cache", "bkd", BYPASS),
        ("x-drupal-cache", "HIT", HIT),
        ("x-drupal-cache", "MISS", MISS),
        ("x-drupal-cache", "UNCACHEABLE (request policy)", BYPASS),
        ("x-wagtail-cache", "hit", HIT),
        ("x-wagtail-cache", "miss", MISS),
        ("x-wagtail-cache", "skip", BYPASS),
        ("x-cache", "TCP_HIT from a23-1.deploy.akamaitechnologies.com (AkamaiGHost/11) (-)", HIT),
        ("x-cache", "TCP_MEM_HIT from a23-1", HIT),
        ("x-cache", "TCP_IMS_HIT from a23-1", HIT),
        ("x-cache", "TCP_REFRESH_HIT from a23-1", HIT),
        ("x-cache", "TCP_MISS from a23-1", MISS),
        ("x-cache", "TCP_REFRESH_MISS from a23-1", MISS),
        ("x-cache", "TCP_REFRESH_FAIL_HIT from a23-1", STALE),
        ("x-cache", "TCP_NEGATIVE_HIT from a23-1", STALE),
        ("server-timing", "cdn-cache; desc=HIT, edge; dur=1", HIT),
        ("server-timing", 'db;dur=53, cdn-cache;desc="MISS"', MISS),
        ("server-timing", "db;dur=53", UNKNOWN),
        ("cache-status", "ExampleCache; hit", HIT),
        ("cache-status", "ExampleCache; fwd=uri-miss; stored", MISS),
        ("cache-status", "ExampleCache; fwd=stale; fwd-status=304", STALE),
        ("cache-status", "ExampleCache; hit; ttl=-412", STALE),
        ("cache-status", "ExampleCache; fwd=bypass", BYPASS),
        ("cache-status", "ExampleCache; fwd=method", BYPASS),
    ],
)
def test_each_header_of_the_table_is_read(name: str, value: str, state: CacheState) -> None:
    found = seen((name, value))
    assert found.state is state
    assert found.header == ("" if state is UNKNOWN else name)


def test_a_response_without_cache_headers_says_nothing() -> None:
    assert seen(("content-type", "text/html")) == ResponseEvidence(UNKNOWN)


# Age


def test_an_age_alone_proves_a_hit() -> None:
    found = seen(("age", "12"))
    assert (found.state, found.header, found.age_s) == (HIT, "age", 12.0)


def test_an_age_of_zero_proves_nothing() -> None:
    found = seen(("age", "0"))
    assert (found.state, found.header, found.age_s) == (UNKNOWN, "", 0.0)


def test_an_age_above_the_lifetime_shows_stale() -> None:
    assert seen(("age", "400"), ("cache-control", "max-age=300")).state is STALE


def test_an_age_above_zero_does_not_overrule_a_miss() -> None:
    assert seen(("x-cache-status", "MISS"), ("age", "12")).state is MISS


@pytest.mark.parametrize("value", ["-5", "1.5", "", "soon", "٣", "9" * 5000])
def test_an_age_that_is_no_number_is_no_age(value: str) -> None:
    assert seen(("age", value)) == ResponseEvidence(UNKNOWN)


def test_varnish_in_grace_is_stale_for_all_its_two_ids() -> None:
    found = seen(("x-varnish", "32770 3"), ("age", "301"), ("cache-control", "max-age=300"))
    assert (found.state, found.header) == (STALE, "x-varnish")


def test_varnish_within_the_lifetime_is_a_hit() -> None:
    found = seen(("x-varnish", "32770 3"), ("age", "300"), ("cache-control", "max-age=300"))
    assert found.state is HIT


def test_grace_is_seen_under_the_header_that_vcl_sets_as_well() -> None:
    found = seen(
        ("x-cache", "HIT"),
        ("x-varnish", "32770 3"),
        ("age", "301"),
        ("cache-control", "max-age=300"),
    )
    assert found.state is STALE


def test_max_age_zero_for_browsers_makes_no_hit_stale() -> None:
    found = seen(("x-varnish", "32770 3"), ("age", "301"), ("cache-control", "max-age=0"))
    assert (found.state, found.ttl_s) == (HIT, None)


def test_max_age_zero_with_leave_to_serve_stale_is_stale() -> None:
    found = seen(
        ("x-cache", "HIT"),
        ("age", "5"),
        ("cache-control", "max-age=0, stale-while-revalidate=60"),
    )
    assert found.state is STALE


def test_a_zero_lifetime_by_expires_makes_no_hit_stale_either() -> None:
    date = "Sun, 06 Nov 1994 08:49:37 GMT"
    found = seen(("x-varnish", "5 3"), ("age", "9"), ("date", date), ("expires", date))
    assert found.state is HIT


def test_a_cache_with_a_word_for_stale_is_believed_when_it_says_hit() -> None:
    found = seen(("x-cache-status", "HIT"), ("age", "301"), ("cache-control", "max-age=300"))
    assert (found.state, found.ttl_s) == (HIT, None)


# Several caches


def test_what_stands_behind_a_hit_was_stored_with_the_body() -> None:
    found = seen(("x-cache-status", "MISS"), ("cf-cache-status", "HIT"))
    assert (found.state, found.header) == (HIT, "cf-cache-status")


def test_a_stored_miss_of_django_behind_a_hit_of_nginx_does_not_count() -> None:
    found = seen(("cache-status", "django; fwd=miss; stored"), ("x-cache-status", "HIT"))
    assert (found.state, found.header, found.stored) == (HIT, "x-cache-status", False)


def test_a_miss_of_the_nearest_outweighs_a_hit_of_a_proxy_behind_it() -> None:
    found = seen(("x-varnish", "32770 3"), ("cf-cache-status", "MISS"))
    assert found == ResponseEvidence(
        MISS, "cf-cache-status", "cf-cache-status: MISS, before x-varnish: 32770 3", stored=True
    )


def test_a_hit_of_the_application_behind_a_miss_is_a_hit() -> None:
    found = seen(("cache-status", "django; hit; ttl=40"), ("x-cache", "Miss from cloudfront"))
    assert (found.state, found.header, found.ttl_s) == (HIT, "cache-status:django", 40.0)


def test_a_miss_of_the_application_behind_a_miss_is_named_as_well() -> None:
    found = seen(("x-wagtail-cache", "miss"), ("x-cache-status", "MISS"))
    assert (found.state, found.header) == (MISS, "x-cache-status, x-wagtail-cache")


def test_a_bypass_of_the_application_behind_a_miss_is_named_as_well() -> None:
    found = seen(("cache-status", "django; fwd=bypass"), ("x-cache-status", "MISS"))
    assert (found.state, found.header) == (MISS, "x-cache-status, cache-status:django")


def test_a_word_of_the_application_replayed_by_a_proxy_is_not_named() -> None:
    found = seen(
        ("cf-cache-status", "MISS"), ("x-cache-status", "HIT"), ("x-wagtail-cache", "miss")
    )
    assert (found.state, found.header, found.stored) == (MISS, "cf-cache-status", True)


def test_a_miss_before_a_stale_copy_promises_nothing() -> None:
    found = seen(
        ("cf-cache-status", "MISS"), ("x-cache-status", "STALE"), ("x-wagtail-cache", "hit")
    )
    assert (found.state, found.header, found.stored) == (MISS, "cf-cache-status", False)


def test_a_cache_that_lets_pass_leaves_the_word_to_the_next() -> None:
    found = seen(("cf-cache-status", "DYNAMIC"), ("x-cache-status", "HIT"))
    assert (found.state, found.header) == (HIT, "x-cache-status")


def test_a_cache_that_lets_pass_leaves_the_word_to_age() -> None:
    assert seen(("cf-cache-status", "DYNAMIC"), ("age", "7")).header == "age"


def test_an_age_says_nothing_when_the_application_let_pass_too() -> None:
    found = seen(
        ("cf-cache-status", "DYNAMIC"), ("cache-status", "django; fwd=bypass"), ("age", "7")
    )
    assert (found.state, found.header) == (BYPASS, "cf-cache-status, cache-status:django")


def test_the_last_member_of_cache_status_is_the_nearest() -> None:
    found = seen(("cache-status", 'Origin; hit; ttl=1100, "CDN Company"; fwd=uri-miss; stored'))
    assert (found.state, found.header, found.stored) == (MISS, "cache-status", True)


def test_cache_status_over_several_lines_is_one_list() -> None:
    found = seen(("cache-status", "Origin; fwd=miss"), ("cache-status", "Edge; hit; ttl=20"))
    assert (found.state, found.ttl_s) == (HIT, 20.0)


def test_a_malformed_cache_status_leaves_the_word_to_others() -> None:
    found = seen(("cache-status", "Edge; hit;;"), ("x-varnish", "32770"))
    assert (found.state, found.header) == (MISS, "x-varnish")


# Freshness


def test_the_ttl_of_cache_status_goes_over_max_age() -> None:
    found = seen(("cache-status", "Edge; hit; ttl=20"), ("cache-control", "max-age=300"))
    assert found.ttl_s == 20.0


def test_the_age_is_taken_off_the_lifetime() -> None:
    found = seen(("x-varnish", "5 3"), ("age", "100"), ("cache-control", "max-age=300"))
    assert found.ttl_s == 200.0


def test_a_ttl_is_never_below_zero() -> None:
    assert seen(("cache-status", "Edge; hit; ttl=-9")).ttl_s == 0.0


def test_a_hit_without_age_lives_as_long_as_its_expires_says() -> None:
    found = seen(
        ("x-cache-status", "HIT"),
        ("cache-control", "max-age=300"),
        ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("expires", "Sun, 06 Nov 1994 08:49:47 GMT"),
    )
    assert found.ttl_s == 10.0


# Whatever comes


_NAMES = (
    "age", "cache-control", "cache-status", "cf-cache-status", "date", "expires",
    "server-timing", "x-cache", "x-cache-status", "x-litespeed-cache", "x-varnish",
    "x-vercel-cache", "x-wagtail-cache",
)  # fmt: skip
_VALUES = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            ["HIT", "MISS", ",", ";", "=", "hit", "fwd", "stored", "ttl", "-1", "5", " ", "a", '"',
             "max-age", "s-maxage", "Sun, 06 Nov 1994 08:49:37 GMT", "from", "cdn-cache", "desc"]
        ),
        max_size=12,
    ).map("".join),
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(_NAMES), _VALUES), max_size=8))
@example([("expires", "99 99 9999999999999 99:99:99"), ("date", "Sun, 06 Nov 1994 08:49:37 GMT")])
@example([("expires", "9" * 5000), ("date", "9" * 5000)])
@example([("cache-control", "max-age=" + "9" * 5000)])
@example([("cache-status", "a; ttl=" + "9" * 5000)])
@example([("x-varnish", "²")])
def test_no_header_value_raises_or_reaches_the_terminal_raw(
    headers: list[tuple[str, str]],
) -> None:
    found = judge(headers)
    assert found.detail.isprintable()
    assert found.ttl_s is None or found.ttl_s >= 0
    assert (found.header == "") is (found.state is UNKNOWN)


def test_a_value_with_an_escape_code_is_shown_escaped() -> None:
    assert seen(("x-cache", "HIT \x1b[31m")).detail == "x-cache: HIT \\x1b[31m"
