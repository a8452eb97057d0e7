"""Which differences of two looks at a cache mean that it was emptied."""

from __future__ import annotations

from warmer.caches.server import Reading
from warmer.daemon.flush_watch import change


def reading(node: str = "a:1", identity: str = "x", flushes: int = 0) -> Reading:
    return Reading(
        node=node, kind="redis", identity=identity, hits=0, misses=0, evictions=0, connections=0,
        resets=0, flushes=flushes, used_bytes=0, max_bytes=None, policy=None,
    )  # fmt: skip


def by_node(*readings: Reading) -> dict[str, Reading]:
    return {each.node: each for each in readings}


def test_the_first_look_tells_nothing() -> None:
    assert change({}, by_node(reading(flushes=9))) is None


def test_a_cache_that_goes_on_was_not_emptied() -> None:
    assert change(by_node(reading(flushes=9)), by_node(reading(flushes=9))) is None


def test_a_flush_is_seen() -> None:
    found = change(by_node(reading(flushes=9)), by_node(reading(flushes=10)))
    assert found == "a:1 was flushed"


def test_a_restart_is_seen_though_its_counters_began_anew() -> None:
    found = change(by_node(reading(flushes=9)), by_node(reading(identity="y")))
    assert found == "a:1 was restarted or replaced"


def test_a_new_node_is_no_flush() -> None:
    before = by_node(reading())
    assert change(before, by_node(reading(), reading("b:1", flushes=3))) is None
