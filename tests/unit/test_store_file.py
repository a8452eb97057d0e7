"""What is no store, what is damaged or full, and many processes at one file."""

from __future__ import annotations

import multiprocessing
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.report.runs import fetch, new_run, page, sql
from warmer.errors import ConfigError, ExitCode, StoreError
from warmer.store import Store

if TYPE_CHECKING:
    from multiprocessing.queues import Queue
    from multiprocessing.synchronize import Barrier


def test_a_store_of_a_newer_warmer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "warmer.db"
    Store(path).close()
    sql(path, "PRAGMA user_version = 99")
    with pytest.raises(ConfigError) as refused:
        Store(path)
    assert str(refused.value) == f"{path}: written by a newer warmer (schema 99); update warmer"


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("shopping: milk, bread\n" * 100)
    with pytest.raises(ConfigError) as refused:
        Store(path)
    assert str(refused.value) == (
        f"{path}: cannot be used as the store: file is not a database;"
        " expected a writable SQLite file (--store, or path under [store])"
    )
    assert path.read_text() == "shopping: milk, bread\n" * 100


def test_another_programs_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    sql(path, "CREATE TABLE runs (distance REAL)")
    with pytest.raises(ConfigError) as refused:
        Store(path)
    assert str(refused.value) == (
        f"{path}: cannot be used as the store: table runs already exists;"
        " expected a writable SQLite file (--store, or path under [store])"
    )
    assert sql(path, "SELECT name FROM sqlite_master") == [("runs",)]


def test_a_directory_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        Store(tmp_path)
    assert str(refused.value) == (
        f"{tmp_path}: cannot be used as the store: unable to open database file;"
        " expected a writable SQLite file (--store, or path under [store])"
    )


def test_a_path_below_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be used as the store") as refused:
        Store(tmp_path / "file" / "warmer.db")
    assert "\n" not in str(refused.value)


def test_missing_directories_are_made(tmp_path: Path) -> None:
    Store(tmp_path / "var" / "lib" / "warmer.db").close()
    assert (tmp_path / "var" / "lib" / "warmer.db").exists()


def test_a_store_that_was_damaged_later_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "warmer.db"
    Store(path).close()
    empty = path.stat().st_size
    store = Store(path)
    run_id = new_run(store, [page(rank, f"/{rank}") for rank in range(1, 500)])
    store.close()
    pages = path.read_bytes()
    path.write_bytes(pages[:empty] + b"\xff" * (len(pages) - empty))
    store = Store(path)
    with pytest.raises(StoreError) as refused:
        list(store.results(run_id))
    assert str(refused.value) == (
        f"{path}: cannot be read: database disk image is malformed; expected the store of warmer"
    )
    store.close()


def python(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


FILL_THE_DISK = """
import resource, sys
from pathlib import Path
from warmer.errors import StoreError
from warmer.store import Store
from tests.unit.report.runs import sql, new_run, page, fetch
store = Store(Path(sys.argv[1]))
run = new_run(store, [page(rank, f"/{rank}") for rank in range(1, 2001)])
limit = max(each.stat().st_size for each in Path(sys.argv[1]).parent.iterdir()) + 50_000
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
kept = 0
try:
    for start in range(1, 2001, 50):
        store.add_outcomes(run, [fetch(n, 1.0, detail="x" * 500) for n in range(start, start + 50)])
        kept += 50
except StoreError as error:
    print(kept, error)
print(sum(result.warm is not None for result in store.results(run)))
"""


def test_a_full_disk_is_one_line_and_what_was_written_stays(tmp_path: Path) -> None:
    path = tmp_path / "warmer.db"
    done = python(FILL_THE_DISK, str(path))
    assert done.stderr == ""
    first, second = done.stdout.splitlines()
    kept, _, message = first.partition(" ")
    assert 0 < int(kept) < 2000
    assert message in {
        f"{path}: cannot be written: {found}; what was done before is kept"
        for found in ("database or disk is full", "disk I/O error")
    }
    assert int(second) == int(kept)
    store = Store(path)
    found = store.results(store.run("last").id)
    assert sum(each.warm is not None for each in found) == int(kept)
    store.close()


def test_a_store_that_fails_is_no_mistake_of_the_one_who_called() -> None:
    assert StoreError("…").exit_code is ExitCode.UNREACHABLE


OPEN_AS_SOMEBODY = """
import os, sys
from pathlib import Path
from warmer.errors import ConfigError
from warmer.store import Store
if os.getuid() == 0:  # root may write everywhere
    os.setuid(65534)
try:
    Store(Path(sys.argv[1]))
except ConfigError as error:
    print(error)
"""


def test_a_read_only_directory_is_one_line() -> None:
    # Not below pytest's directories, which only their owner may enter.
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "warmer.db"
        Path(directory).chmod(0o555)
        done = python(OPEN_AS_SOMEBODY, str(path))
        Path(directory).chmod(0o755)
    assert done.stderr == ""
    assert done.stdout == (
        f"{path}: cannot be used as the store: unable to open database file;"
        " expected a writable SQLite file (--store, or path under [store])\n"
    )


def _open_at_once(path: Path, site: str, barrier: Barrier, found: Queue[str]) -> None:
    barrier.wait()
    try:
        store = Store(path)
        new_run(store, [page(rank, f"/{rank}") for rank in range(1, 101)], site=site)
        for rank in range(1, 101):
            store.add_outcomes(store.run("last").id, [fetch(rank, 1.0)])
    except Exception as error:  # noqa: BLE001 -- told to the test, which fails
        found.put(str(error))
    else:
        found.put("")


def test_processes_that_make_and_write_a_store_at_once_all_succeed(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    for attempt in range(5):
        path = tmp_path / f"{attempt}.db"
        barrier, found = context.Barrier(4), context.Queue()
        processes = [
            context.Process(target=_open_at_once, args=(path, f"site-{n}", barrier, found))
            for n in range(4)
        ]
        for process in processes:
            process.start()
        assert [found.get(timeout=60) for _ in processes] == [""] * 4
        for process in processes:
            process.join()
        store = Store(path)
        assert [store.planned(run.id) for run in store.runs(10)] == [100] * 4
        store.close()


def test_a_reader_does_not_wait_for_a_writer(store: Store) -> None:
    run_id = new_run(store, [page(1, "/")])
    writer = sqlite3.connect(store.path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DELETE FROM targets")
    assert [each.rank for each in store.targets(run_id)] == [1]
    writer.execute("ROLLBACK")
    writer.close()
