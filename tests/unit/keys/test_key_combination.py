"""Likely combinations are few, and key names give back what they were made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.caches.django_keys import header_list_key, key_suffix, page_key
from warmer.caches.key_combination import (
    Combination,
    Seen,
    combination_of_key,
    foreign_wrapping,
    likely_combinations,
    likely_seen,
)
from warmer.caches.key_scheme import KeyPins
from warmer.model import KeyQuestion

AS_GIVEN = Seen(None, None)
DIGEST = "0123456789abcdef" * 2
CONTEXT = "d41d8cd98f00b204e9800998ecf8427e"
NONE = KeyPins()


@given(
    prefix=st.text(max_size=10),
    version=st.integers(0, 10**6),
    page_prefix=st.text(max_size=10),
    language=st.sampled_from(["", "en", "en-us", "zh-hans", "kab"]),
    zone=st.sampled_from(["", "UTC", "-05", "+0545", "America/Port-au-Prince", "Etc/GMT+0"]),
)
def test_a_key_name_gives_back_its_parts(
    *, prefix: str, version: int, page_prefix: str, language: str, zone: str
) -> None:
    suffix = key_suffix(language, zone)
    expected = Combination(prefix, version, page_prefix, AS_GIVEN, language, zone)
    for logical in (
        header_list_key(page_prefix, DIGEST, suffix),
        page_key(page_prefix, DIGEST, CONTEXT, suffix),
    ):
        key = f"{prefix}:{version}:{logical}"
        assert combination_of_key(key, DIGEST, AS_GIVEN, NONE) == expected


@pytest.mark.parametrize(
    "key",
    [
        f":1:views.decorators.cache.cache_page..HEAD.{DIGEST}.{CONTEXT}",
        f":1:views.decorators.cache.cache_header..{CONTEXT}",
        f":1:template.cache.menu.{DIGEST}",
        f"session:{DIGEST}",
        f"v2|views.decorators.cache.cache_header..{DIGEST}",
    ],
)
def test_another_key_gives_nothing(key: str) -> None:
    assert combination_of_key(key, DIGEST, AS_GIVEN, NONE) is None


@pytest.mark.parametrize(
    "pins",
    [KeyPins(prefix="a"), KeyPins(version=2), KeyPins(page_prefix="a"), KeyPins(language=""),
     KeyPins(time_zone="")],
)  # fmt: skip
def test_a_key_apart_from_what_is_pinned_gives_nothing(pins: KeyPins) -> None:
    key = ":1:" + header_list_key("", DIGEST, ".en.UTC")
    assert combination_of_key(key, DIGEST, AS_GIVEN, NONE) is not None
    assert combination_of_key(key, DIGEST, AS_GIVEN, pins) is None


def test_a_wrapping_is_read_where_it_is_pinned_and_named_where_it_is_not() -> None:
    key = "v2|" + header_list_key("", DIGEST, ".en") + "|x"
    pins = KeyPins(wrapping="v2|{key}|x")
    found = combination_of_key(key, DIGEST, AS_GIVEN, pins)
    assert found == Combination("", 1, "", AS_GIVEN, "en", "")
    assert foreign_wrapping(key, DIGEST) == "v2|{key}|x"
    assert foreign_wrapping(":1:" + header_list_key("", DIGEST, ""), DIGEST) is None
    assert foreign_wrapping("session:" + DIGEST, DIGEST) is None


def test_likely_combinations_begin_with_the_defaults_and_follow_the_request() -> None:
    question = KeyQuestion("https://h/pt-br/x", {"accept-language": "de-AT,fr;q=0.5,*;q=0.1"}, "NL")
    likely = likely_combinations(question, NONE, None)
    assert likely[0] == Combination("", 1, "", AS_GIVEN, "", "")
    assert {each.language for each in likely} == {
        "", "en-us", "en", "nl", "pt-br", "de-at", "de", "fr",
    }  # fmt: skip
    assert {each.time_zone for each in likely} == {"", "UTC", "America/Chicago"}
    assert {each.seen for each in likely} == {AS_GIVEN, Seen("http", None)}
    assert len(likely) == 8 * 3 * 2


def test_what_is_pinned_is_not_varied() -> None:
    pins = KeyPins(prefix="p", version=3, page_prefix="q", language="de", time_zone="UTC")
    likely = likely_combinations(KeyQuestion("http://h/", {}), pins, None)
    assert likely == [
        Combination("p", 3, "q", AS_GIVEN, "de", "UTC"),
        Combination("p", 3, "q", Seen("https", None), "de", "UTC"),
    ]


def test_hosts_that_a_proxy_may_put_in_place_are_likely() -> None:
    question = KeyQuestion("https://h/", {"X-Forwarded-Host": "front", "Host": "h"})
    assert likely_seen(question, "10.0.0.5:8000") == [
        AS_GIVEN, Seen("http", None),
        Seen(None, "10.0.0.5:8000"), Seen("http", "10.0.0.5:8000"),
        Seen(None, "10.0.0.5"), Seen("http", "10.0.0.5"),
        Seen(None, "front"), Seen("http", "front"),
    ]  # fmt: skip
