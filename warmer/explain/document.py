"""An explanation as one document of plain values: what `--json` prints, and the page shows. Pure.

A value that was not measured is None. Of Set-Cookie there are names alone.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from warmer.explain.findings import findings
from warmer.explain.masking import scrubbed, shown
from warmer.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warmer.explain.observation import Explanation, Visit, Visitor
    from warmer.model import Outcome, ResponseEvidence

SCHEMA = "warmer.explain/1"

_TELLING = (
    *("cache-control", "cdn-cache-control", "surrogate-control", "pragma", "expires", "date"),
    *("age", "vary", "content-encoding", "content-language", "content-type", "etag"),
    *("last-modified", "retry-after", "via"),
)


def document(explanation: Explanation, secrets: frozenset[str]) -> dict[str, Any]:
    """The whole of it, secrets taken out."""
    found: dict[str, Any] = {
        "schema": SCHEMA,
        "url": explanation.url,
        "connect_to": _as_listed(explanation.connect_to),
        "unreachable": [asdict(each) for each in explanation.unreachable],
        "warm": is_warm(explanation),
        "visits": [_visit(each) for each in explanation.visits],
    }
    safe: dict[str, Any] = scrubbed(found, secrets | explanation.secrets)
    return safe


def is_warm(explanation: Explanation) -> bool:
    """Whether the next visitor hits, whichever variant's he is, and at whichever server.

    Of servers that share a cache, one that cannot be reached gets no visitors.
    """
    missing = explanation.unreachable and isinstance(explanation.connect_to, tuple)
    return not missing and all(
        each.judgement.verdict is Verdict.WARM for each in explanation.visits
    )


def _as_listed(servers: str | tuple[str, ...] | None) -> str | list[str] | None:
    return list(servers) if isinstance(servers, tuple) else servers


def _visit(visit: Visit) -> dict[str, Any]:
    judgement = visit.judgement
    return {
        "variant": visit.variant,
        "connect_to": visit.connect_to,
        "verdict": judgement.verdict.value,
        "reason": judgement.reason,
        "detail": judgement.detail,
        "ttl_s": judgement.ttl_s,
        "was_cold": visit.was_cold,
        "evidence": [each.value for each in judgement.evidence],
        "request": {"method": "GET", "url": visit.url, "headers": shown(visit.sent)},
        "redirects": [
            {
                "url": each.url,
                "status": each.status,
                "location": each.location,
                "total_ms": each.total_ms,
                "upstream": _upstream(each.said),
            }
            for each in visit.hops
        ],
        "response": _response(visit),
        "upstream": _upstream(visit.said),
        "caches": [
            {
                "kind": each.kind,
                "url": each.url,
                "keys_known_by": each.how or None,
                "pin": each.pins or None,
                "problem": each.problem or None,
                "state": each.answer.state.value,
                "detail": each.answer.detail,
                "ttl_s": each.answer.ttl_s,
                "header_list": None if each.names is None else list(each.names),
                "keys": [asdict(key) for key in each.keys],
            }
            for each in visit.caches
        ],
        "second_fetch": None
        if visit.probe is None
        else _said(visit.probe) | {"upstream": _upstream(visit.probe_said)},
        "visitors": [_visitor(each) for each in visit.visitors],
        "findings": [
            {"level": each.level.value, "about": each.about, "text": each.text, "cure": each.cure}
            for each in findings(visit)
        ],
    }


def _response(visit: Visit) -> dict[str, Any]:
    warm = visit.warm
    said = {each.header.partition(":")[0] for each in visit.said}
    return _said(warm) | {
        "error": warm.error,
        "detail": warm.detail,
        "redirected_to": warm.final_url or None,
        "bytes": warm.body_bytes,
        "vary": list(visit.vary),
        "set_cookie": _cookie_names(visit.headers),
        "headers": [
            [name, value] for name, value in visit.headers if name in said or name in _TELLING
        ],
    }


def _said(outcome: Outcome) -> dict[str, Any]:
    return {
        "status": outcome.status,
        "total_ms": outcome.total_ms,
        "first_byte_ms": outcome.first_byte_ms,
        "cache": outcome.state.value,
        "cache_says": outcome.state_header or None,
        "age_s": outcome.age_s,
        "ttl_s": outcome.ttl_s,
    }


def _upstream(said: Sequence[ResponseEvidence]) -> list[dict[str, Any]]:
    return [
        {"header": each.header, "state": each.state.value, "detail": each.detail} for each in said
    ]


def _visitor(visitor: Visitor) -> dict[str, Any]:
    sent = {name.lower(): value for name, value in shown(visitor.headers).items()}
    return {
        "name": visitor.name,
        "differs_in": {name: sent.get(name) for name in visitor.differs_in},
        "split_by": list(visitor.split_by),
        "caches": [
            {"state": each.state.value, "ttl_s": each.ttl_s, "detail": each.detail}
            for each in visitor.answers
        ],
    }


def _cookie_names(headers: Sequence[tuple[str, str]]) -> list[str]:
    """Without `=` the whole is a value (RFC 6265bis, section 5.6), which is not shown."""
    cookies = [value.partition(";")[0] for name, value in headers if name == "set-cookie"]
    return [
        each.partition("=")[0].strip() if "=" in each and each.partition("=")[0].strip()
        else "(without a name)"
        for each in cookies
    ]  # fmt: skip
