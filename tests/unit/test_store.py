"""What was put into a store comes back from it, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.report.runs import STARTED, fetch, finish, new_run, page, probe
from warmer.errors import StoreError
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
from warmer.store_results import TargetResult

if TYPE_CHECKING:
    from collections.abc import Iterator

WARM = Judgement(Verdict.WARM, evidence=(EvidenceKind.KEY,))
FAILED = Judgement(Verdict.FAILED, "timeout")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all examples of a property: opening one takes a while."""
    opened = Store(tmp_path_factory.mktemp("store") / "warmer.db")
    yield opened
    opened.close()


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


def test_a_plan_is_kept_whole_or_not_at_all(store: Store) -> None:
    run_id = new_run(store, [])

    def broken() -> Iterator[Target]:
        yield page(1, "/")
        raise StoreError("the plan ended")

    with pytest.raises(StoreError):
        store.add_targets(run_id, broken(), observed_traffic=None, skipped={})
    assert (store.planned(run_id), list(store.targets(run_id))) == (0, [])


def test_started_at_is_utc(store: Store) -> None:
    assert store.run(new_run(store, [])).started_at == STARTED
    assert store.run("last").started_at.tzinfo is UTC
