from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.caches.delta import Delta, difference, differences, eviction_warning, hit_ratio
from warmer.caches.server import Reading

BEFORE = Reading(
    node="127.0.0.1:6379",
    kind="redis",
    identity="run-1",
    hits=100,
    misses=50,
    evictions=3,
    connections=10,
    resets=0,
    flushes=2,
    used_bytes=1_048_576,
    max_bytes=2_097_152,
    policy="allkeys-lru",
    own_hits=20,
    own_misses=5,
)


def test_a_difference_leaves_out_our_own_look_ups() -> None:
    after = replace(BEFORE, hits=240, misses=71, own_hits=120, own_misses=15)
    assert difference(BEFORE, after) == Delta(
        node="127.0.0.1:6379",
        kind="redis",
        hits=40,
        misses=11,
        evictions=0,
        hit_ratio=40 / 51,
        trusted=True,
        note=None,
    )


def test_a_cache_that_nobody_asked_has_no_hit_ratio() -> None:
    delta = difference(BEFORE, BEFORE)
    assert (delta.hits, delta.misses, delta.hit_ratio, delta.trusted) == (0, 0, None, True)


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"identity": "run-2"}, "the server restarted or failed over between the readings"),
        (
            {"resets": 1},
            "the counters were reset, or a look-up of ours broke off, between the readings",
        ),
        (
            {"connections": 9},
            "the counters were reset, or a look-up of ours broke off, between the readings",
        ),
        ({"flushes": 3}, "the cache was flushed between the readings"),
        ({"hits": 99}, "a counter fell without a reset seen"),
        ({"evictions": 2}, "a counter fell without a reset seen"),
    ],
)
def test_a_void_difference_has_no_counts_and_says_why(change: dict[str, Any], note: str) -> None:
    after = replace(BEFORE, **{"hits": 900, "misses": 90, **change})
    assert difference(BEFORE, after) == Delta(
        node="127.0.0.1:6379",
        kind="redis",
        hits=None,
        misses=None,
        evictions=None,
        hit_ratio=None,
        trusted=False,
        note=note,
    )


def test_nodes_are_paired_by_name() -> None:
    a, b = replace(BEFORE, node="a"), replace(BEFORE, node="b")
    deltas = differences([a, b], [replace(b, hits=107), replace(a, misses=53)])
    assert [(d.node, d.hits, d.misses) for d in deltas] == [("a", 0, 3), ("b", 7, 0)]


def test_a_node_that_vanished_or_appeared_is_not_trusted() -> None:
    deltas = differences([replace(BEFORE, node="a")], [replace(BEFORE, node="b")])
    assert [(d.node, d.hits, d.trusted, d.note) for d in deltas] == [
        ("a", None, False, "the node was gone at the second reading"),
        ("b", None, False, "the node was not there at the first reading"),
    ]


def test_evictions_are_warned_of_with_memory_and_policy() -> None:
    assert eviction_warning(BEFORE, replace(BEFORE, evictions=45)) == (
        "redis 127.0.0.1:6379 EVICTED 42 entries during the run (1.0 MiB used of 2.0 MiB, "
        "policy allkeys-lru): the pages do not all fit; give it more memory, or warm fewer pages"
    )


def test_no_eviction_is_no_warning() -> None:
    assert eviction_warning(BEFORE, BEFORE) is None


def test_evictions_since_a_restart_are_warned_of() -> None:
    warning = eviction_warning(BEFORE, replace(BEFORE, identity="run-2", evictions=1))
    assert warning is not None
    assert "EVICTED 1 entry during" in warning


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_hit_ratio_is_between_nothing_and_everything(hits: int, misses: int) -> None:
    ratio = hit_ratio(hits, misses)
    assert (ratio is None) == (hits + misses == 0)
    assert ratio is None or 0.0 <= ratio <= 1.0
