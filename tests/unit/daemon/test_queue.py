from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.daemon.queue import PAGE, TriggerQueue
from warmer.daemon.requests import WarmRequest
from warmer.errors import StoreError
from warmer.model import Trigger
from warmer.store_schema import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = 1_800_000_000.0
SAVE = WarmRequest(trigger=Trigger.INVALIDATION, urls=("https://shop.test/p/1/",), why="save")


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[TriggerQueue]:
    opened = TriggerQueue(tmp_path / "warmer.db")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TriggerQueue]:
    """One queue for all examples of a property: opening one takes a while."""
    opened = TriggerQueue(tmp_path_factory.mktemp("queue") / "warmer.db")
    yield opened
    opened.close()


def numbers(queue: TriggerQueue, site: str = "shop") -> list[int]:
    return [each.number for each in queue.pending(site)]


TEXTS = st.lists(st.text(max_size=20), max_size=4).map(tuple)


@given(
    st.builds(
        WarmRequest,
        trigger=st.sampled_from(Trigger),
        urls=TEXTS,
        prefixes=TEXTS,
        tags=TEXTS,
        everything=st.booleans(),
        why=st.text(max_size=20),
    )
)
def test_a_request_comes_back_as_it_was_accepted(shared: TriggerQueue, wanted: WarmRequest) -> None:
    number = shared.accept("shop", wanted, now=NOW)
    (found,) = shared.pending("shop")
    assert (found.number, found.request, found.accepted_at) == (number, wanted, NOW)
    shared.finish([number], "run-1", now=NOW)


def test_triggers_come_oldest_first_and_stay_until_they_are_finished(queue: TriggerQueue) -> None:
    first, second, third = (queue.accept("shop", SAVE, now=NOW + n) for n in range(3))
    assert numbers(queue) == [first, second, third]
    assert numbers(queue) == [first, second, third]
    queue.finish([second], "run-1", now=NOW)
    assert numbers(queue) == [first, third]
    assert queue.unfinished([first, second, third]) == [first, third]


def test_sites_do_not_see_each_others_triggers(queue: TriggerQueue) -> None:
    queue.accept("shop", SAVE, now=NOW, key="1-0")
    queue.accept("blog", SAVE, now=NOW, key="1-0")
    assert [len(numbers(queue, site)) for site in ("shop", "blog", "other")] == [1, 1, 0]
    assert queue.waiting_sites() == {"shop": 1, "blog": 1}


def test_a_repeated_delivery_is_one_trigger_also_after_it_was_finished(
    queue: TriggerQueue,
) -> None:
    number = queue.accept("shop", SAVE, now=NOW, key="1700-0")
    assert queue.accept("shop", SAVE, now=NOW + 9, key="1700-0") == number
    assert numbers(queue) == [number]
    queue.finish([number], "run-1", now=NOW + 10)
    assert queue.accept("shop", SAVE, now=NOW + 11, key="1700-0") == number
    assert numbers(queue) == []


def test_deliveries_without_a_key_are_triggers_of_their_own(queue: TriggerQueue) -> None:
    assert queue.accept("shop", SAVE, now=NOW) != queue.accept("shop", SAVE, now=NOW)


def test_a_batch_is_kept_whole_and_its_repetitions_are_one(queue: TriggerQueue) -> None:
    kept = queue.accept_all("shop", [(SAVE, "a"), (SAVE, "b"), (SAVE, "a")], now=NOW)
    assert kept == [kept[0], kept[1], kept[0]]
    assert numbers(queue) == kept[:2]


def test_pending_hands_out_pages(queue: TriggerQueue) -> None:
    kept = queue.accept_all("shop", [(SAVE, None)] * (PAGE + 3), now=NOW)
    first = queue.pending("shop")
    assert [each.number for each in first] == kept[:PAGE]
    assert [each.number for each in queue.pending("shop", after=first[-1].number)] == kept[PAGE:]


def test_the_backlog_is_its_length_and_its_oldest_trigger(queue: TriggerQueue) -> None:
    assert queue.backlog("shop") == (0, None)
    kept = [queue.accept("shop", SAVE, now=NOW + n) for n in range(3)]
    assert queue.backlog("shop") == (3, NOW)
    queue.finish(kept[:1], None, now=NOW)
    assert queue.backlog("shop") == (2, NOW + 1)


def test_what_was_finished_long_ago_is_forgotten_and_its_number_not_given_again(
    queue: TriggerQueue,
) -> None:
    old, new, waiting = (queue.accept("shop", SAVE, now=NOW, key=str(n)) for n in range(3))
    queue.finish([old], "run-1", now=NOW)
    queue.finish([new], "run-2", now=NOW + 60)
    assert queue.forget_finished(before=NOW + 30) == 1
    assert numbers(queue) == [waiting]
    assert queue.accept("shop", SAVE, now=NOW, key="1") == new
    assert queue.accept("shop", SAVE, now=NOW, key="0") > waiting


