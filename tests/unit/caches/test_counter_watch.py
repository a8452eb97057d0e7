from __future__ import annotations

from warmer.caches.counter_watch import CounterWatch


def test_counters_that_grow_are_no_reset() -> None:
    watch = CounterWatch()
    assert [watch.look("a", {"hits": n, "gets": 5}) for n in (1, 1, 9)] == [0, 0, 0]


def test_one_counter_that_fell_is_a_reset() -> None:
    watch = CounterWatch()
    watch.look("a", {"hits": 5, "gets": 5})
    assert watch.look("a", {"hits": 4, "gets": 9}) == 1
    assert watch.look("a", {"hits": 4, "gets": 9}) == 1


def test_a_mark_that_changed_is_a_reset_though_every_counter_grew() -> None:
    watch = CounterWatch()
    watch.look("a", {"hits": 5}, "calls=1,usec=72")
    assert watch.look("a", {"hits": 6}, "calls=1,usec=13") == 1


def test_a_restart_is_no_reset() -> None:
    watch = CounterWatch()
    watch.look("a", {"hits": 5}, 1)
    assert watch.look("b", {"hits": 0}, 2) == 0


def test_a_counter_that_is_told_no_more_is_no_reset() -> None:
    watch = CounterWatch()
    watch.look("a", {"hits": 5, "gets": 5})
    assert watch.look("a", {"hits": 5}) == 0


def test_a_broken_look_up_counts_as_a_reset() -> None:
    watch = CounterWatch()
    watch.look("a", {"hits": 5})
    watch.lose_count()
    assert watch.look("a", {"hits": 5}) == 1
