"""Runs in a real store, for tests of reports: one builder of targets, one run in full."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from warmer.model import (
    CacheState,
    EvidenceKind,
    Judgement,
    Outcome,
    Pass,
    RunStatus,
    Target,
    Trigger,
    Verdict,
)
from warmer.report.summary import summarise
from warmer.report.write import write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from warmer.store import Store

STARTED = datetime(2026, 3, 4, 5, 6, 7, 890_000, tzinfo=UTC)
SITE = "https://www.example.com"
WARM_BY_KEY = Judgement(Verdict.WARM, ttl_s=280.0, evidence=(EvidenceKind.KEY, EvidenceKind.PROBE))


CONFIG = '{"name": "shop", "crawl": {"concurrency": "auto", "max_concurrency": 16}}'


def new_run(store: Store, targets: Sequence[Target], *, config: str = CONFIG, **kwargs: Any) -> str:
    """A running run with these targets; other keywords as for `create_run` and `add_targets`."""
    wanted: dict[str, Any] = {
        "site": "shop",
        "trigger": Trigger.MANUAL,
        "base_url": SITE,
        "config": config,
        "now": STARTED,
    }
    wanted |= {name: kwargs.pop(name) for name in ("site", "kind", "whole") if name in kwargs}
    run = store.create_run(**wanted)
    store.add_targets(run.id, targets, **{"observed_traffic": None, "skipped": {}, **kwargs})
    return run.id


def page(rank: int, path: str, *, weight: float = 0.0, traffic: float | None = None) -> Target:
    return Target(rank, SITE + path, "default", weight, traffic)


def fetch(rank: int, total_ms: float, **kwargs: Any) -> Outcome:
    """A warm fetch that missed and brought a page of 10,000 bytes, unless said otherwise."""
    usual: dict[str, Any] = {"status": 200, "state": CacheState.MISS, "body_bytes": 10_000}
    return Outcome(rank=rank, fetch=Pass.WARM, total_ms=total_ms, **{**usual, **kwargs})


def probe(rank: int, total_ms: float, **kwargs: Any) -> Outcome:
    usual: dict[str, Any] = {"status": 200, "state": CacheState.HIT, "body_bytes": 10_000}
    return Outcome(rank=rank, fetch=Pass.PROBE, total_ms=total_ms, **{**usual, **kwargs})


def finish(store: Store, run_id: str, **kwargs: Any) -> None:
    usual: dict[str, Any] = {
        "status": RunStatus.FINISHED, "duration_s": 1.9, "note": "", "warnings": [],
    }  # fmt: skip
    store.finish_run(run_id, **{**usual, **kwargs})


def shop(store: Store) -> str:
    """Five targets, one of each fate: two warm, one uncacheable, one failed, one not reached."""
    run_id = new_run(
        store,
        [
            page(1, "/", weight=0.5, traffic=0.5),
            page(2, "/sale", weight=0.25, traffic=0.25),
            page(3, "/cart", weight=0.125, traffic=0.125),
            page(4, "/old", weight=0.0625, traffic=0.0625),
            page(5, "/late", weight=0.03125, traffic=0.0),
        ],
        observed_traffic=1.0,
        skipped={"not-get": 12, "static": 340},
    )
    store.add_outcomes(
        run_id,
        [
            fetch(1, 120.0),
            fetch(2, 80.0, final_url=SITE + "/sale/"),
            fetch(3, 300.0, state=CacheState.BYPASS, in_flight=6),
            fetch(4, 30_000.0, status=None, error="timeout", body_bytes=None),
            probe(1, 2.5),
            probe(2, 3.5),
        ],
    )
    store.add_verdicts(
        run_id,
        [
            (1, WARM_BY_KEY),
            (2, Judgement(Verdict.WARM, ttl_s=120.5, evidence=(EvidenceKind.RESPONSE,))),
            (3, Judgement(Verdict.UNCACHEABLE, "set-cookie", "sets the cookie sessionid")),
            (4, Judgement(Verdict.FAILED, "timeout", "no answer within 30 s")),
        ],
    )
    store.set_cache_results(
        run_id,
        [
            {
                "node": "127.0.0.1:6379", "kind": "redis", "hits": 1900, "misses": 100,
                "evictions": 37, "hit_ratio": 0.95, "trusted": True, "note": None,
                "used_bytes": 5_242_880, "max_bytes": 5_242_880, "policy": "allkeys-lru",
                "warm_pass": {"hits": 0, "misses": 500, "hit_ratio": 0.0},
                "probe_pass": {"hits": 1900, "misses": 100, "hit_ratio": 0.95},
            }
        ],
    )  # fmt: skip
    store.set_threshold_results(
        run_id,
        [
            {"expr": "hit_ratio>=0.95", "value": 0.4, "verdict": "fail"},
            {"expr": "failed_ratio<=0.5", "value": 0.2, "verdict": "pass"},
        ],
    )
    finish(store, run_id, warnings=["/ holds a CSRF token"])
    return run_id


def sql(path: Path, statement: str) -> list[tuple[object, ...]]:
    """Ask the file itself, past the store."""
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        return db.execute(statement).fetchall()


def written(store: Store, run_id: str, path: Path) -> bytes:
    """The report of a run in the format of the path's suffix."""
    write(summarise(store, run_id), store, path)
    return path.read_bytes()