def test_a_finished_trigger_names_its_run(queue: TriggerQueue) -> None:
    number = queue.accept("shop", SAVE, now=NOW)
    queue.finish([number], "run-1", now=NOW + 1)
    queue.finish([number], "run-2", now=NOW + 2)
    with contextlib.closing(sqlite3.connect(queue.path)) as db:
        rows = db.execute("SELECT run, finished_at FROM triggers").fetchall()
    assert rows == [("run-1", NOW + 1)]


def test_what_another_process_accepts_is_seen_and_changes_the_version(
    queue: TriggerQueue, tmp_path: Path
) -> None:
    before = queue.version()
    assert queue.version() == before
    other = TriggerQueue(tmp_path / "warmer.db")
    number = other.accept("shop", SAVE, now=NOW)
    other.close()
    assert queue.version() != before
    assert numbers(queue) == [number]


ACCEPT_FOR_EVER = """
import sys
from pathlib import Path
from warmer.daemon.queue import TriggerQueue
from warmer.daemon.requests import WarmRequest
from warmer.model import Trigger
queue = TriggerQueue(Path(sys.argv[1]))
while True:
    request = WarmRequest(trigger=Trigger.INVALIDATION, urls=("https://shop.test/",))
    print(queue.accept("shop", request, now=1.0), flush=True)
"""


def test_kill_9_loses_nothing_of_which_the_number_was_given(tmp_path: Path) -> None:
    path = tmp_path / "warmer.db"
    given: list[int] = []
    for lines in (1, 7, 25):
        with subprocess.Popen(
            [sys.executable, "-c", ACCEPT_FOR_EVER, path], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            given += [int(process.stdout.readline()) for _ in range(lines)]
            os.kill(process.pid, signal.SIGKILL)
    queue = TriggerQueue(path)
    assert set(given) <= set(numbers(queue))
    assert given == sorted(set(given))
    queue.close()


def accept_many(path: Path, prefix: str) -> None:
    queue = TriggerQueue(path)
    for number in range(60):
        queue.accept("shop", SAVE, now=NOW, key=f"{prefix}{number % 40}")
    queue.close()


def test_two_processes_write_at_once_and_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "warmer.db"
    TriggerQueue(path).close()
    context = multiprocessing.get_context("spawn")
    # Half of what they deliver is the same: an entry that was handed to both.
    writers = [context.Process(target=accept_many, args=(path, "same-")) for _ in range(2)]
    writers += [context.Process(target=accept_many, args=(path, "own-"))]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    queue = TriggerQueue(path)
    assert len(numbers(queue)) == 80
    queue.close()


def test_a_full_disk_refuses_the_trigger_and_keeps_the_others(tmp_path: Path) -> None:
    queue = TriggerQueue(tmp_path / "warmer.db")
    kept = queue.accept("shop", SAVE, now=NOW)
    # SQLite's own limit of a file's size is what it meets when a disk is full.
    db = queue._file._db
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages}")
    large = WarmRequest(trigger=Trigger.MANUAL, urls=("https://shop.test/" + "x" * 8000,) * 9)
    with pytest.raises(StoreError, match="database or disk is full"):
        queue.accept("shop", large, now=NOW)
    assert numbers(queue) == [kept]
    db.execute("PRAGMA max_page_count = 100000")
    number = queue.accept("shop", large, now=NOW)
    assert numbers(queue) == [kept, number]
    queue.close()


def test_what_is_accepted_is_synced_and_not_left_to_the_next_checkpoint(
    queue: TriggerQueue,
) -> None:
    assert queue._file.rows("PRAGMA synchronous") == [(2,)]
    assert queue._file.rows("PRAGMA journal_mode") == [("wal",)]


def test_a_trigger_that_cannot_be_read_is_one_line(queue: TriggerQueue) -> None:
    number = queue.accept("shop", SAVE, now=NOW)
    with contextlib.closing(sqlite3.connect(queue.path)) as db, db:
        db.execute("UPDATE triggers SET request = '{'")
    with pytest.raises(StoreError) as refused:
        queue.pending("shop")
    assert str(refused.value) == (
        f"{queue.path}: trigger {number} cannot be read: Input data was truncated"
    )


def test_a_store_from_before_the_daemon_gets_its_queue_and_keeps_its_runs(tmp_path: Path) -> None:
    path = tmp_path / "warmer.db"
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.executescript(MIGRATIONS[0])
        db.execute(
            "INSERT INTO runs (id, site, trigger, status, started_at, config)"
            " VALUES ('old', 'shop', 'manual', 'finished', 1.0, '{}')"
        )
        db.execute("PRAGMA user_version = 1")
    queue = TriggerQueue(path)
    assert numbers(queue) == []
    number = queue.accept("shop", SAVE, now=NOW)
    assert numbers(queue) == [number]
    assert queue._file.rows("SELECT id, whole FROM runs") == [("old", 1)]
    queue.close()
