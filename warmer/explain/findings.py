"""What was seen of a URL, in sentences, each with its cure. Pure; it judges nothing anew.

The verdict is `warmer.verify`'s, what keeps a page from being stored `http_obstacles`'s. Here
stands only what these two, Vary and the keys mean beside each other for Django and for those
who run the site.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from warmer.caches.http_obstacles import likely_cause, obstacle
from warmer.model import CacheState, EvidenceKind, KeyState, Verdict
from warmer.report.cures import cure_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.explain.observation import CacheSight, Visit


class Level(StrEnum):
    """What a finding asks for."""

    NOTE = "note"  # as it should be, or as it is
    LOOK = "look"  # see that it is meant so
    MEND = "mend"  # why visitors wait, or get what is not theirs


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found; `cure` is "" where nothing is to be done."""

    level: Level
    about: str
    text: str
    cure: str = ""


_BROAD = {
    "cookie": (
        "each visitor with a cookie has an entry of his own",
        "touch session, user and CSRF token only where the page needs them",
    ),
    "user-agent": (
        "each release of each browser has an entry of its own",
        "drop User-Agent from Vary; let the page adapt by CSS, or vary on a header with few values",
    ),
    "accept-encoding": (
        "each value of Accept-Encoding has an entry of its own, http and https apart",
        "put GZipMiddleware above UpdateCacheMiddleware: one entry, compressed on its way out",
    ),
    "accept-language": (
        "each wording of Accept-Language has an entry of its own, `de` and `de-DE,de` apart",
        "have the language in the path (i18n_patterns), or warm a variant for each usual wording",
    ),
}


def findings(visit: Visit) -> list[Finding]:
    """All findings, in the order in which a request goes: response, obstacles, caches, keys."""
    found = [
        *_answer(visit),
        *_obstacles(visit),
        *_session(visit),
        *_splits(visit),
        *_after_storing(visit),
        *_keys(visit),
        *_second_fetch(visit),
    ]
    told = {each.about for each in found} | {"csrf-token-in-cached-page", "no-evidence"}
    verdict = visit.judgement
    if verdict.verdict is not Verdict.FAILED and verdict.reason not in {*told, None}:
        text, _, cure = verdict.detail.partition(": ")
        cure = cure or cure_of(verdict.reason) or ""
        found.insert(0, Finding(Level.MEND, verdict.reason or "", text, cure))
    return list(dict.fromkeys(found))


def _answer(visit: Visit) -> Iterator[Finding]:
    warm, verdict = visit.warm, visit.judgement
    if warm.final_url:
        yield Finding(
            Level.LOOK,
            "redirect",
            f"redirects to {warm.final_url}; the redirect itself Django never stores",
            "link and list the final URL",
        )
    if verdict.verdict is Verdict.FAILED:
        yield Finding(
            Level.MEND, "answer", verdict.detail or "no answer", cure_of(verdict.reason) or ""
        )
    if warm.csrf and warm.status == 200:
        yield Finding(
            Level.MEND,
            "csrf-token",
            "the page carries a CSRF token, and is stored: all visitors share the token"
            if is_stored(visit)
            else "the page carries a CSRF token: Django sets its cookie with Vary: Cookie, and"
            " its cache middleware stores no such page",
            "take the form out of the page (fetch it, or the token, by script), or the page out of"
            " the cache",
        )


def _obstacles(visit: Visit) -> Iterator[Finding]:
    if visit.warm.status is None or visit.judgement.verdict is Verdict.FAILED:
        return
    stored = is_stored(visit)
    hindrance = obstacle(visit.warm.status, visit.headers, own_headers=visit.own_headers)
    if hindrance is not None:
        reason, detail = hindrance
        text, _, cure = detail.partition("; " if reason == "status" else ": ")
        despite = stored and reason.removeprefix("vary-") not in visit.own_headers
        if despite:
            text += "; a cache keeps the page all the same: see that visitors do not share it"
        yield Finding(Level.LOOK if despite else Level.MEND, reason, text, cure)
    cause = likely_cause(visit.headers)
    if cause and not stored:
        yield Finding(
            Level.MEND,
            "cache-control",
            cause,
            "set a max-age above 0 (cache_control, or cache_page above the view)",
        )


def _session(visit: Visit) -> Iterator[Finding]:
    """What becomes of a page that was fetched with the session of a login."""
    if visit.login is None or visit.warm.status != 200:
        return
    apart = "say Cache-Control: private, or Vary: Cookie below the cache"
    if visit.leaks:
        yield Finding(
            Level.MEND,
            "private-page-shared",
            "DATA LEAK: the page is behind a login, and who comes without one gets, from a cache,"
            f' what was rendered for another (asked for as "{visit.login}", and without)',
            f"{apart}; then purge it: cache_page belongs below login_required, not above",
        )
    elif visit.judgement.verdict is Verdict.WARM:
        yield Finding(
            Level.LOOK,
            "session",
            f'fetched as "{visit.login}", and kept for everybody: who has no login gets the same',
            f"see that it shows nothing of the account; else {apart}",
        )
    else:
        yield Finding(
            Level.NOTE,
            "session",
            f'fetched as "{visit.login}"; asked for without a login, too, which gives nothing away',
        )


def _splits(visit: Visit) -> Iterator[Finding]:
    """What gives visitors entries of their own: the header list where there is one, else Vary."""
    if visit.warm.status != 200:
        return
    names = _listed(visit)
    where = "the header list names" if names is not None else "Vary names"
    # Of these, the obstacles tell.
    told = {*visit.own_headers, (visit.warm.obstacle or "").removeprefix("vary-"), "*"}
    for name in visit.vary if names is None else names:
        if name in told:
            continue
        level, consequence, cure = Level.LOOK, *_BROAD.get(name, ("", ""))
        if not consequence:
            level = Level.NOTE
            consequence = "visitors who send another value have an entry of their own"
            cure = "warm a variant for each value that visitors send"
        yield Finding(level, f"vary-{name}", f"{where} {name}: {consequence}", cure)


