"""Two runs side by side: what became cold, slow or broken, and which metrics are worse."""

from __future__ import annotations

import io
import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.report.runs import SITE, WARM_BY_KEY, fetch, finish, new_run, page, probe
from warmer.errors import ConfigError
from warmer.model import CacheState, Judgement, RunKind, Verdict
from warmer.report.change import changes_of
from warmer.report.compare import compare, comparison_json, print_comparison
from warmer.report.gate import gate_against
from warmer.report.row import cold_ms, hot_ms
from warmer.report.summary import summarise, values
from warmer.thresholds import METRICS

if TYPE_CHECKING:
    from warmer.report.compare import Comparison, Targets
    from warmer.store import Store

FAILED = Judgement(Verdict.FAILED, "status-503", "Service Unavailable")
EVICTED = Judgement(Verdict.UNVERIFIED, "not-in-cache", "")


def run_of(store: Store, fates: dict[str, tuple[Judgement, float]], **named: Any) -> str:
    """A run of these paths, each with its verdict and its cold time."""
    run_id = new_run(store, [page(rank, path) for rank, path in enumerate(fates, 1)], **named)
    store.add_outcomes(run_id, [fetch(rank, ms) for rank, (_, ms) in enumerate(fates.values(), 1)])
    store.add_verdicts(run_id, [(rank, each) for rank, (each, _) in enumerate(fates.values(), 1)])
    finish(store, run_id)
    return run_id


def compared(store: Store, earlier: str, later: str) -> Comparison:
    return compare(summarise(store, earlier), summarise(store, later), store)


def listed(targets: Targets) -> list[str]:
    assert targets.count == len(targets.listed)
    return [pair.url.removeprefix(SITE) for pair in targets.listed]


@pytest.fixture
def two(store: Store) -> tuple[str, str]:
    before = {
        "/same": (WARM_BY_KEY, 100.0),
        "/evicted": (WARM_BY_KEY, 100.0),
        "/broken": (WARM_BY_KEY, 100.0),
        "/still-broken": (FAILED, 100.0),
        "/slow": (WARM_BY_KEY, 100.0),
        "/a-little-slower": (WARM_BY_KEY, 100.0),
        "/mended": (FAILED, 100.0),
        "/gone": (WARM_BY_KEY, 100.0),
    }
    after = {
        "/new": (WARM_BY_KEY, 100.0),
        "/same": (WARM_BY_KEY, 100.0),
        "/evicted": (EVICTED, 100.0),
        "/broken": (FAILED, 100.0),
        "/still-broken": (FAILED, 100.0),
        "/slow": (WARM_BY_KEY, 150.0),
        "/a-little-slower": (WARM_BY_KEY, 149.0),
        "/mended": (WARM_BY_KEY, 100.0),
    }
    return run_of(store, before), run_of(store, after)


def test_each_target_is_told_of_once_under_the_worst_that_happened(
    store: Store, two: tuple[str, str]
) -> None:
    found = compared(store, *two)
    assert listed(found.cold) == ["/evicted"]
    assert listed(found.failing) == ["/broken"]
    assert listed(found.slower) == ["/slow"]
    assert listed(found.warm) == ["/mended"]
    assert listed(found.new) == ["/new"]
    assert found.gone == 1


def test_a_run_is_not_different_from_itself(store: Store, two: tuple[str, str]) -> None:
    found = compared(store, two[0], two[0])
    assert [found.cold.count, found.failing.count, found.slower.count, found.gone] == [0, 0, 0, 0]
    assert not any(each.is_worse for each in found.metrics)


def test_a_verdict_that_was_never_reached_counts_as_unverified(store: Store) -> None:
    before = run_of(store, {"/": (WARM_BY_KEY, 1.0)})
    after = new_run(store, [page(1, "/")])
    finish(store, after)
    (pair,) = compared(store, before, after).cold.listed
    assert (pair.before, pair.now, pair.reason) == ("warm", "unverified", None)


def test_variants_of_a_url_are_compared_with_themselves(store: Store) -> None:
    def run(verdicts: list[Judgement]) -> str:
        urls = [page(1, "/"), page(2, "/")]
        run_id = new_run(store, [urls[0], type(urls[1])(2, urls[1].url, "mobile")])
        store.add_verdicts(run_id, list(enumerate(verdicts, 1)))
        finish(store, run_id)
        return run_id

    found = compared(store, run([WARM_BY_KEY, EVICTED]), run([WARM_BY_KEY, EVICTED]))
    assert (found.cold.count, found.warm.count) == (0, 0)


def test_replays_are_compared_by_their_metrics_alone(store: Store) -> None:
    fates = {"/": (EVICTED, 100.0)}
    earlier = run_of(store, fates, kind=RunKind.REPLAY)
    later = run_of(store, {"/": (EVICTED, 900.0)}, kind=RunKind.REPLAY)
    found = compared(store, earlier, later)
    assert found.slower.count == 0
    assert [each.metric for each in found.metrics if each.is_worse] == ["cold_p95_ms"]


def test_runs_of_different_kinds_are_not_compared(store: Store) -> None:
    crawl = run_of(store, {"/": (EVICTED, 100.0)})
    verify = run_of(store, {"/": (EVICTED, 100.0)}, kind=RunKind.VERIFY)
    with pytest.raises(ConfigError, match=r"is a crawl, .* a verify; expected two runs"):
        compared(store, crawl, verify)


