"""report.json and report.jsonl, and how every report becomes a file: whole, or not at all."""

from __future__ import annotations

import json
import resource
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from tests.unit.report.runs import SITE, WARM_BY_KEY, fetch, finish, new_run, page, shop, written
from warmer.errors import ConfigError
from warmer.model import Judgement, Verdict
from warmer.report.summary import summarise
from warmer.report.write import check_writable, write

if TYPE_CHECKING:
    from warmer.store import Store


def valid(document: bytes) -> dict[str, Any]:
    """The report, held to the schema that the package publishes."""
    schema = json.loads((resources.files("warmer.report") / "schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    report: dict[str, Any] = json.loads(document)
    jsonschema.Draft202012Validator(schema).validate(report)
    return report


def test_the_json_report_begins_with_the_keys_of_the_contract(store: Store, tmp_path: Path) -> None:
    report = valid(written(store, shop(store), tmp_path / "report.json"))
    assert list(report)[:10] == [
        "schema", "run", "counts", "hit_ratio", "cacheable_hit_ratio", "traffic_hit_ratio",
        "latency_ms", "caches", "thresholds", "problems",
    ]  # fmt: skip
    assert report["schema"] == "warmer.report/1"
    assert list(report["run"])[:6] == [
        "id", "site", "trigger", "started_at", "duration_s", "status",
    ]  # fmt: skip
    assert report["run"]["started_at"] == "2026-03-04T05:06:07.890Z"
    assert report["run"]["trigger"] == "manual"
    assert report["run"]["status"] == "finished"
    assert report["counts"] == {
        "planned": 5, "attempted": 4, "warm": 2, "uncacheable": 1, "failed": 1, "unverified": 1,
    }  # fmt: skip
    assert report["latency_ms"] == {
        "cold": {"p50": 120, "p90": 300, "p95": 300, "p99": 300, "max": 300, "count": 3},
        "hot": {"p50": 2.5, "p90": 3.5, "p95": 3.5, "p99": 3.5, "max": 3.5, "count": 2},
    }
    assert list(report["caches"][0])[:8] == [
        "node", "kind", "hits", "misses", "evictions", "hit_ratio", "trusted", "note",
    ]  # fmt: skip
    assert report["caches"][0]["policy"] == "allkeys-lru"
    assert report["thresholds"][0] == {"expr": "hit_ratio>=0.95", "value": 0.4, "verdict": "fail"}
    assert report["problems"][0] == {
        "url": SITE + "/cart",
        "variant": "default",
        "verdict": "uncacheable",
        "reason": "set-cookie",
        "detail": "sets the cookie sessionid",
    }


def test_what_was_not_measured_is_null_in_json(store: Store, tmp_path: Path) -> None:
    run_id = new_run(store, [])
    finish(store, run_id, duration_s=0.0)
    report = valid(written(store, run_id, tmp_path / "report.json"))
    assert report["hit_ratio"] is None
    assert report["traffic_hit_ratio"] is None
    assert report["latency_ms"]["hot"] == {
        "p50": None, "p90": None, "p95": None, "p99": None, "max": None, "count": 0,
    }  # fmt: skip


def test_a_number_that_json_does_not_know_becomes_null(store: Store, tmp_path: Path) -> None:
    run_id = new_run(store, [page(1, "/")])
    store.add_verdicts(run_id, [(1, Judgement(Verdict.WARM, ttl_s=float("inf")))])
    finish(store, run_id)
    assert valid(written(store, run_id, tmp_path / "report.json"))["min_ttl_s"] is None


def test_a_cache_that_cannot_be_trusted_has_null_counts(store: Store, tmp_path: Path) -> None:
    run_id = new_run(store, [])
    store.set_cache_results(
        run_id, [{"node": "a:1", "kind": "memcached", "trusted": False, "note": "restarted"}]
    )
    finish(store, run_id)
    assert valid(written(store, run_id, tmp_path / "report.json"))["caches"] == [
        {
            "node": "a:1", "kind": "memcached", "hits": None, "misses": None, "evictions": None,
            "hit_ratio": None, "trusted": False, "note": "restarted",
        }
    ]  # fmt: skip


def test_each_target_is_one_line_of_jsonl_in_rank_order(store: Store, tmp_path: Path) -> None:
    lines = written(store, shop(store), tmp_path / "report.jsonl").decode().splitlines()
    assert len(lines) == 5
    assert json.loads(lines[0]) == {
        "url": SITE + "/",
        "variant": "default",
        "verdict": "warm",
        "reason": None,
        "status": 200,
        "cold_ms": 120.0,
        "hot_ms": 2.5,
        "bytes": 10_000,
        "ttl_s": 280.0,
        "weight": 0.5,
        "evidence": ["key", "probe"],
    }
    assert json.loads(lines[4]) == {
        "url": SITE + "/late",
        "variant": "default",
        "verdict": "unverified",
        "reason": "not-attempted",
        "status": None,
        "cold_ms": None,
        "hot_ms": None,
        "bytes": None,
        "ttl_s": None,
        "weight": 0.03125,
        "evidence": [],
    }


def test_a_newline_in_a_url_stays_within_its_line_of_jsonl(store: Store, tmp_path: Path) -> None:
    run_id = new_run(store, [page(1, "/a\nb\u2028c\x85d")])
    finish(store, run_id)
    line, end = written(store, run_id, tmp_path / "report.jsonl").split(b"\n")
    assert json.loads(line)["url"] == SITE + "/a\nb\u2028c\x85d"
    assert end == b""


def test_a_run_that_is_still_running_has_no_report_file(store: Store, tmp_path: Path) -> None:
    run_id = new_run(store, [])
    with pytest.raises(ConfigError, match=f"run {run_id} is still running"):
        written(store, run_id, tmp_path / "report.json")


def test_a_report_replaces_an_older_one_and_leaves_nothing_else(
    store: Store, tmp_path: Path
) -> None:
    reports = tmp_path / "reports"
    reports.mkdir()
    (reports / "report.JSON").write_text("old")
    run_id = shop(store)
    check_writable(reports / "report.JSON")
    assert (reports / "report.JSON").read_text() == "old"
    assert valid(written(store, run_id, reports / "report.JSON"))["run"]["id"] == run_id
    assert [file.name for file in reports.iterdir()] == ["report.JSON"]


def test_a_report_goes_where_a_link_points(store: Store, tmp_path: Path) -> None:
    (tmp_path / "latest.json").symlink_to(tmp_path / "real.json")
    written(store, shop(store), tmp_path / "latest.json")
    assert (tmp_path / "latest.json").is_symlink()
    valid((tmp_path / "real.json").read_bytes())


@pytest.mark.parametrize("name", ["report.pdf", "report.htm", "report"])
def test_an_unknown_suffix_is_refused_before_the_run(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"expected \.json, .* or \.csv$"):
        check_writable(tmp_path / name)


def test_a_directory_that_is_not_there_is_refused_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        check_writable(tmp_path / "no" / "report.json")
    assert str(caught.value) == (
        f"{tmp_path}/no/report.json: the report cannot be written: No such file or directory;"
        " expected a file in a directory that exists and can be written to"
    )


def test_a_directory_in_the_place_of_the_file_is_refused_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "report.json").mkdir()
    with pytest.raises(ConfigError, match="Is a directory"):
        check_writable(tmp_path / "report.json")


def test_a_file_that_cannot_be_made_is_one_line(store: Store, tmp_path: Path) -> None:
    link = tmp_path / "report.json"
    link.symlink_to(Path("/proc/self/report.json"))
    with pytest.raises(ConfigError, match="cannot be written"):
        written(store, shop(store), link)


def test_a_disk_that_fills_up_leaves_the_older_report(store: Store, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    reports.mkdir()
    (reports / "report.json").write_text("old")
    report = summarise(store, shop(store))
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
    try:
        with pytest.raises(ConfigError, match="cannot be written: File too large"):
            write(report, store, reports / "report.json")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert [file.read_text() for file in reports.iterdir()] == ["old"]


def test_many_targets_are_streamed_whole(store: Store, tmp_path: Path) -> None:
    run_id = new_run(store, [page(rank, f"/{rank}") for rank in range(1, 2501)])
    store.add_outcomes(run_id, [fetch(rank, 1.0) for rank in range(1, 2501)])
    store.add_verdicts(run_id, [(rank, WARM_BY_KEY) for rank in range(1, 2501)])
    finish(store, run_id)
    assert written(store, run_id, tmp_path / "report.jsonl").count(b"\n") == 2500
    junit = written(store, run_id, tmp_path / "report.xml")
    assert (junit.count(b"<testcase"), b"2500 of 2500 targets are warm" in junit) == (2, True)
