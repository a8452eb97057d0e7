from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from warmer.daemon import backlog as backlog_module
from warmer.daemon.backlog import Backlog
from warmer.daemon.clock import Clock
from warmer.daemon.items import items_of
from warmer.daemon.queue import TriggerQueue
from warmer.daemon.requests import WarmRequest
from warmer.model import Trigger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from warmer.daemon.debounce import Item

CLOCK = Clock()


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[TriggerQueue]:
    opened = TriggerQueue(tmp_path / "warmer.db")
    yield opened
    opened.close()


def opened(queue: TriggerQueue, *, debounce_s: float = 0.0) -> Backlog:
    return Backlog(queue, "shop", CLOCK, debounce_s=debounce_s, max_wait_s=30)


def save(number: int, kind: Trigger = Trigger.INVALIDATION) -> WarmRequest:
    return WarmRequest(trigger=kind, urls=(f"https://shop.test/{number}",))


def expand(request: WarmRequest) -> list[Item]:
    return items_of(request, {})


def test_what_is_done_is_written_off_and_told(queue: TriggerQueue) -> None:
    backlog = opened(queue)
    heard: list[int] = []
    backlog.on_finished(heard.extend)
    numbers = queue.accept_all("shop", [(save(n), None) for n in range(3)], now=CLOCK.unix())
    assert backlog.read(expand) is False
    batch = backlog.debounce.take_pages(CLOCK.now())
    assert batch is not None
    assert queue.unfinished(numbers) == numbers
    backlog.done(batch, "run-1")
    assert (heard, queue.unfinished(numbers)) == (numbers, [])


def test_a_person_who_asks_by_name_is_noticed(queue: TriggerQueue) -> None:
    backlog = opened(queue)
    queue.accept("shop", save(1, Trigger.MANUAL), now=CLOCK.unix())
    assert backlog.read(expand) is True
    assert backlog.read(expand) is False


def test_a_trigger_that_names_nothing_any_more_is_done(queue: TriggerQueue) -> None:
    backlog = opened(queue)
    request = WarmRequest(trigger=Trigger.MANUAL, tags=("gone",))
    number = queue.accept("shop", request, now=CLOCK.unix())
    backlog.read(expand)
    backlog.write_down()
    assert queue.unfinished([number]) == []


def test_only_saves_wait_for_quiet(queue: TriggerQueue) -> None:
    backlog = opened(queue, debounce_s=5)
    now = CLOCK.now()
    queue.accept("shop", save(1), now=CLOCK.unix())
    backlog.read(expand)
    due = backlog.debounce.next_due()
    assert due is not None
    assert 4.9 < due - now < 5.5
    queue.accept("shop", save(2, Trigger.DEPLOY), now=CLOCK.unix())
    backlog.read(expand)
    assert (backlog.debounce.next_due() or 0) <= CLOCK.now()


def test_what_waited_before_the_start_has_waited(queue: TriggerQueue) -> None:
    queue.accept("shop", save(1), now=CLOCK.unix() - 1000)
    queue.accept("shop", save(2), now=CLOCK.unix() + 1000)  # the clock was set back since
    backlog = opened(queue, debounce_s=5)
    backlog.read(expand)
    batch = backlog.debounce.take_pages(CLOCK.now())
    assert batch is not None
    assert [item.text for item in batch.items] == ["https://shop.test/1"]
    due = backlog.debounce.next_due()
    assert due is not None
    assert 4.5 < due - CLOCK.now() <= 5


def test_a_disk_that_refuses_is_asked_again_and_nobody_is_told_before(
    queue: TriggerQueue,
) -> None:
    backlog = opened(queue)
    heard: list[int] = []
    backlog.on_finished(heard.extend)
    number = queue.accept("shop", save(1), now=CLOCK.unix())
    backlog.read(expand)
    batch = backlog.debounce.take_pages(CLOCK.now())
    assert batch is not None
    db = queue._file._db
    db.execute("PRAGMA query_only = ON")  # as a disk that went read-only
    backlog.done(batch, "run-1")
    assert (heard, queue.unfinished([number])) == ([], [number])
    db.execute("PRAGMA query_only = OFF")
    backlog.write_down()
    assert (heard, queue.unfinished([number])) == ([number], [])


def test_what_does_not_fit_stays_on_disk_until_something_is_done(
    queue: TriggerQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog_module, "MAX_TRIGGERS", 700)
    backlog = opened(queue)
    queue.accept_all("shop", [(save(n), None) for n in range(1800)], now=CLOCK.unix())
    backlog.read(expand)
    sizes = []
    while batch := backlog.debounce.take_pages(CLOCK.now()):
        sizes.append(len(batch.items))
        backlog.done(batch, "run-1")
        backlog.read(expand)
    assert sizes == [1000, 800]
    assert queue.backlog("shop") == (0, None)


def test_ten_thousand_triggers_are_read_by_500_and_written_off_at_once(
    queue: TriggerQueue,
) -> None:
    requests = [(save(n % 50), None) for n in range(10_000)]
    queue.accept_all("shop", requests, now=CLOCK.unix())
    backlog = opened(queue)
    statements: list[str] = []
    queue._file._db.set_trace_callback(statements.append)
    backlog.read(expand)
    batch = backlog.debounce.take_pages(CLOCK.now())
    assert batch is not None
    assert len(batch.items) == 50
    backlog.done(batch, "run-1")
    assert sum(each.startswith("SELECT no, ") for each in statements) == 21
    assert statements.count("COMMIT") == 1
    assert queue.backlog("shop") == (0, None)
