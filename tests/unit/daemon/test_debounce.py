from __future__ import annotations

import sys

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from warmer.daemon.debounce import EVERYTHING, Batch, Debounce, Item, Scope
from warmer.model import Trigger

SAVE = Trigger.INVALIDATION


def page(number: int) -> Item:
    return Item(Scope.URL, f"https://shop.test/p/{number}/")


def waiting(**dues: float) -> Debounce:
    """One trigger a page, numbered from 1, which came at 0 and is quiet from then on."""
    debounce = Debounce(max_wait_s=30)
    for number, (name, quiet_s) in enumerate(dues.items(), 1):
        debounce.add(number, SAVE, [page(int(name[1:]))], now=0, quiet_s=quiet_s)
    return debounce


def test_a_page_is_due_when_it_has_been_quiet() -> None:
    debounce = waiting(p1=0.5)
    assert debounce.next_due() == 0.5
    assert debounce.take_pages(0.49) is None
    batch = debounce.take_pages(0.5)
    assert batch is not None
    assert batch.items == (page(1),)
    assert debounce.next_due() is None


def test_each_further_save_makes_it_wait_anew_but_no_longer_than_the_limit() -> None:
    debounce = waiting(p1=0.5)
    for tenth in range(1, 400):
        debounce.add(tenth + 1, SAVE, [page(1)], now=tenth / 10, quiet_s=0.5)
        assert debounce.next_due() == min(tenth / 10 + 0.5, 30)


def test_saves_of_one_page_are_one_item_and_all_of_them_are_finished_by_it() -> None:
    debounce = waiting(p1=0.5)
    debounce.add(2, SAVE, [page(1), page(2)], now=0, quiet_s=0.5)
    debounce.add(3, SAVE, [page(1)], now=0, quiet_s=0.5)
    batch = debounce.take_pages(1)
    assert batch is not None
    assert set(batch.items) == {page(1), page(2)}
    assert debounce.finish(batch) == [1, 2, 3]
    assert debounce.triggers == 0


def test_a_trigger_is_finished_when_the_last_of_its_pages_is() -> None:
    debounce = waiting(p1=5)
    debounce.add(2, SAVE, [page(1), page(2)], now=0, quiet_s=0)
    debounce.add(3, SAVE, [page(1)], now=0.5, quiet_s=9)
    first = debounce.take_pages(1)
    assert first is not None
    assert first.items == (page(2),)
    assert debounce.finish(first) == []
    second = debounce.take_pages(9.5)
    assert second is not None
    assert debounce.finish(second) == [1, 2, 3]


def test_a_save_while_its_page_is_on_the_wire_warms_it_once_more() -> None:
    debounce = waiting(p1=0)
    on_the_wire = debounce.take_pages(0)
    debounce.add(2, SAVE, [page(1)], now=0.1, quiet_s=0)
    debounce.add(3, SAVE, [page(1)], now=0.2, quiet_s=0)
    assert on_the_wire is not None
    assert debounce.finish(on_the_wire) == [1]
    again = debounce.take_pages(0.2)
    assert again is not None
    assert debounce.finish(again) == [2, 3]
    assert debounce.take_pages(99) is None


def test_what_was_not_done_is_due_again_with_what_came_meanwhile() -> None:
    debounce = waiting(p1=0)
    batch = debounce.take_pages(0)
    assert batch is not None
    debounce.add(2, SAVE, [page(1)], now=3, quiet_s=5)
    debounce.put_back(batch)
    again = debounce.take_pages(3)
    assert again is not None
    assert again.items == (page(1),)
    assert again.first_at == 0
    assert debounce.finish(again) == [1, 2]


def test_a_person_who_names_a_page_does_not_wait_for_quiet() -> None:
    debounce = waiting(p1=20)
    debounce.add(2, Trigger.MANUAL, [page(1)], now=1, quiet_s=0)
    assert debounce.next_due() == 1
    debounce.add(3, SAVE, [page(1)], now=1, quiet_s=20)
    assert debounce.next_due() == 1


def test_the_whole_plan_is_taken_by_itself() -> None:
    debounce = waiting(p1=0)
    debounce.add(2, Trigger.SCHEDULE, [EVERYTHING], now=0, quiet_s=0)
    debounce.add(3, Trigger.SCHEDULE, [EVERYTHING], now=1, quiet_s=0)
    pages, whole = debounce.take_pages(1), debounce.take_everything(1)
    assert pages is not None
    assert whole is not None
    assert (pages.items, whole.items) == ((page(1),), (EVERYTHING,))
    assert debounce.take_everything(1) is None
    assert debounce.finish(whole) == [2, 3]


