from __future__ import annotations

from typing import Any

import pytest

from warmer.model import CacheState, EvidenceKind, Outcome, Pass
from warmer.replay.judgement import judge


def outcome(**more: Any) -> Outcome:
    found: dict[str, Any] = {"rank": 1, "fetch": Pass.WARM, "status": 200, "total_ms": 1.0}
    return Outcome(**(found | more))


@pytest.mark.parametrize(
    ("seen", "method", "verdict", "reason"),
    [
        ({"state": CacheState.HIT}, "GET", "warm", None),
        ({"state": CacheState.HIT, "status": 304}, "HEAD", "warm", None),
        ({"state": CacheState.HIT, "status": 404}, "GET", "warm", None),
        ({"state": CacheState.STALE}, "GET", "warm", None),
        ({"state": CacheState.MISS}, "GET", "unverified", "cold"),
        ({"state": CacheState.BYPASS}, "GET", "unverified", "cold"),
        ({}, "GET", "unverified", "no-evidence"),
        ({"obstacle": "no-store", "state": CacheState.MISS}, "GET", "uncacheable", "no-store"),
        ({}, "POST", "uncacheable", "method"),
        ({"status": 404}, "GET", "uncacheable", "status"),
        ({"status": 302, "state": CacheState.MISS}, "GET", "uncacheable", "status"),
        ({"status": 500, "state": CacheState.HIT}, "GET", "failed", "status-500"),
        ({"status": 429}, "GET", "failed", "status-429"),
        ({"status": None, "error": "timeout"}, "GET", "failed", "timeout"),
    ],
)
def test_a_request_is_judged_by_its_own_answer(
    seen: dict[str, Any], method: str, verdict: str, reason: str | None
) -> None:
    found = judge(outcome(**seen), method)
    assert (found.verdict, found.reason) == (verdict, reason)


def test_nothing_but_a_caches_own_word_is_evidence() -> None:
    assert judge(outcome(state=CacheState.HIT), "GET").evidence == (EvidenceKind.RESPONSE,)
    assert judge(outcome(total_ms=0.01, stored=True), "GET").evidence == ()
