"""report.json: the whole Report as one JSON document, schema `warmer.report/1`.

`schema.json` in this package describes it. Keys of the contract come first and
stay; others may be added. Nothing is rounded.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from warmer.report.summary import Report
    from warmer.report.tally import Latency

SCHEMA = "warmer.report/1"
_CACHE_KEYS = ("node", "kind", "hits", "misses", "evictions", "hit_ratio", "trusted", "note")


def json_report(report: Report) -> bytes:
    """The document, indented, with a newline at the end."""
    return msgspec.json.format(msgspec.json.encode(_document(report)), indent=2) + b"\n"


def _document(report: Report) -> dict[str, object]:
    run = report.run
    return {
        "schema": SCHEMA,
        "run": {
            "id": run.id,
            "site": run.site,
            "trigger": run.trigger,
            "started_at": _rfc3339(run.started_at),
            "duration_s": run.duration_s,
            "status": run.status,
            "note": run.note,
            "base_url": run.base_url,
            "kind": run.kind,
        },
        "counts": asdict(report.counts),
        "hit_ratio": report.hit_ratio,
        "cacheable_hit_ratio": report.cacheable_hit_ratio,
        "traffic_hit_ratio": report.traffic_hit_ratio,
        "latency_ms": {"cold": _latency(report.cold), "hot": _latency(report.hot)},
        "caches": [_cache(cache) for cache in report.caches],
        "thresholds": report.thresholds,
        "problems": report.problems,
        "problems_omitted": report.problems_omitted,
        "reasons": report.reasons,
        "failed_ratio": report.failed_ratio,
        "min_ttl_s": report.min_ttl_s,
        "evictions": report.evictions,
        "warm_by": report.warm_by,
        "slowest": report.slowest,
        "redirects": report.redirects,
        "warnings": report.warnings,
        "skipped": report.skipped,
        "in_flight": report.in_flight,
        "limit": [asdict(move) for move in report.limit],
        "writes": report.writes,
    }


def _latency(latency: Latency) -> dict[str, object]:
    """Percentiles first, as in the contract; then how many fetches they stand for."""
    times = asdict(latency)
    count = times.pop("count")
    return {**times, "count": count}


def _cache(cache: Mapping[str, object]) -> dict[str, object]:
    return {**{key: cache.get(key) for key in _CACHE_KEYS}, **cache}


def _rfc3339(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
