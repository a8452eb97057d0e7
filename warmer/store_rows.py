"""Rows of the store as nouns of the model.

The tables are STRICT, so a column holds its declared type and is not converted.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from warmer.model import (
    CacheState,
    EvidenceKind,
    Judgement,
    Outcome,
    Pass,
    RunKind,
    RunRecord,
    RunStatus,
    Trigger,
    Verdict,
)

OUTCOME_COLUMNS = ", ".join(name for name in Outcome._fields if name != "fetch")
_STATES = {str(state): state for state in CacheState}
_VERDICTS = {str(verdict): verdict for verdict in Verdict}
RUN_COLUMNS = (
    "id, site, trigger, status, started_at, duration_s, note, base_url, observed_traffic, kind"
)


def run_of(row: tuple[Any, ...]) -> RunRecord:
    """A run in the order of RUN_COLUMNS."""
    run_id, site, trigger, status, started_at, duration_s, note, base_url, traffic, kind = row
    return RunRecord(
        id=run_id,
        site=site,
        trigger=Trigger(trigger),
        status=RunStatus(status),
        started_at=datetime.fromtimestamp(started_at, UTC),
        duration_s=duration_s,
        note=note,
        base_url=base_url,
        observed_traffic=traffic,
        kind=RunKind(kind),
    )


def outcome_of(fetch: Pass, row: tuple[Any, ...]) -> Outcome | None:
    """An outcome in the order of OUTCOME_COLUMNS; None where nothing was joined.

    By place, for a report reads some millions of these: by name takes three times as long.
    """
    if row[0] is None:
        return None
    state, state_header, age_s, ttl_s, stored, obstacle, language, csrf = row[9:17]
    return Outcome._make((
        row[0], fetch, *row[1:9], _STATES[state], state_header, age_s, ttl_s, bool(stored),
        obstacle, language, bool(csrf), *row[17:],
    ))  # fmt: skip


def judgement_of(row: tuple[Any, ...]) -> Judgement | None:
    """A verdict with what it rests on; None where nothing was joined."""
    verdict, reason, detail, ttl_s, evidence = row
    if verdict is None:
        return None
    return Judgement(_VERDICTS[verdict], reason, detail, ttl_s, _evidence_of(evidence))


@cache
def _evidence_of(kinds: str) -> tuple[EvidenceKind, ...]:
    """The few lists that there are, each made once."""
    return tuple(EvidenceKind(kind) for kind in kinds.split(",") if kind)