def test_a_run_is_filed_under_the_most_pressing_of_its_triggers() -> None:
    debounce = waiting(p1=0)
    debounce.add_unnumbered(Trigger.EXPIRY, [page(1), page(2)], now=0)
    batch = debounce.take_pages(0)
    assert batch is not None
    assert batch.kinds == {SAVE, Trigger.EXPIRY}
    assert batch.trigger is SAVE
    assert debounce.finish(batch) == [1]


def test_ten_thousand_saves_of_a_few_pages_take_the_room_of_a_few_pages() -> None:
    debounce = Debounce(max_wait_s=30)
    for number in range(10_000):
        debounce.add(number, SAVE, [page(number % 10)], now=number / 1000, quiet_s=0.5)
    assert len(debounce) == 10
    assert len(debounce._due) == 10
    batch = debounce.take_pages(30)
    assert batch is not None
    assert len(batch.items) == 10
    assert debounce.finish(batch) == list(range(10_000))
    assert (len(debounce), debounce.triggers) == (0, 0)
    assert sys.getsizeof(debounce._left) + sys.getsizeof(debounce._due) < 600_000


MAX_WAIT_S = 10.0
PAGES = st.lists(st.integers(1, 4).map(page) | st.just(EVERYTHING), min_size=1, unique=True)


class AtMostOneRun(RuleBasedStateMachine):
    """A service that takes what is due whenever it is not busy, and may fail or be late."""

    @initialize()
    def begin(self) -> None:
        self.debounce = Debounce(max_wait_s=MAX_WAIT_S)
        self.now = 0.0
        self.number = 0
        self.came: dict[int, float] = {}
        self.unfinished: dict[int, set[Item]] = {}
        self.running: Batch | None = None
        self.idle_since = 0.0

    @rule(
        items=PAGES,
        quiet_s=st.sampled_from([0.0, 0.5, 4.0, 50.0]),
        kind=st.sampled_from(Trigger),
    )
    def trigger(self, items: list[Item], quiet_s: float, kind: Trigger) -> None:
        self.number += 1
        self.came[self.number] = self.now
        self.unfinished[self.number] = set(items)
        self.debounce.add(self.number, kind, items, now=self.now, quiet_s=quiet_s)

    @rule(items=PAGES)
    def expire(self, items: list[Item]) -> None:
        self.debounce.add_unnumbered(Trigger.EXPIRY, items, now=self.now)

    @precondition(lambda self: self.running is None)
    @rule()
    def wait_until_something_is_due(self) -> None:
        due = self.debounce.next_due()
        if due is not None:
            self.now = max(self.now, due)
            self.running = self.debounce.take_pages(self.now) or self.debounce.take_everything(
                self.now
            )
            assert self.running is not None
            # What each trigger names was taken after it came; later ones are not served by it.
            self.served = {
                number: self.unfinished[number] & set(self.running.items)
                for number in self.unfinished
            }
            assert all(self.now <= at + MAX_WAIT_S or at < self.idle_since for at in self.waits())

    def waits(self) -> list[float]:
        assert self.running is not None
        taken = set(self.running.items)
        return [self.came[n] for n, items in self.unfinished.items() if items & taken]

    @precondition(lambda self: self.running is not None)
    @rule(seconds=st.floats(0, 30))
    def a_run_ends(self, seconds: float) -> None:
        assert self.running is not None
        self.now += seconds
        finished = self.debounce.finish(self.running)
        expected = []
        for number, items in self.served.items():
            self.unfinished[number] -= items
            if not self.unfinished[number]:
                expected.append(number)
                del self.unfinished[number]
        assert finished == sorted(expected)
        self.running = None
        self.idle_since = self.now

    @precondition(lambda self: self.running is not None)
    @rule(seconds=st.floats(0, 30))
    def a_run_fails(self, seconds: float) -> None:
        assert self.running is not None
        self.now += seconds
        self.debounce.put_back(self.running)
        self.running = None
        self.idle_since = self.now

    @precondition(lambda self: self.running is None)
    @rule(seconds=st.floats(0, 5))
    def time_passes(self, seconds: float) -> None:
        due = self.debounce.next_due()
        # A service that is not busy does not sleep beyond what is due.
        self.now = (
            self.now + seconds if due is None else max(self.now, min(self.now + seconds, due))
        )

    @invariant()
    def nothing_is_lost(self) -> None:
        assert self.debounce.triggers == len(self.unfinished)
        if self.unfinished and self.running is None:
            due = self.debounce.next_due()
            assert due is not None
            assert due <= max(self.now, min(self.came[n] for n in self.unfinished)) + MAX_WAIT_S

    def teardown(self) -> None:
        if self.running is not None:
            self.a_run_ends(0)
        while self.unfinished:
            self.wait_until_something_is_due()
            self.a_run_ends(0)
        assert self.debounce.triggers == 0


TestAtMostOneRun = AtMostOneRun.TestCase
