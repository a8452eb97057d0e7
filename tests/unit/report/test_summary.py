from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.report.runs import (
    SITE,
    WARM_BY_KEY,
    fetch,
    finish,
    new_run,
    page,
    probe,
    shop,
)
from warmer.model import CacheState, EvidenceKind, Judgement, RunStatus, Verdict
from warmer.report.summary import concluded, summarise, values
from warmer.report.tally import Counts, Latency, Problem, Reason

if TYPE_CHECKING:
    from warmer.store import Store

NOT_MEASURED = Latency(count=0, p50=None, p90=None, p95=None, p99=None, max=None)
NOT_STORED = Judgement(Verdict.UNCACHEABLE, "no-store", "Cache-Control: no-store")


def test_every_planned_target_is_counted_once(store: Store) -> None:
    counts = summarise(store, shop(store)).counts
    assert counts == Counts(planned=5, attempted=4, warm=2, uncacheable=1, failed=1, unverified=1)


def test_the_values_of_thresholds_are_those_of_the_run(store: Store) -> None:
    assert values(summarise(store, shop(store))) == {
        "hit_ratio": 0.4,
        "cacheable_hit_ratio": 0.5,
        "traffic_hit_ratio": 0.75,
        "failed_ratio": 0.2,
        "hot_p95_ms": 3.5,
        "cold_p95_ms": 300.0,
        "min_ttl_s": 120.5,
        "evictions": 37,
    }


def test_an_empty_plan_has_no_ratio_and_no_latency(store: Store) -> None:
    run_id = new_run(store, [])
    finish(store, run_id)
    assert set(values(summarise(store, run_id)).values()) == {None}


def test_a_site_where_nothing_may_be_cached_has_no_cacheable_ratio(store: Store) -> None:
    run_id = new_run(store, [page(1, "/")])
    store.add_verdicts(run_id, [(1, NOT_STORED)])
    report = summarise(store, run_id)
    assert report.hit_ratio == 0.0
    assert report.cacheable_hit_ratio is None


def test_traffic_that_adds_up_to_all_is_exactly_one(store: Store) -> None:
    shares = [0.1] * 10
    assert sum(shares) != 1.0
    run_id = new_run(
        store,
        [page(rank, f"/{rank}", traffic=share) for rank, share in enumerate(shares, 1)],
        observed_traffic=1.0,
    )
    store.add_verdicts(run_id, [(rank, WARM_BY_KEY) for rank in range(1, 11)])
    assert summarise(store, run_id).traffic_hit_ratio == 1.0


def test_a_first_fetch_that_hits_is_hot_and_not_cold(store: Store) -> None:
    run_id = new_run(store, [page(1, "/")])
    store.add_outcomes(run_id, [fetch(1, 4.0, state=CacheState.HIT)])
    report = summarise(store, run_id)
    assert report.cold == NOT_MEASURED
    assert report.hot == Latency(count=1, p50=4.0, p90=4.0, p95=4.0, p99=4.0, max=4.0)


def test_the_probe_of_a_target_is_preferred_to_its_first_hit(store: Store) -> None:
    run_id = new_run(store, [page(1, "/")])
    store.add_outcomes(run_id, [fetch(1, 4.0, state=CacheState.HIT), probe(1, 3.0)])
    assert summarise(store, run_id).hot.max == 3.0


def test_a_probe_that_misses_counts_as_what_a_visitor_waits(store: Store) -> None:
    run_id = new_run(store, [page(1, "/")])
    store.add_outcomes(run_id, [fetch(1, 90.0), probe(1, 85.0, state=CacheState.MISS)])
    assert summarise(store, run_id).hot.max == 85.0


def test_the_times_of_errors_are_not_the_times_of_pages(store: Store) -> None:
    run_id = new_run(store, [page(1, "/"), page(2, "/gone")])
    store.add_outcomes(
        run_id,
        [fetch(1, 5.0, status=500), fetch(2, 9000.0, status=None, error="timeout")],
    )
    assert summarise(store, run_id).cold == NOT_MEASURED


def test_evictions_are_unknown_when_one_server_cannot_be_trusted(store: Store) -> None:
    run_id = new_run(store, [])
    store.set_cache_results(
        run_id,
        [
            {"node": "a:6379", "evictions": 4, "trusted": True},
            {"node": "b:6379", "evictions": None, "trusted": False},
        ],
    )
    assert summarise(store, run_id).evictions is None


