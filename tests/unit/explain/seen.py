"""Visits made up for tests: what a response and a cache may look like."""

from __future__ import annotations

import dataclasses
from typing import Any

from warmer.caches.http_evidence import each_cache, judge
from warmer.caches.http_obstacles import obstacle
from warmer.explain.observation import CacheSight, KeySight, Visit
from warmer.model import (
    EvidenceKind,
    Judgement,
    KeyAnswer,
    KeyState,
    Outcome,
    Pass,
    Verdict,
)

URL = "https://www.example.com/p/1/"
WARM = Judgement(Verdict.WARM, evidence=(EvidenceKind.KEY,), ttl_s=540.0)


def visit(headers: list[tuple[str, str]], judgement: Judgement = WARM, **given: Any) -> Visit:
    """A visit answered with 200 and these headers, judged by the rules of runs."""
    said = judge(headers)
    hindrance = obstacle(200, headers, own_headers=frozenset({"user-agent"}))
    outcome = Outcome(
        rank=1,
        fetch=Pass.WARM,
        status=200,
        total_ms=80.0,
        first_byte_ms=75.0,
        body_bytes=900,
        state=said.state,
        state_header=said.header,
        age_s=said.age_s,
        obstacle=hindrance[0] if hindrance else None,
        detail=hindrance[1] if hindrance else "",
    )
    seen = Visit(
        variant="default",
        url=URL,
        sent={"Accept-Language": "en", "Cookie": "sessionid=s3cret"},
        warm=outcome,
        headers=headers,
        said=each_cache(headers),
        caches=(),
        visitors=(),
        judgement=judgement,
        own_headers=frozenset({"user-agent"}),
    )
    return dataclasses.replace(seen, **given)


def cache(*names: str, before: bool | None = False) -> CacheSight:
    """A Redis that holds the page; `names` is its header list."""
    return CacheSight(
        kind="redis",
        url="redis://127.0.0.1:6379/1",
        how="new-entry",
        pins='keys = { prefix = "" }',
        problem="",
        names=names,
        keys=(
            KeySight(what="header list", key="list", there=True, before=before),
            KeySight(what="page", key="page", there=True, before=before, size_bytes=9, ttl_s=540.0),
        ),
        answer=KeyAnswer(KeyState.PRESENT, key="page", ttl_s=540.0),
    )
