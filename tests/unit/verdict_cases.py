"""What is known of a target, in few words, for tests of verdicts."""

from __future__ import annotations

from typing import Any

from warmer.case import Case
from warmer.model import CacheState, EvidenceKind, KeyAnswer, KeyState, Outcome, Pass
from warmer.verify import judge

HIT, MISS, STALE = CacheState.HIT, CacheState.MISS, CacheState.STALE
BYPASS, UNKNOWN = CacheState.BYPASS, CacheState.UNKNOWN
KEY, RESPONSE = EvidenceKind.KEY, EvidenceKind.RESPONSE
PROBE, TIMING = EvidenceKind.PROBE, EvidenceKind.TIMING

PRESENT = KeyAnswer(KeyState.PRESENT, "k", 300.0)
ABSENT = KeyAnswer(KeyState.ABSENT)
UNREAD = KeyAnswer(KeyState.INCONCLUSIVE, detail="pin keys = { … }")

NGINX = "x-cache-status"
DJANGO = "cache-status:django"


def warm(state: CacheState = UNKNOWN, header: str = "", **fields: Any) -> Outcome:
    given: dict[str, Any] = {"rank": 1, "fetch": Pass.WARM, "status": 200, **fields}
    return Outcome(state=state, state_header=header, **given)


def probe(state: CacheState = UNKNOWN, header: str = "", **fields: Any) -> Outcome:
    return warm(state, header, fetch=Pass.PROBE, **fields)


def verdict(**case: Any) -> tuple[str, str | None]:
    found = judge(Case(**case))
    return found.verdict.value, found.reason
