"""The summary and the lists as plain text, to the letter."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from tests.unit.report.runs import SITE, WARM_BY_KEY, fetch, finish, new_run, page, shop
from warmer.model import EvidenceKind, Judgement, RunKind, RunStatus, Verdict
from warmer.report.cures import cure_of
from warmer.report.listings import print_plan, print_runs
from warmer.report.screen import print_summary
from warmer.report.summary import summarise

if TYPE_CHECKING:
    from warmer.store import Store


def summary(store: Store, run_id: str) -> list[str]:
    stream = io.StringIO()
    print_summary(summarise(store, run_id), stream)
    return stream.getvalue().splitlines()


def test_the_summary_of_a_run_reads_from_the_verdict_to_the_files(store: Store) -> None:
    run_id = shop(store)
    stream = io.StringIO()
    print_summary(
        summarise(store, run_id), stream, written=[Path("report.json"), Path("out/report.xml")]
    )
    assert stream.getvalue().splitlines() == [
        "2 of 5 targets are warm (40.0 %).",
        "WARNING: / holds a CSRF token",
        "4 fetched, 1 uncacheable, 1 failed, 1 unverified, 1.9 s",
        "Hit ratio: 40.0 % of all targets, 50.0 % of cacheable ones, 75.0 % of observed traffic",
        "Evidence: 1 by cache key, 1 by response header",
        "The first warm entry expires in 2 min 00 s",
        "1 target redirected, as https://www.example.com/sale to https://www.example.com/sale/",
        "Left out of the sources: 12 not-get, 340 static",
        f"Run {run_id} of shop, 2026-03-04 05:06:07 UTC",
        "",
        "Latency in ms, at up to 6 in flight",
        "          p50    p90    p95    p99    max  fetches",
        "  cold  120.0  300.0  300.0  300.0  300.0        3",
        "  hot     2.5    3.5    3.5    3.5    3.5        2",
        "",
        "Cache servers, all clients together",
        "                                      hits  misses  hit ratio  evictions",
        "  127.0.0.1:6379  redis  warm pass       0     500        0 %         37",
        "                         probe pass  1,900     100     95.0 %",
        "",
        "Not warm",
        "  1 uncacheable: set-cookie",
        "    https://www.example.com/cart",
        "    sets the cookie sessionid",
        "  1 failed: timeout",
        "    https://www.example.com/old",
        "    no answer within 30 s",
        "    Cure: no answer in time: lower concurrency, or raise crawl.timeout_s",
        "  1 unverified: not-attempted",
        "    https://www.example.com/late",
        "    the run ended before its turn",
        "",
        "Slowest fetches",
        "   30,000.0 ms  failed  https://www.example.com/old",
        "      300.0 ms  200     https://www.example.com/cart",
        "      120.0 ms  200     https://www.example.com/",
        "       80.0 ms  200     https://www.example.com/sale",
        "",
        "Thresholds",
        "  FAIL     hit_ratio>=0.95  is 0.4",
        "  pass     failed_ratio<=0.5  is 0.2",
        "",
        "Written: report.json, out/report.xml",
    ]


def test_a_run_with_all_warm_says_no_more_than_it_knows(store: Store) -> None:
    run_id = new_run(store, [page(1, "/")])
    store.add_verdicts(run_id, [(1, WARM_BY_KEY)])
    finish(store, run_id)
    assert summary(store, run_id) == [
        "1 of 1 target is warm (100 %).",
        "0 fetched, 0 uncacheable, 0 failed, 0 unverified, 1.9 s",
        "Hit ratio: 100 % of all targets, 100 % of cacheable ones",
        "Evidence: 1 by cache key",
        "The first warm entry expires in 4 min 40 s",
        f"Run {run_id} of shop, 2026-03-04 05:06:07 UTC",
    ]


def test_what_rests_on_time_alone_is_a_warning(store: Store) -> None:
    run_id = new_run(store, [page(1, "/"), page(2, "/sale")])
    by_time = Judgement(Verdict.WARM, evidence=(EvidenceKind.TIMING,))
    store.add_verdicts(run_id, [(1, WARM_BY_KEY), (2, by_time)])
    finish(store, run_id)
    assert summary(store, run_id)[1] == (
        "WARNING: 1 warm verdict by timing alone: an application that remembers its data is fast"
        " as well; name the cache with --cache"
    )


def test_an_empty_plan_is_said_first(store: Store) -> None:
    run_id = new_run(store, [], skipped={"other-host": 7})
    finish(store, run_id)
    lines = summary(store, run_id)
    assert lines[0] == "Nothing was planned: the sources and filters left no target."
    assert "Left out of the sources: 7 other-host" in lines


def test_an_aborted_run_says_why_and_how_it_goes_on(store: Store) -> None:
    run_id = new_run(store, [page(1, "/")])
    finish(store, run_id, status=RunStatus.ABORTED, note="half of the last 50 requests failed")
    assert summary(store, run_id)[1] == (
        "WARNING: The run was aborted: half of the last 50 requests failed."
        f" `warmer crawl --resume {run_id}` goes on"
    )


def test_an_aborted_replay_is_not_said_to_go_on(store: Store) -> None:
    run_id = new_run(store, [page(1, "/")], kind=RunKind.REPLAY)
    finish(store, run_id, status=RunStatus.ABORTED, note="the origin cannot be reached")
    assert summary(store, run_id)[1] == "WARNING: The run was aborted: the origin cannot be reached"


def test_why_a_run_was_aborted_may_be_a_question(store: Store) -> None:
    run_id = new_run(store, [page(1, "/")])
    finish(store, run_id, status=RunStatus.ABORTED, note="is the account active?")
    assert summary(store, run_id)[1] == (
        "WARNING: The run was aborted: is the account active?"
        f" `warmer crawl --resume {run_id}` goes on"
    )


def test_the_note_of_a_killed_run_is_not_said_twice(store: Store) -> None:
    run_id = new_run(store, [page(1, "/")])
    note = f"killed; `warmer crawl --resume {run_id}` goes on"
    finish(store, run_id, status=RunStatus.INTERRUPTED, note=note)
    assert summary(store, run_id)[1] == f"WARNING: The run was interrupted: {note}"


def test_a_run_that_goes_on_says_so(store: Store) -> None:
    run_id = new_run(store, [page(1, "/")])
    assert summary(store, run_id)[1] == (
        "WARNING: The run is still running; this is what it has done so far"
    )


def test_a_server_that_cannot_be_trusted_is_a_warning_and_no_number(store: Store) -> None:
    run_id = new_run(store, [])
    store.set_cache_results(
        run_id,
        [
            {
                "node": "127.0.0.1:11211", "kind": "memcached", "hits": None, "misses": None,
                "evictions": None, "hit_ratio": None, "trusted": False,
                "note": "it restarted during the run",
            }
        ],
    )  # fmt: skip
    finish(store, run_id)
    lines = summary(store, run_id)
    assert lines[1] == (
        "WARNING: the counters of memcached 127.0.0.1:11211 cannot be trusted:"
        " it restarted during the run"
    )
    assert lines[-1].split() == ["127.0.0.1:11211", "memcached", "-", "-", "-", "-"]


def test_a_threshold_without_data_stands_out(store: Store) -> None:
    run_id = new_run(store, [])
    store.set_threshold_results(
        run_id, [{"expr": "hot_p95_ms<=50", "value": None, "verdict": "no_data"}]
    )
    finish(store, run_id)
    assert summary(store, run_id)[-1] == "  NO DATA  hot_p95_ms<=50  not measured"


def test_a_value_just_under_its_threshold_is_not_shown_as_the_threshold(store: Store) -> None:
    run_id = new_run(store, [])
    store.set_threshold_results(
        run_id, [{"expr": "hit_ratio>=0.95", "value": 0.9499999, "verdict": "fail"}]
    )
    finish(store, run_id)
    assert summary(store, run_id)[-1] == "  FAIL     hit_ratio>=0.95  is 0.9499999"


def test_what_binary_fractions_add_to_a_value_is_not_shown(store: Store) -> None:
    run_id = new_run(store, [])
    store.set_threshold_results(
        run_id, [{"expr": "hot_p95_ms<5", "value": 1.9620000000000002, "verdict": "pass"}]
    )
    finish(store, run_id)
    assert summary(store, run_id)[-1] == "  pass     hot_p95_ms<5  is 1.962"


def test_a_reason_without_a_known_cure_shows_its_detail(store: Store) -> None:
    run_id = new_run(store, [page(1, "/")])
    store.add_verdicts(run_id, [(1, Judgement(Verdict.FAILED, "unheard-of", "bad chunk length"))])
    finish(store, run_id)
    assert summary(store, run_id)[-3:] == [
        "  1 failed: unheard-of",
        "    https://www.example.com/",
        "    bad chunk length",
    ]


def test_a_status_without_a_cure_of_its_own_has_that_of_its_family() -> None:
    assert cure_of("status-503") == cure_of("status-500") != cure_of("status-429")
    assert cure_of("status-429") == "the origin asks for fewer requests: set crawl.rate"


def test_a_reason_whose_detail_is_advice_has_no_cure_beside_it() -> None:
    assert [cure_of(reason) for reason in ("status", "set-cookie", "vary-cookie", None)] == [
        None, None, None, None,
    ]  # fmt: skip


def test_the_plan_is_a_table_for_programs_with_a_summary_at_the_end() -> None:
    stream = io.StringIO()
    plan = iter([page(1, "/", weight=1.5, traffic=0.6), page(2, "/a", weight=0.25, traffic=0.4)])
    print_plan(plan, stream, total_weight=2.0, observed_traffic=1.0)
    assert stream.getvalue() == (
        "rank\tshare\turl\tvariant\n"
        f"1\t0.75\t{SITE}/\tdefault\n"
        f"2\t0.125\t{SITE}/a\tdefault\n"
        "# 2 targets; 100 % of the observed traffic\n"
    )


def test_a_plan_without_observed_traffic_says_so() -> None:
    stream = io.StringIO()
    print_plan([], stream, total_weight=0.0, observed_traffic=None)
    assert stream.getvalue() == "rank\tshare\turl\tvariant\n# 0 targets; no traffic was observed\n"


def test_hits_of_the_visitor_guard_are_told_beside_the_hits_of_all(store: Store) -> None:
    run_id = new_run(store, [page(1, "/")])
    counts = {"hits": 90, "misses": 10, "hit_ratio": 0.9}
    node = {
        "kind": "redis", "evictions": 0, "trusted": True, **counts,
        "warm_pass": {**counts, "canary_looks": 41}, "probe_pass": {**counts, "canary_looks": 1},
    }  # fmt: skip
    store.set_cache_results(run_id, [{"node": "a:1", **node}, {"node": "b:1", **node}])
    finish(store, run_id)
    told = "  Among them the visitor guard's looks at its page: 41 in the warm pass, 1 in the probe pass"
    assert summary(store, run_id).count(told) == 1


def test_nothing_is_cut_or_wrapped_where_the_output_is_no_terminal(store: Store) -> None:
    long = "/" + "a" * 3000
    node = "/run/redis-of-the-shop/" + "b" * 90
    run_id = new_run(store, [page(1, long)])
    store.add_outcomes(run_id, [fetch(1, 1.0, final_url=f"{SITE}{long}/")])
    store.add_verdicts(run_id, [(1, Judgement(Verdict.UNVERIFIED, "expired", "because " * 50))])
    store.set_cache_results(run_id, [{"node": node, "kind": "redis", "trusted": True}])
    finish(store, run_id, warnings=["word " * 100 + "end"])
    lines = summary(store, run_id)
    assert f"1 target redirected, as {SITE}{long} to {SITE}{long}/" in lines
    assert f"    {SITE}{long}" in lines
    assert f"        1.0 ms  200     {SITE}{long}" in lines
    assert "WARNING: " + "word " * 100 + "end" in lines
    assert "    " + " ".join(["because"] * 50) in lines
    assert any(line.split() == [node, "redis", "-", "-", "-", "-"] for line in lines)


def test_runs_are_a_table_for_programs(store: Store) -> None:
    finished = shop(store)
    running = new_run(store, [])
    stream = io.StringIO()
    print_runs(store.runs(10), stream)
    assert stream.getvalue() == (
        "run\tsite\ttrigger\tstatus\tstarted_at\tduration_s\tnote\tkind\n"
        f"{running}\tshop\tmanual\trunning\t2026-03-04T05:06:07Z\t\t\tcrawl\n"
        f"{finished}\tshop\tmanual\tfinished\t2026-03-04T05:06:07Z\t1.900\t\tcrawl\n"
    )


def test_verdicts_are_never_lost_between_the_reasons(store: Store) -> None:
    run_id = new_run(store, [page(rank, f"/{rank}") for rank in range(1, 5)])
    store.add_verdicts(
        run_id,
        [
            (1, Judgement(Verdict.UNCACHEABLE, "unknown")),
            (2, Judgement(Verdict.UNVERIFIED, "unknown")),
            (3, Judgement(Verdict.UNVERIFIED, "unknown")),
        ],
    )
    finish(store, run_id)
    reasons = [line for line in summary(store, run_id) if line.startswith("  ")]
    assert [line.strip() for line in reasons if not line.startswith("    ")] == [
        "2 unverified: unknown",
        "1 uncacheable: unknown",
        "1 unverified: not-attempted",
    ]
