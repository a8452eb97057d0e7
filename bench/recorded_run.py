"""A store with one run of many targets, each fetched and judged: `STORE TARGETS`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

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
from warmer.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE_URL = "https://www.example.com"
SECTIONS = 40
FAILS_EVERY = 100
PER_S = 5_000
_BATCH = 5_000


def record(path: Path, targets: int) -> None:
    """A run that ended now, at PER_S requests a second."""
    began = datetime.now(UTC)
    store = Store(path)
    run = store.create_run(
        site="bench", trigger=Trigger.MANUAL, base_url=BASE_URL, config="{}", now=began
    )
    store.add_targets(run.id, _targets(targets), observed_traffic=None, skipped={})
    for first in range(1, targets + 1, _BATCH):
        ranks = range(first, min(first + _BATCH, targets + 1))
        store.add_outcomes(run.id, [_outcome(rank, began.timestamp()) for rank in ranks])
        store.add_verdicts(run.id, [(rank, _judgement(rank)) for rank in ranks])
    duration_s = targets / PER_S
    store.finish_run(run.id, status=RunStatus.FINISHED, duration_s=duration_s, note="", warnings=[])
    store.close()


def _targets(count: int) -> Iterator[Target]:
    for rank in range(1, count + 1):
        yield Target(rank, f"{BASE_URL}/s{rank % SECTIONS}/page-{rank}/", "default", 1 / rank)


def _outcome(rank: int, began: float) -> Outcome:
    return Outcome(
        rank=rank,
        fetch=Pass.WARM,
        status=503 if rank % FAILS_EVERY == 0 else 200,
        total_ms=(rank * 7919) % 1000 / 3 + 1,
        first_byte_ms=1.0,
        body_bytes=10_000 + rank % 100,
        state=CacheState.MISS,
        at=began + rank / PER_S,
        connect_ms=0.0,
        sent_bytes=400,
        in_flight=8,
    )


def _judgement(rank: int) -> Judgement:
    if rank % FAILS_EVERY == 0:
        return Judgement(Verdict.FAILED, "status-503", "Service Unavailable")
    return Judgement(Verdict.WARM, ttl_s=300.0, evidence=(EvidenceKind.KEY,))


if __name__ == "__main__":
    record(Path(sys.argv[1]), int(sys.argv[2]))
