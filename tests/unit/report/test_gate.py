"""Thresholds of a change: which run it is measured against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.report.runs import fetch, finish, new_run, page
from warmer.model import RunKind, RunStatus
from warmer.report.gate import gate
from warmer.report.summary import summarise

if TYPE_CHECKING:
    from warmer.store import Store

SLOWER = ["cold_p95_ms.change<=1.2"]


def ended(
    store: Store, cold_ms: float, *, status: RunStatus = RunStatus.FINISHED, **named: Any
) -> str:
    """A run of one page that took so long."""
    run_id = new_run(store, [page(1, "/")], **named)
    store.add_outcomes(run_id, [fetch(1, cold_ms)])
    finish(store, run_id, status=status)
    return run_id


def results(store: Store, run_id: str) -> list[tuple[object, object]]:
    rows = gate(summarise(store, run_id), store, SLOWER)
    return [(row["value"], row["verdict"]) for row in rows]


def test_a_run_is_measured_against_the_finished_one_before_it(store: Store) -> None:
    ended(store, 50.0)
    ended(store, 100.0)
    ended(store, 999.0, status=RunStatus.ABORTED)
    last = ended(store, 130.0)
    ended(store, 1.0)
    assert results(store, last) == [(1.3, "fail")]


def test_the_first_run_has_nothing_to_be_measured_against(store: Store) -> None:
    assert results(store, ended(store, 100.0)) == [(None, "no_data")]


def test_runs_of_another_site_kind_or_extent_are_not_compared(store: Store) -> None:
    ended(store, 100.0, site="blog")
    ended(store, 100.0, kind=RunKind.VERIFY)
    ended(store, 100.0, whole=False)
    assert results(store, ended(store, 100.0)) == [(None, "no_data")]


def test_a_gate_without_a_change_reads_no_other_run(store: Store) -> None:
    ended(store, 50.0)
    run_id = ended(store, 100.0)
    report = summarise(store, run_id)
    store.close()
    (row,) = gate(report, store, ["cold_p95_ms<=100"])
    assert row == {"expr": "cold_p95_ms<=100", "value": 100.0, "verdict": "pass"}