def test_the_screen_says_first_whether_something_is_worse(
    store: Store, two: tuple[str, str]
) -> None:
    stream = io.StringIO()
    print_comparison(compared(store, *two), stream)
    text = stream.getvalue()
    assert text.startswith(f"3 metrics worse, from {two[0]} to {two[1]}.\n")
    (cold,) = (line.split() for line in text.splitlines() if "cold_p95_ms" in line)
    assert cold == ["cold_p95_ms", "100.0", "ms", "150.0", "ms", "x", "1.50", "WORSE"]
    assert f"  warm -> unverified: not-in-cache  {SITE}/evicted\n" in text
    assert f"  warm -> failed: status-503  {SITE}/broken\n" in text
    assert f"  cold 100.0 -> 150.0 ms  {SITE}/slow\n" in text
    assert text.endswith(
        "1 target became warm; 1 target planned for the first time; 1 target planned no more\n"
    )


def test_thresholds_are_listed_whether_they_are_met_or_not(
    store: Store, two: tuple[str, str]
) -> None:
    earlier, later = (summarise(store, each) for each in two)
    rows = gate_against(later, values(earlier), ["cold_p95_ms.change<=2", "hit_ratio.change>=1"])
    found = compare(earlier, later, store, thresholds=rows)
    stream = io.StringIO()
    print_comparison(found, stream)
    assert stream.getvalue().endswith(
        "\nThresholds\n"
        "  pass     cold_p95_ms.change<=2  is 1.5\n"
        "  FAIL     hit_ratio.change>=1  is 0.833333333333333\n"
    )
    assert json.loads(comparison_json(found))["thresholds"] == [
        {"expr": "cold_p95_ms.change<=2", "value": 1.5, "verdict": "pass"},
        {"expr": "hit_ratio.change>=1", "value": pytest.approx(5 / 6), "verdict": "fail"},
    ]


def test_a_long_list_is_cut_on_screen_and_counted(store: Store) -> None:
    before = run_of(store, {f"/{n}": (WARM_BY_KEY, 1.0) for n in range(12)})
    after = run_of(store, {f"/{n}": (EVICTED, 1.0) for n in range(12)})
    stream = io.StringIO()
    print_comparison(compared(store, before, after), stream)
    assert "Became cold: 12 targets" in stream.getvalue()
    assert "  and 2 more; --json lists them\n" in stream.getvalue()


def test_the_json_document_has_counts_and_targets(store: Store, two: tuple[str, str]) -> None:
    document = json.loads(comparison_json(compared(store, *two)))
    assert document["later"]["id"] == two[1]
    assert document["became_cold"] == {
        "count": 1,
        "targets": [
            {
                "url": f"{SITE}/evicted", "variant": "default", "before": "warm",
                "now": "unverified", "reason": "not-in-cache", "cold_before_ms": 100.0,
                "cold_ms": 100.0, "hot_before_ms": None, "hot_ms": None,
            }
        ],
    }  # fmt: skip
    assert [each["metric"] for each in document["metrics"]] == list(METRICS)
    assert document["gone"] == 1


@pytest.mark.parametrize(
    ("metric", "before", "now", "is_worse"),
    [
        ("hit_ratio", 0.990, 0.984, True),
        ("hit_ratio", 0.990, 0.986, False),
        ("hit_ratio", 0.5, 0.9, False),
        ("failed_ratio", 0.0, 0.006, True),
        ("failed_ratio", 0.0, 0.004, False),
        ("cold_p95_ms", 100.0, 120.0, True),
        ("cold_p95_ms", 100.0, 119.0, False),
        ("hot_p95_ms", 1.0, 5.9, False),
        ("evictions", 0, 1, True),
        ("min_ttl_s", 300, 1, False),
        ("hit_ratio", None, 0.1, False),
        ("evictions", 0, None, False),
    ],
)
def test_a_metric_is_worse_by_more_than_noise(
    metric: str, before: float | None, now: float | None, *, is_worse: bool
) -> None:
    nothing: dict[str, float | None] = dict.fromkeys(METRICS)
    found = changes_of({**nothing, metric: before}, {**nothing, metric: now})
    assert [each.is_worse for each in found if each.metric == metric] == [is_worse]


def test_cold_and_hot_are_the_same_in_sql_as_in_the_report(store: Store) -> None:
    statuses = (None, 200, 304, 404)
    cases = list(itertools.product(statuses, CacheState, ("no probe", *statuses)))
    new_run(store, [])
    run_id = new_run(store, [page(rank, f"/{rank}") for rank in range(1, len(cases) + 1)])
    for rank, (status, state, probed) in enumerate(cases, 1):
        outcomes = [fetch(rank, 10.0 * rank, status=status, state=state, waited_ms=5.0)]
        if probed != "no probe":
            outcomes.append(probe(rank, 1.0 * rank, status=probed, waited_ms=2.0))
        store.add_outcomes(run_id, outcomes)
    found = store.pairs(*_ids(store), slower_ratio=1.0, slower_ms=0.0)
    times = [(pair.cold_ms, pair.hot_ms) for pair in found]
    assert times == [(cold_ms(each), hot_ms(each)) for each in store.results(run_id)]
    assert len(set(times)) > 40


def _ids(store: Store) -> list[str]:
    return [run.id for run in reversed(store.runs(2))]
