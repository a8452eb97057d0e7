"""The metrics that are kept with a run: read in place of its targets, and never older than these."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.unit.report.runs import WARM_BY_KEY, fetch, finish, new_run, page, shop, sql
from warmer.errors import StoreError
from warmer.model import Judgement, RunKind, RunStatus, Verdict
from warmer.report.gate import gate
from warmer.report.summary import metrics, summarise, values
from warmer.report.trend import trend
from warmer.store import Store
from warmer.store_schema import MIGRATIONS
from warmer.thresholds import METRICS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COLD = Judgement(Verdict.UNVERIFIED, "not-in-cache", "")


def kept(store: Store) -> str:
    """A run with its metrics, whose targets nobody can read any more."""
    run_id = shop(store)
    store.keep_metrics(run_id, values(summarise(store, run_id)))
    sql(store.path, "DELETE FROM targets")
    return run_id


def test_they_are_told_to_the_last_digit_without_reading_a_target(store: Store) -> None:
    assert metrics(store, kept(store)) == {
        "hit_ratio": 0.4,
        "cacheable_hit_ratio": 0.5,
        "traffic_hit_ratio": 0.75,
        "failed_ratio": 0.2,
        "hot_p95_ms": 3.5,
        "cold_p95_ms": 300.0,
        "min_ttl_s": 120.5,
        "evictions": 37.0,
    }


def test_the_trend_and_a_gate_of_change_read_them(store: Store) -> None:
    before = kept(store)
    now = new_run(store, [page(1, "/")])
    store.add_outcomes(now, [fetch(1, 150.0)])
    finish(store, now)
    assert trend(store, before, 1)[0].values["cold_p95_ms"] == 300.0
    (row,) = gate(summarise(store, now), store, ["cold_p95_ms.change<=1"])
    assert row["value"] == 0.5


def test_a_run_that_ended_without_them_is_summed_up(store: Store) -> None:
    run_id = shop(store)
    assert store.kept_metrics(run_id) is None
    assert metrics(store, run_id) == values(summarise(store, run_id))


def test_those_of_another_version_are_summed_up_again(store: Store) -> None:
    run_id = shop(store)
    store.keep_metrics(run_id, {"hit_ratio": 0.9})
    assert metrics(store, run_id)["hit_ratio"] == 0.4
    store.keep_metrics(run_id, dict.fromkeys((*METRICS, "love"), 0.9))
    assert metrics(store, run_id)["hit_ratio"] == 0.4


def test_thresholds_are_held_against_them_and_change_none(store: Store) -> None:
    run_id = kept(store)
    before = store.kept_metrics(run_id)
    store.set_threshold_results(run_id, [])
    assert store.kept_metrics(run_id) == before


CHANGES: dict[str, Callable[[Store, str], object]] = {
    "targets": lambda store, run_id: store.add_targets(
        run_id, [page(6, "/6")], observed_traffic=2.0, skipped={}
    ),
    "outcomes": lambda store, run_id: store.add_outcomes(run_id, [fetch(2, 9_000.0)]),
    "verdicts": lambda store, run_id: store.add_verdicts(run_id, [(1, COLD)]),
    "outcomes taken back": lambda store, run_id: store.forget_outcomes(run_id, [3]),
    "verdicts taken back": lambda store, run_id: store.forget_verdicts(run_id, [1]),
    "caches": lambda store, run_id: store.set_cache_results(run_id, []),
    "requests of a replay": lambda store, run_id: store.add_replayed(
        run_id, [page(6, "/6")], [fetch(6, 9_000.0)], [(6, WARM_BY_KEY)]
    ),
    "the end of a replay": lambda store, run_id: store.conclude_replay(run_id, skipped={}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_changes_a_run_afterwards_is_in_its_metrics(store: Store, what: str) -> None:
    run_id = shop(store)
    before = values(summarise(store, run_id))
    store.keep_metrics(run_id, before)
    CHANGES[what](store, run_id)
    assert metrics(store, run_id) == values(summarise(store, run_id)) != before


def test_a_change_that_fails_leaves_them(store: Store) -> None:
    run_id = kept(store)
    before = store.kept_metrics(run_id)
    with pytest.raises(StoreError):
        store.add_targets(run_id, [page(6, "/6"), page(6, "/6")], observed_traffic=None, skipped={})
    assert store.kept_metrics(run_id) == before is not None


def test_a_run_that_is_resumed_has_those_of_its_second_end(tmp_path: Path) -> None:
    with_first = Store(tmp_path / "warmer.db")
    run_id = new_run(with_first, [page(1, "/"), page(2, "/a")])
    with_first.add_verdicts(run_id, [(1, WARM_BY_KEY), (2, COLD)])
    with_first.keep_metrics(run_id, values(summarise(with_first, run_id)))
    finish(with_first, run_id, status=RunStatus.INTERRUPTED)
    with_first.close()

    store = Store(tmp_path / "warmer.db")
    assert metrics(store, run_id)["hit_ratio"] == 0.5
    store.adopt_run(run_id)
    store.add_verdicts(run_id, [(2, WARM_BY_KEY)])
    assert metrics(store, run_id)["hit_ratio"] == 1.0
    store.close()


def test_another_run_keeps_its_own(store: Store) -> None:
    before = kept(store)
    now = new_run(store, [page(1, "/")], kind=RunKind.VERIFY)
    store.add_verdicts(now, [(1, COLD)])
    assert store.kept_metrics(before) is not None


def test_a_store_that_had_them_among_its_thresholds_keeps_these_alone(tmp_path: Path) -> None:
    path = tmp_path / "warmer.db"
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.executescript(";".join(MIGRATIONS[:3]))
        db.execute(
            "INSERT INTO runs (id, site, trigger, status, started_at, config)"
            " VALUES ('old', 'shop', 'manual', 'finished', 1.0, '{}')"
        )
        db.executemany(
            "INSERT INTO threshold_results VALUES (1, ?, ?)",
            [(-1, '{"hit_ratio": 1.0}'), (0, '{"verdict": "pass"}')],
        )
        db.execute("PRAGMA user_version = 3")
    store = Store(path)
    assert store.threshold_results("old") == [{"verdict": "pass"}]
    assert store.kept_metrics("old") is None
    store.close()
