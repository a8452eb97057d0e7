from __future__ import annotations

import pytest

from warmer.caches.cache_status import Member, members
from warmer.model import CacheState


def test_members_come_nearest_to_the_client_first() -> None:
    assert members('django; hit; ttl=376, "CDN Company"; fwd=uri-miss; stored') == [
        Member(CacheState.MISS, application=False, stored=True, ttl_s=None),
        Member(CacheState.HIT, application=True, stored=False, ttl_s=376.0),
    ]


@pytest.mark.parametrize("reason", ["miss", "uri-miss", "vary-miss", "request", "partial", "new"])
def test_a_request_that_went_forward_is_a_miss(reason: str) -> None:
    assert members(f"Edge; fwd={reason}")[0].state is CacheState.MISS


def test_a_member_that_says_neither_is_left_out() -> None:
    assert [member.state for member in members("Inner; hit, Outer; detail=x")] == [CacheState.HIT]


def test_a_hit_that_was_forwarded_all_the_same_is_a_miss() -> None:
    assert members("Edge; hit; fwd=miss")[0].state is CacheState.MISS


def test_hit_false_is_no_hit() -> None:
    assert members("Edge; hit=?0") == []


def test_a_bare_word_is_the_name_of_a_cache_and_no_hit() -> None:
    assert members("HIT") == []


def test_a_list_is_no_cache() -> None:
    assert members("(a b); hit, 5; hit") == []


def test_a_ttl_that_is_no_number_is_not_told() -> None:
    assert members('Edge; hit; ttl="5"')[0].ttl_s is None
    assert members("Edge; hit; ttl")[0].ttl_s is None


@pytest.mark.parametrize("value", ["", ",", "Edge; hit,", "Edge; hit; ttl=", "Édge; hit", "\x00"])
def test_a_malformed_header_is_ignored_whole(value: str) -> None:
    assert members(value) == []


def test_a_header_of_absurd_length_is_ignored() -> None:
    assert members("Edge; hit; detail=" + "a" * 5000) == []