def test_evictions_of_all_servers_add_up(store: Store) -> None:
    run_id = new_run(store, [])
    store.set_cache_results(
        run_id, [{"evictions": 4, "trusted": True}, {"evictions": 0, "trusted": True}]
    )
    assert summarise(store, run_id).evictions == 4


def test_problems_come_most_popular_first_and_end_at_a_thousand(store: Store) -> None:
    run_id = new_run(store, [page(rank, f"/{rank}") for rank in range(1, 1003)])
    store.add_verdicts(run_id, [(rank, NOT_STORED) for rank in range(1, 1003)])
    report = summarise(store, run_id)
    assert report.problems[0] == Problem(
        url=SITE + "/1",
        variant="default",
        verdict=Verdict.UNCACHEABLE,
        reason="no-store",
        detail="Cache-Control: no-store",
    )
    assert len(report.problems) == 1000
    assert report.problems_omitted == 2
    assert report.reasons == (
        Reason(
            verdict=Verdict.UNCACHEABLE,
            reason="no-store",
            count=1002,
            example=SITE + "/1",
            detail="Cache-Control: no-store",
        ),
    )


def test_a_target_without_a_verdict_says_whether_it_was_fetched(store: Store) -> None:
    run_id = new_run(store, [page(1, "/"), page(2, "/late")])
    store.add_outcomes(run_id, [fetch(1, 90.0)])
    report = summarise(store, run_id)
    assert [problem.reason for problem in report.problems] == ["not-judged", "not-attempted"]
    assert report.counts.unverified == 2


def test_warm_targets_are_counted_by_their_strongest_evidence(store: Store) -> None:
    run_id = new_run(store, [page(1, "/"), page(2, "/a")])
    backwards = (EvidenceKind.PROBE, EvidenceKind.RESPONSE)
    store.add_verdicts(run_id, [(1, WARM_BY_KEY), (2, Judgement(Verdict.WARM, evidence=backwards))])
    assert summarise(store, run_id).warm_by == {EvidenceKind.KEY: 1, EvidenceKind.RESPONSE: 1}


def test_the_five_slowest_fetches_are_kept_slowest_first(store: Store) -> None:
    run_id = new_run(store, [page(rank, f"/{rank}") for rank in range(1, 9)])
    store.add_outcomes(
        run_id, [fetch(rank, ms) for rank, ms in enumerate((30, 10, 80, 20, 70, 60, 40, 50), 1)]
    )
    assert [slow.total_ms for slow in summarise(store, run_id).slowest] == [80, 70, 60, 50, 40]


def test_a_redirect_within_the_site_is_counted_with_an_example(store: Store) -> None:
    report = summarise(store, shop(store))
    assert report.redirects == 1
    assert report.redirect_example == (SITE + "/sale", SITE + "/sale/")


def test_what_is_stored_after_the_figures_can_be_added_without_reading_again(store: Store) -> None:
    run_id = new_run(store, [page(1, "/")])
    before = summarise(store, run_id)
    assert before.run.status is RunStatus.RUNNING
    store.set_threshold_results(run_id, [{"expr": "evictions<=0", "value": None}])
    finish(store, run_id, status=RunStatus.ABORTED, note="origin down", warnings=["careful"])
    after = concluded(before, store)
    assert after == summarise(store, run_id)
    assert after.run.note == "origin down"


@pytest.mark.parametrize(
    ("warm", "probed", "most"),
    [(3, 6, 6), (6, 3, 6), (6, None, 6), (None, 3, 3), (None, None, None)],
)
def test_the_load_of_the_latencies_is_what_was_in_flight_and_not_what_might_have_been(
    store: Store, warm: int | None, probed: int | None, most: int | None
) -> None:
    run_id = new_run(store, [page(1, "/"), page(2, "/a")], config='{"crawl": {"concurrency": 16}}')
    store.add_outcomes(
        run_id,
        [fetch(1, 10.0, in_flight=warm), probe(1, 1.0, in_flight=probed), fetch(2, 10.0)],
    )
    report = summarise(store, run_id)
    assert report.in_flight == most
