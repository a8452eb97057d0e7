"""Which run is meant, whose it is, and when it may begin or go on."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING

import pytest

from tests.unit.report.runs import finish, new_run, page, sql
from warmer.errors import BusyError, ConfigError
from warmer.model import (
    RunStatus,
)
from warmer.store import Store

if TYPE_CHECKING:
    from multiprocessing.queues import Queue
    from multiprocessing.synchronize import Barrier, Event
    from pathlib import Path


def made(store: Store, run_id: str) -> str:
    """A run whose id is known."""
    real = new_run(store, [])
    finish(store, real)
    sql(store.path, f"UPDATE runs SET id = '{run_id}' WHERE id = '{real}'")
    return run_id


def test_a_run_is_found_by_its_id_by_a_beginning_of_it_and_as_the_last(store: Store) -> None:
    made(store, "20260304-050607-aaaa")
    made(store, "20260305-050607-bbbb")
    made(store, "20260305-050608-cccc")
    found = {
        name: store.run(name).id
        for name in ("last", "20260304", "20260305-050607-bbbb", "20260305-050608")
    }
    assert found == {
        "last": "20260305-050608-cccc",
        "20260304": "20260304-050607-aaaa",
        "20260305-050607-bbbb": "20260305-050607-bbbb",
        "20260305-050608": "20260305-050608-cccc",
    }
    assert [run.id[-4:] for run in store.runs(2)] == ["cccc", "bbbb"]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("20260305", "stands for more than one run"),
        ("", "stands for more than one run"),
        ("2027", "is not a run"),
        ("%", "is not a run"),
        ("\udcff", "is not a run"),
        ("2026030_", "is not a run"),
        ("' OR 1 --", "is not a run"),
    ],
)
def test_what_names_no_run_or_several_is_refused_in_one_line(
    store: Store, name: str, what: str
) -> None:
    made(store, "20260305-050607-bbbb")
    made(store, "20260305-050608-cccc")
    with pytest.raises(ConfigError) as refused:
        store.run(name)
    assert str(refused.value) == f'{store.path}: "{name}" {what}; `warmer runs` lists them'


def test_an_empty_store_has_no_last_run(store: Store) -> None:
    with pytest.raises(ConfigError) as refused:
        store.run("last")
    assert str(refused.value) == f'{store.path}: "last" is not a run; `warmer runs` lists them'
    with pytest.raises(ConfigError):
        list(store.results("last"))


def test_a_run_of_a_living_process_is_running_and_cannot_be_had(store: Store) -> None:
    run_id = new_run(store, [page(1, "/")])
    assert store.run(run_id).status is RunStatus.RUNNING
    other = Store(store.path)
    assert other.run(run_id).status is RunStatus.RUNNING
    with pytest.raises(ConfigError) as refused:
        other.adopt_run(run_id)
    assert str(refused.value) == f"run {run_id} is under way in another process"
    other.close()


def test_a_run_whose_process_has_gone_is_interrupted_and_can_be_had(tmp_path: Path) -> None:
    path = tmp_path / "warmer.db"
    killed = Store(path)
    run_id = new_run(killed, [page(1, "/")])
    killed.close()
    store = Store(path)
    found = store.run(run_id)
    assert found.status is RunStatus.INTERRUPTED
    assert found.note == f"killed; `warmer crawl --resume {run_id}` goes on"
    store.adopt_run(run_id)
    assert store.run(run_id).status is RunStatus.RUNNING
    finish(store, run_id)
    assert store.run(run_id).status is RunStatus.FINISHED
    assert [each.name for each in tmp_path.iterdir() if "lock" in each.name] == []
    store.close()


def test_a_run_that_has_finished_or_has_no_plan_is_not_resumed(store: Store) -> None:
    finished = new_run(store, [page(1, "/")])
    finish(store, finished)
    with pytest.raises(ConfigError) as refused:
        store.adopt_run(finished)
    assert str(refused.value) == f"run {finished} has finished; start a new one"
    assert store.run(finished).status is RunStatus.FINISHED
    unplanned = new_run(store, [])
    finish(store, unplanned, status=RunStatus.ABORTED)
    with pytest.raises(ConfigError) as refused:
        store.adopt_run(unplanned)
    assert str(refused.value) == f"run {unplanned} ended before it had a plan; start a new one"
    assert list(store.path.parent.glob("*.lock")) == []


def _begin_at_once(path: Path, barrier: Barrier, found: Queue[str], until: Event) -> None:
    barrier.wait()
    store = Store(path)
    try:
        new_run(store, [page(1, "/")])
    except BusyError as error:
        found.put(str(error))
    else:
        found.put("")
    until.wait()


def test_of_processes_that_begin_to_crawl_one_site_at_once_one_does(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    path = tmp_path / "warmer.db"
    barrier, found, until = context.Barrier(4), context.Queue(), context.Event()
    processes = [
        context.Process(target=_begin_at_once, args=(path, barrier, found, until)) for _ in range(4)
    ]
    for process in processes:
        process.start()
    told = sorted(found.get(timeout=60) for _ in processes)
    (run,) = Store(path).runs(10)
    until.set()
    for process in processes:
        process.join()
    refusal = (
        f"run {run.id} of shop is under way, and two at once would render each page twice;"
        " expected to be alone, so try again when it has ended"
    )
    assert told == ["", refusal, refusal, refusal]


def test_a_run_is_not_resumed_while_another_of_its_site_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "warmer.db"
    killed = Store(path)
    run_id = new_run(killed, [page(1, "/")])
    killed.close()
    other, resuming = Store(path), Store(path)
    new_run(other, [page(1, "/")])
    with pytest.raises(BusyError, match="is under way"):
        resuming.adopt_run(run_id)
    other.close()
    resuming.adopt_run(run_id)
    resuming.close()
