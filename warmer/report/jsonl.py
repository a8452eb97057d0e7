"""report.jsonl: one JSON object a target, in rank order, streamed from the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from warmer.report.row import cold_ms, fetched, hot_ms, judgement_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from warmer.store_results import TargetResult


def jsonl_lines(results: Iterable[TargetResult]) -> Iterator[bytes]:
    """Lines with their newline; `status` and `bytes` are of the warm fetch, else of the probe."""
    encode = msgspec.json.Encoder().encode
    for result in results:
        judgement = judgement_of(result)
        outcome = fetched(result)
        yield (
            encode(
                {
                    "url": result.target.url,
                    "variant": result.target.variant,
                    "verdict": judgement.verdict,
                    "reason": judgement.reason,
                    "status": None if outcome is None else outcome.status,
                    "cold_ms": cold_ms(result),
                    "hot_ms": hot_ms(result),
                    "bytes": None if outcome is None else outcome.body_bytes,
                    "ttl_s": judgement.ttl_s,
                    "weight": result.target.weight,
                    "evidence": judgement.evidence,
                }
            )
            + b"\n"
        )