def _after_storing(visit: Visit) -> Iterator[Finding]:
    """What the order of Django's middleware implies, where the header list shows it."""
    names = _listed(visit)
    if names is None or "*" in visit.vary:
        return
    for name in visit.vary:
        if name in names:
            continue
        if name == "accept-language" and any(each.by_language for each in visit.caches):
            yield Finding(
                Level.NOTE,
                "language",
                "Vary names accept-language; the keys hold the language itself (USE_I18N): one entry"
                " for each language, however visitors word it",
            )
            continue
        if name == "accept-encoding":
            yield Finding(
                Level.NOTE,
                "compression",
                "compressed after storing (GZipMiddleware above UpdateCacheMiddleware, or a"
                " server in front): one entry for all, compressed anew for each visitor",
            )
            continue
        yield Finding(
            Level.MEND,
            "vary-after-storing",
            f"Vary names {name}, the entry's header list does not: it was added after storing, so"
            f" visitors with another {name} share one entry",
            "in MIDDLEWARE, put what adds it below UpdateCacheMiddleware; under cache_page, name it"
            " by vary_on_headers below cache_page; nothing, if a server in front adds it",
        )


def _keys(visit: Visit) -> Iterator[Finding]:
    for cache in visit.caches:
        where = f"{cache.kind} {cache.url}"
        if not cache.how:
            text, _, cure = cache.problem.partition("; ")
            if visit.warm.obstacle is not None:
                cure = "mend first what keeps the page from being stored"
            if text:
                yield Finding(Level.LOOK, "keys", f"{where}: {text}", cure)
        elif cache.answer.state is KeyState.PRESENT:
            yield Finding(Level.NOTE, "keys", f"{where}: {_present(cache)}")
        else:
            kept_apart = any(each.there for each in cache.keys if each.what == "header list")
            names = ", ".join(cache.names or ()) if kept_apart else ""
            apart = f"; there may be entries for others, kept apart by {names}" if names else ""
            text = cache.answer.detail or "its key is not there"
            yield Finding(Level.LOOK, "keys", f"{where}: {text}{apart}")
    silent = all(
        each is None or (each.state is CacheState.UNKNOWN and each.status is not None)
        for each in (visit.warm, visit.probe)
    )
    if silent and not visit.caches:
        yield Finding(
            Level.LOOK,
            "caches",
            "no cache is configured, and no response tells of one",
            "name the cache server: --cache redis://HOST:PORT/DB or memcached://HOST:PORT",
        )


def _present(cache: CacheSight) -> str:
    pages = [each for each in cache.keys if each.what == "page" and each.there]
    if any(each.before for each in pages):
        return "the entry was there before this request"
    if any(each.before is False for each in pages):
        return "the entry was not there before this request, which had it stored"
    return "the entry is there"


def _second_fetch(visit: Visit) -> Iterator[Finding]:
    if visit.probe is not None:
        state = visit.probe.state
        yield Finding(
            Level.NOTE,
            "second-fetch",
            f"asked for a second time, for only that tells: {state}"
            + (f", says {visit.probe.state_header}" if visit.probe.state_header else ""),
        )
    else:
        yield Finding(Level.NOTE, "second-fetch", f"not asked for a second time: {_why_not(visit)}")
    if visit.witnesses:
        yield Finding(
            Level.NOTE,
            "witnesses",
            f"asked for {visit.witnesses} times more, at once over new connections, for only the"
            " application said that it is warm, and each worker may keep a cache of its own",
        )
    if visit.unvisited:
        yield Finding(
            Level.NOTE,
            "unvisited",
            f"{visit.unvisited} was rendered once, a page that nobody asks for: only that showed"
            " how keys are made",
            "pin `keys` under [[cache]], then it is not needed",
        )


def _why_not(visit: Visit) -> str:
    if not visit.probe_allowed:
        return "verify.probe is never"
    if visit.judgement.verdict is Verdict.WARM:
        return "it is known to be warm without it"
    if visit.judgement.verdict is Verdict.FAILED or visit.warm.status != 200:
        return "there is no page to be kept"
    return "it would be rendered again, and prove nothing"


def _listed(visit: Visit) -> tuple[str, ...] | None:
    """The names in the entry's header list; None where none was read."""
    lists = [each.names for each in visit.caches if each.names is not None]
    return tuple(dict.fromkeys(name for names in lists for name in names)) if lists else None


def is_stored(visit: Visit) -> bool:
    """Whether some cache keeps the page, be it for our visitor alone."""
    outcomes = [each for each in (visit.warm, visit.probe) if each is not None]
    return (
        EvidenceKind.KEY in visit.judgement.evidence
        or any(each.stored or each.state is CacheState.HIT for each in outcomes)
        or any(key.there for each in visit.caches for key in each.keys if key.what == "page")
    )


def was_cold(visit: Visit) -> bool | None:
    """Whether only this request made the page warm; None where nothing shows it."""
    if visit.judgement.verdict is not Verdict.WARM:
        return None
    pages = [
        key.before for each in visit.caches for key in each.keys if key.what == "page" and key.there
    ]
    if visit.warm.state is CacheState.HIT or True in pages:
        return False
    if False in pages or visit.warm.state is CacheState.MISS:
        return True
    # A page that Django itself gives from its cache has an Age.
    return True if visit.probe is not None and visit.warm.age_s is None else None
