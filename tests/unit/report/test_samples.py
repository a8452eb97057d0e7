"""Which requests of a run are samples, and in what order they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.report.runs import SITE, fetch, new_run, page, probe
from warmer.model import Outcome, Pass

if TYPE_CHECKING:
    from warmer.store import Store


def test_requests_come_pass_by_pass_in_rank_order(store: Store) -> None:
    run_id = new_run(store, [page(1, "/"), page(2, "/b")])
    store.add_outcomes(run_id, [probe(2, 1.0), fetch(2, 2.0), probe(1, 3.0), fetch(1, 4.0)])
    found = [(each.fetch, each.url.removeprefix(SITE)) for each in store.samples(run_id)]
    assert found == [("warm", "/"), ("warm", "/b"), ("probe", "/"), ("probe", "/b")]


def test_what_was_never_sent_is_no_request_and_what_failed_is_one(store: Store) -> None:
    run_id = new_run(store, [page(rank, "/") for rank in (1, 2, 3)])
    store.add_outcomes(
        run_id,
        [
            Outcome(1, Pass.WARM, None, error="robots"),
            Outcome(2, Pass.WARM, None, error="timeout", total_ms=30_000.0),
            fetch(3, 5.0, status=404),
        ],
    )
    found = [(each.error, each.status, each.is_success) for each in store.samples(run_id)]
    assert found == [("timeout", None, False), (None, 404, False)]


def test_another_run_s_requests_stay_out(store: Store) -> None:
    other = new_run(store, [page(1, "/")])
    store.add_outcomes(other, [fetch(1, 5.0)])
    assert list(store.samples(new_run(store, [page(1, "/")]))) == []
