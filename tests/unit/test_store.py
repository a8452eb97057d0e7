from __future__ import annotations

import contextlib
import multiprocessing
import sqlite3
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.report.runs import STARTED, fetch, finish, new_run, page, probe
from warmer.errors import BusyError, ConfigError, ExitCode, StoreError
from warmer.model import (
    CacheState,
    EvidenceKind,
    Judgement,
    Outcome,
    Pass,
    RunRecord,
    RunStatus,
    Target,
    Trigger,
    Verdict,
)
from warmer.store import Store
from warmer.store_reader import TargetResult

if TYPE_CHECKING:
    from collections.abc import Iterator

WARM = Judgement(Verdict.WARM, evidence=(EvidenceKind.KEY,))
FAILED = Judgement(Verdict.FAILED, "timeout")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "warmer.db")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all examples of a property: opening one takes a while."""
    opened = Store(tmp_path_factory.mktemp("store") / "warmer.db")
    yield opened
    opened.close()


def sql(path: Path, statement: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        return db.execute(statement).fetchall()


NUMBER = st.floats(allow_nan=False, allow_infinity=False)
OPTIONAL = st.none() | NUMBER
TEXT = st.text(max_size=20)
RANKS = st.lists(st.integers(1, 2**31), min_size=1, max_size=5, unique=True).map(sorted)


@st.composite
def results(draw: st.DrawFn) -> list[TargetResult]:
    found = []
    for rank in draw(RANKS):
        target = Target(rank, draw(TEXT), draw(TEXT), draw(NUMBER), draw(OPTIONAL))
        warm, again = (
            draw(
                st.none()
                | st.builds(
                    Outcome,
                    rank=st.just(rank),
                    fetch=st.just(fetched),
                    status=st.none() | st.integers(100, 599),
                    error=st.none() | TEXT,
                    detail=TEXT,
                    total_ms=OPTIONAL,
                    first_byte_ms=OPTIONAL,
                    body_bytes=st.none() | st.integers(0, 2**60),
                    attempts=st.integers(1, 20),
                    final_url=TEXT,
                    state=st.sampled_from(CacheState),
                    state_header=TEXT,
                    age_s=OPTIONAL,
                    ttl_s=OPTIONAL,
                    stored=st.booleans(),
                    obstacle=st.none() | TEXT,
                    language=st.none() | TEXT,
                    csrf=st.booleans(),
                    at=NUMBER,
                    connect_ms=OPTIONAL,
                    sent_bytes=st.none() | st.integers(0, 2**40),
                    in_flight=st.none() | st.integers(1, 1000),
                    waited_ms=OPTIONAL,
                )
            )
            for fetched in Pass
        )
        judgement = draw(
            st.none()
            | st.builds(
                Judgement,
                st.sampled_from(Verdict),
                st.none() | TEXT,
                TEXT,
                OPTIONAL,
                st.lists(st.sampled_from(EvidenceKind), unique=True).map(tuple),
            )
        )
        found.append(TargetResult(target, warm, again, judgement))
    return found


@given(results())
def test_every_field_comes_back_as_it_was_put_in(
    shared: Store, expected: list[TargetResult]
) -> None:
    run_id = new_run(shared, [each.target for each in expected])
    outcomes = [each for result in expected for each in (result.warm, result.probe) if each]
    shared.add_outcomes(run_id, outcomes)
    shared.add_verdicts(
        run_id,
        [(each.target.rank, each.judgement) for each in expected if each.judgement is not None],
    )
    assert list(shared.results(run_id)) == expected
    assert list(shared.targets(run_id)) == [each.target for each in expected]
    finish(shared, run_id)


RECORDS = st.builds(
    RunRecord,
    id=st.just(""),
    site=TEXT,
    trigger=st.sampled_from(Trigger),
    status=st.sampled_from([status for status in RunStatus if status != RunStatus.RUNNING]),
    started_at=st.integers(0, 2**32).map(lambda at: datetime.fromtimestamp(at / 8, UTC)),
    duration_s=NUMBER,
    note=TEXT,
    base_url=TEXT,
    observed_traffic=OPTIONAL,
)


@given(RECORDS, TEXT, st.lists(TEXT), st.dictionaries(TEXT, st.integers(0)))
def test_every_field_of_a_run_comes_back_as_it_was_put_in(
    shared: Store, record: RunRecord, config: str, warnings: list[str], skipped: dict[str, int]
) -> None:
    run_id = shared.create_run(
        site=record.site,
        trigger=record.trigger,
        base_url=record.base_url,
        config=config,
        now=record.started_at,
    ).id
    observed = record.observed_traffic
    shared.add_targets(run_id, [page(1, "/")], observed_traffic=observed, skipped=skipped)
    shared.finish_run(
        run_id,
        status=record.status,
        duration_s=record.duration_s or 0.0,
        note=record.note,
        warnings=warnings,
    )
    assert shared.run(run_id) == replace(record, id=run_id)
    assert shared.config_of(run_id) == config
    assert shared.warnings_of(run_id) == warnings
    assert shared.skipped_of(run_id) == skipped
    assert shared.planned(run_id) == 1


def test_results_of_caches_and_thresholds_come_back_in_their_order(store: Store) -> None:
    run_id = new_run(store, [])
    store.set_cache_results(run_id, [{"node": "b", "hits": None}, {"node": "a", "hits": 1}])
    store.set_threshold_results(run_id, [{"expr": "hit_ratio>=0.5", "value": 0.4}])
    store.set_cache_results(run_id, [{"node": "c", "hits": None}, {"node": "a", "hits": 2}])
    assert store.cache_results(run_id) == [{"node": "c", "hits": None}, {"node": "a", "hits": 2}]
    assert store.threshold_results(run_id) == [{"expr": "hit_ratio>=0.5", "value": 0.4}]


def test_runs_do_not_see_each_others_rows(store: Store) -> None:
    first, second = (new_run(store, [page(1, name)]) for name in ("/a", "/b"))
    store.add_outcomes(first, [fetch(1, 5.0)])
    store.add_verdicts(first, [(1, WARM)])
    assert [each.target.url for each in store.results(second)] == ["https://www.example.com/b"]
    assert [(each.warm, each.judgement) for each in store.results(second)] == [(None, None)]
    store.forget_outcomes(second, [1])
    store.forget_verdicts(second, [1])
    assert next(store.results(first)).judgement == WARM
    assert next(store.results(first)).warm == fetch(1, 5.0)


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 2000, 2500])
def test_pages_of_rows_lose_and_repeat_nothing(store: Store, count: int) -> None:
    run_id = new_run(store, [page(rank, f"/{rank}") for rank in range(1, count + 1)])
    assert store.planned(run_id) == count
    expected = list(range(1, count + 1))
    assert [each.rank for each in store.targets(run_id)] == expected
    assert [each.rank for each in store.unfetched(run_id, Pass.WARM)] == expected
    after = [each.target.rank for each in store.results(run_id, after=998)]
    assert after == list(range(999, count + 1))


def test_unfetched_leaves_out_what_has_an_outcome_of_the_pass_or_a_verdict(store: Store) -> None:
    run_id = new_run(store, [page(rank, f"/{rank}") for rank in range(1, 6)])
    store.add_outcomes(run_id, [fetch(1, 5.0), fetch(2, 5.0), probe(2, 5.0)])
    store.add_verdicts(run_id, [(4, WARM)])
    assert [each.rank for each in store.unfetched(run_id, Pass.WARM)] == [3, 5]
    assert [each.rank for each in store.unfetched(run_id, Pass.PROBE)] == [1, 3, 5]


def test_outcomes_written_while_unfetched_is_read_are_not_given_out_again(store: Store) -> None:
    run_id = new_run(store, [page(rank, f"/{rank}") for rank in range(1, 2101)])
    seen = []
    for target in store.unfetched(run_id, Pass.WARM):
        seen.append(target.rank)
        store.add_outcomes(run_id, [fetch(target.rank, 1.0)])
    assert seen == list(range(1, 2101))


def test_what_is_taken_back_is_to_be_fetched_and_judged_again(store: Store) -> None:
    run_id = new_run(store, [page(rank, f"/{rank}") for rank in (1, 2, 3)])
    store.add_outcomes(run_id, [fetch(rank, 5.0) for rank in (1, 2, 3)] + [probe(1, 1.0)])
    store.add_verdicts(run_id, [(1, FAILED), (2, FAILED), (3, WARM)])
    store.forget_outcomes(run_id, [1, 2])
    assert list(store.unfetched(run_id, Pass.WARM)) == []
    store.forget_verdicts(run_id, iter([1, 2]))
    assert [each.rank for each in store.unfetched(run_id, Pass.WARM)] == [1, 2]
    first = next(store.results(run_id))
    assert (first.warm, first.probe, first.judgement) == (None, None, None)


def test_a_later_outcome_or_verdict_replaces_an_earlier_one(store: Store) -> None:
    run_id = new_run(store, [page(1, "/")])
    store.add_outcomes(run_id, [fetch(1, 5.0)])
    store.add_outcomes(run_id, [fetch(1, 6.0)])
    store.add_verdicts(run_id, [(1, FAILED)])
    store.add_verdicts(run_id, [(1, WARM)])
    (found,) = store.results(run_id)
    assert (found.warm, found.judgement) == (fetch(1, 6.0), WARM)


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


def test_a_plan_is_kept_whole_or_not_at_all(store: Store) -> None:
    run_id = new_run(store, [])

    def broken() -> Iterator[Target]:
        yield page(1, "/")
        raise StoreError("the plan ended")

    with pytest.raises(StoreError):
        store.add_targets(run_id, broken(), observed_traffic=None, skipped={})
    assert (store.planned(run_id), list(store.targets(run_id))) == (0, [])


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
        " expected a writable SQLite file"
    )
    assert path.read_text() == "shopping: milk, bread\n" * 100


def test_another_programs_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    sql(path, "CREATE TABLE runs (distance REAL)")
    with pytest.raises(ConfigError) as refused:
        Store(path)
    assert str(refused.value) == (
        f"{path}: cannot be used as the store: table runs already exists;"
        " expected a writable SQLite file"
    )
    assert sql(path, "SELECT name FROM sqlite_master") == [("runs",)]


def test_a_directory_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        Store(tmp_path)
    assert str(refused.value) == (
        f"{tmp_path}: cannot be used as the store: unable to open database file;"
        " expected a writable SQLite file"
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
from tests.unit.report.runs import new_run, page, fetch
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
        " expected a writable SQLite file\n"
    )


def _open_at_once(path: Path, site: str, barrier: object, found: object) -> None:
    barrier.wait()  # type: ignore[attr-defined]  # of multiprocessing
    try:
        store = Store(path)
        new_run(store, [page(rank, f"/{rank}") for rank in range(1, 101)], site=site)
        for rank in range(1, 101):
            store.add_outcomes(store.run("last").id, [fetch(rank, 1.0)])
    except Exception as error:  # noqa: BLE001 -- told to the test, which fails
        found.put(str(error))  # type: ignore[attr-defined]  # of multiprocessing
    else:
        found.put("")  # type: ignore[attr-defined]  # of multiprocessing


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


def _begin_at_once(path: Path, barrier: object, found: object, until: object) -> None:
    barrier.wait()  # type: ignore[attr-defined]  # of multiprocessing
    store = Store(path)
    try:
        new_run(store, [page(1, "/")])
    except BusyError as error:
        found.put(str(error))  # type: ignore[attr-defined]  # of multiprocessing
    else:
        found.put("")  # type: ignore[attr-defined]  # of multiprocessing
    until.wait()  # type: ignore[attr-defined]  # of multiprocessing


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


def test_a_reader_does_not_wait_for_a_writer(store: Store) -> None:
    run_id = new_run(store, [page(1, "/")])
    writer = sqlite3.connect(store.path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DELETE FROM targets")
    assert [each.rank for each in store.targets(run_id)] == [1]
    writer.execute("ROLLBACK")
    writer.close()


def test_started_at_is_utc(store: Store) -> None:
    assert store.run(new_run(store, [])).started_at == STARTED
    assert store.run("last").started_at.tzinfo is UTC
