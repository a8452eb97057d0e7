from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.report.runs import STARTED, finish, new_run, page
from warmer.model import RunStatus
from warmer.store import Store
from warmer.store_upkeep import forget_runs, mark_killed

if TYPE_CHECKING:
    from pathlib import Path


def test_runs_that_ended_with_their_process_are_marked_and_no_others(tmp_path: Path) -> None:
    path = tmp_path / "warmer.db"
    killed = Store(path)
    lost = new_run(killed, [page(1, "/")])
    killed.close()
    store = Store(path)
    finished, running = new_run(store, []), new_run(store, [])
    finish(store, finished)
    assert mark_killed(path) == [lost]
    assert mark_killed(path) == []
    found = {run.id: (run.status, run.note) for run in store.runs(9)}
    assert found[lost] == (
        RunStatus.INTERRUPTED,
        f"killed; `warmer crawl --resume {lost}` goes on",
    )
    assert [found[each][0] for each in (finished, running)] == [
        RunStatus.FINISHED,
        RunStatus.RUNNING,
    ]
    store.close()


def test_old_runs_go_with_their_rows_and_those_under_way_stay(tmp_path: Path) -> None:
    path = tmp_path / "warmer.db"
    store = Store(path)
    old, running = new_run(store, [page(1, "/")]), new_run(store, [page(1, "/")])
    finish(store, old)
    began = STARTED.timestamp()
    assert forget_runs(path, before=began) == 0
    assert forget_runs(path, before=began + 1) == 1
    assert [run.id for run in store.runs(9)] == [running]
    assert store._file.rows("SELECT count(*) FROM targets") == [(1,)]
    store.close()
