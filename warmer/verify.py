"""From everything known of one target to its verdict. Pure: no network, no store, no clock.

`docs/verdicts.md` holds the table of rules with their reasons; the functions below follow
its order. It does not rank, count or report, and it fetches nothing: `needs_probe` says
whether a second fetch could settle what the first and the keys did not.

The one rule above all: WARM is never said on the ground of our own fetch having worked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.model import CacheState, EvidenceKind, Judgement, Verdict
from warmer.timing import judged_by_time

if TYPE_CHECKING:
    from warmer.case import Case
    from warmer.model import Outcome

_REFUSED_FOR_NOW = frozenset({408, 425, 429})
_PAGE = frozenset({200, 304})
_FORWARDED = frozenset({CacheState.MISS, CacheState.BYPASS})

_APPLICATION = frozenset({"cache-status:django", "x-wagtail-cache", "x-drupal-cache"})
"""Headers in which the cache whose keys we look at speaks of itself."""
_MAYBE_APPLICATION = _APPLICATION | {"age"}
"""Django sends an Age with its own hits, too."""


def judge(case: Case) -> Judgement:
    """Return the verdict with its evidence, or with a reason and what to do about it."""
    last = case.last
    if last is None:
        return _unfetched(case)
    return (
        _failed(last)
        or _no_page(last)
        or _made_for_us_alone(case)
        or _by_key(case, last)
        or _by_response(case, last)
        or _cold(case, last)
    )


def needs_probe(case: Case) -> bool:
    """Say whether a second fetch could settle the verdict without a second rendering.

    False without a first fetch, when the verdict is known, and for a page that is likely
    to be stored nowhere: its probe would be rendered again, and prove nothing.
    """
    first = case.warm
    if first is None or case.probe is not None:
        return False
    if _failed(first) or _no_page(first) or _made_for_us_alone(case):
        return False
    if first.state is CacheState.STALE:
        return True  # it is being refreshed, or was: no rendering is lost
    # What one of several servers has, another may lack.
    says = {CacheState.BYPASS} if case.elsewhere else {CacheState.BYPASS, CacheState.HIT}
    is_settled = case.is_present or first.state in says
    is_hopeless = first.obstacle is not None and not first.stored
    if is_settled or is_hopeless:
        return False
    # Without its key, only a cache in front can have it, or the application by its own word.
    in_front = first.state is CacheState.MISS and not _says(first, _APPLICATION)
    return not case.is_absent or in_front or first.stored


def _unfetched(case: Case) -> Judgement:
    if case.is_present:
        return _warm(case, (EvidenceKind.KEY,))
    if case.is_absent:
        return _unverified("not-in-cache", "no cache has its key, and it was not fetched")
    key = case.key
    return _unverified("not-attempted", key.detail if key else "it was not fetched")


def _failed(last: Outcome) -> Judgement | None:
    if last.error is not None:
        return Judgement(Verdict.FAILED, last.error, last.detail)
    if last.status is None:
        return Judgement(Verdict.FAILED, "no-response", last.detail)
    if last.status >= 500 or last.status in _REFUSED_FOR_NOW:
        return Judgement(Verdict.FAILED, f"status-{last.status}", last.detail)
    return None


def _no_page(last: Outcome) -> Judgement | None:
    if last.status not in _PAGE:
        return _uncacheable("status", last.detail or f"status {last.status}: only 200 is kept")
    return None


def _made_for_us_alone(case: Case) -> Judgement | None:
    """Refuse an entry that only our own headers select, whoever says it is there."""
    for outcome in (case.probe, case.warm):
        reason = outcome.obstacle if outcome else None
        if outcome is None or reason is None or not reason.startswith("vary-"):
            continue
        name = reason.removeprefix("vary-")
        # `vary-star` and `vary-cookie` also stand for what the response does by itself.
        if name in case.own_headers or name not in ("star", "cookie"):
            return _uncacheable(reason, outcome.detail)
    return None


def _by_key(case: Case, last: Outcome) -> Judgement | None:
    if not case.is_present:
        return None
    if last.state is CacheState.STALE:
        return _stale(last)
    # Our first fetch is expected to miss, a second is not.
    denials = {CacheState.BYPASS, CacheState.MISS} if case.probe else {CacheState.BYPASS}
    if last.state in denials and _says(last, _APPLICATION):
        return _unverified(
            "contradiction",
            f"its key is there, but {last.state_header} says {last.state}: does the application"
            " still ask for that key? Pin `keys`, or remove old entries",
        )
    evidence = [EvidenceKind.KEY]
    if case.warm and case.warm.state is CacheState.HIT:
        evidence.append(EvidenceKind.RESPONSE)
    if case.probe and case.probe.state is CacheState.HIT:
        evidence.append(EvidenceKind.PROBE)
    return _warm(case, tuple(evidence))


def _by_response(case: Case, last: Outcome) -> Judgement | None:
    """Judge by what caches said in the last fetch; None if that shows nothing stored."""
    kind = EvidenceKind.PROBE if case.probe else EvidenceKind.RESPONSE
    if last.state is CacheState.STALE:
        return _stale(last)
    if last.state is CacheState.HIT:
        if case.is_absent and _says(last, _MAYBE_APPLICATION):
            return _unverified(
                "contradiction",
                f"{last.state_header} says hit, but the key is not there: the entry has gone"
                " since (expired, evicted), or is kept under another key: pin `keys`",
            )
        return _warm(case, (kind,))
    fetches = [outcome for outcome in (case.warm, case.probe) if outcome]
    was_kept = any(outcome.stored or outcome.state is CacheState.HIT for outcome in fetches)
    if last.state is CacheState.MISS and case.probe and was_kept:
        return _unverified(
            "contradiction",
            f"{last.state_header} says miss, though a cache said that it keeps the page:"
            " several caches that do not share, or an entry that goes at once",
        )
    # A proxy knows what it stored; the application does not know whether its cache
    # server took the entry, so its word waits for a probe.
    if last.state is CacheState.MISS and last.stored and not _says(last, _APPLICATION):
        return _warm(case, (kind,), f"stored, says {last.state_header}; not asked again")
    return None


def _cold(case: Case, last: Outcome) -> Judgement:
    """Say why the target is not warm when no cache said that it is."""
    for outcome in (last, case.warm):
        if outcome and outcome.obstacle is not None:
            return _uncacheable(outcome.obstacle, outcome.detail)
    if case.warm is None and (case.is_absent or last.state is CacheState.MISS):
        return _unverified("not-in-cache", "no cache had it when it was asked for")
    if last.state is CacheState.MISS and needs_probe(case):
        return _unverified("not-probed", f"{last.state_header} says miss; it was not asked again")
    if case.is_absent:
        found = "no cache has its key after the fetch"
        return _uncacheable("unknown", f"{found}; {last.detail}" if last.detail else found)
    # Where keys could not be read, a cache in front does not speak for the one behind it.
    unread = case.key is not None and not _says(last, _APPLICATION)
    if last.state is CacheState.UNKNOWN or unread:
        return _by_time(case) or _unverified("no-evidence", _advice(case))
    return _uncacheable("unknown", f"{last.state_header} says {last.state}, {last.detail}")


def _by_time(case: Case) -> Judgement | None:
    """Judge by two times, where no cache is named and neither response tells of one.

    Memories of an application and of its database make second renders fast, too.
    """
    cold, hot = case.warm, case.probe
    if case.answers or case.typical is None or cold is None or hot is None:
        return None
    if {cold.state, hot.state} != {CacheState.UNKNOWN}:
        return None
    detail = judged_by_time(cold, hot, case.typical, case.timing_ratio)
    return _warm(case, (EvidenceKind.TIMING,), detail) if detail else None


def _warm(case: Case, evidence: tuple[EvidenceKind, ...], detail: str = "") -> Judgement:
    """Return WARM, unless what is stored should not be, or will not last."""
    last = case.last
    outcomes = [outcome for outcome in (case.warm, case.probe) if outcome]
    ttl_s = last.ttl_s if last else None
    if case.key is not None and EvidenceKind.KEY in evidence:
        ttl_s = case.key.ttl_s
    if any(outcome.csrf for outcome in outcomes):
        return Judgement(
            Verdict.UNCACHEABLE,
            "csrf-token-in-cached-page",
            "every visitor gets the same CSRF token: take the form out of the page, or the page"
            " out of the cache",
            ttl_s,
            evidence,
        )
    if case.min_ttl_s > 0 and ttl_s is not None and ttl_s < case.min_ttl_s:
        return Judgement(
            Verdict.UNCACHEABLE,
            "expires-before-next-run",
            f"{ttl_s:.0f} s left, {case.min_ttl_s:.0f} s wanted: lengthen the page's time in the"
            " cache, or run more often",
            ttl_s,
            evidence,
        )
    if not detail and any(outcome.obstacle == "set-cookie" for outcome in outcomes):
        detail = "stored although it sets a cookie: see that visitors do not share it"
    if not detail and last and last.final_url:
        detail = f"redirects to {last.final_url}, which is warm: list that URL instead"
    return Judgement(Verdict.WARM, None, detail, ttl_s, evidence)


def _stale(last: Outcome) -> Judgement:
    return _unverified(
        "stale", f"{last.state_header} served an expired page: visitors get the old one for now"
    )


def _advice(case: Case) -> str:
    if case.key is not None:
        return case.key.detail or "the keys do not tell, and no response does"
    return "no response tells of a cache: name the cache server with --cache"


def _says(outcome: Outcome, headers: frozenset[str]) -> bool:
    return not headers.isdisjoint(outcome.state_header.split(", "))


def _uncacheable(reason: str, detail: str) -> Judgement:
    return Judgement(Verdict.UNCACHEABLE, reason, detail)


def _unverified(reason: str, detail: str) -> Judgement:
    return Judgement(Verdict.UNVERIFIED, reason, detail)
