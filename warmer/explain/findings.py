"""What was seen of a URL, in sentences, each with its cure. Pure; it judges nothing anew.

The verdict is `warmer.verify`'s, what keeps a page from being stored `http_obstacles`'s. Here
stands only what these two and the keys mean beside each other for Django and for those who
run the site; what gives visitors entries of their own is told by `splits`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.caches.http_obstacles import likely_cause, obstacle
from warmer.explain.finding import Finding, Level
from warmer.explain.splits import splits
from warmer.model import CacheState, KeyState, Verdict
from warmer.report.cures import cure_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.explain.observation import CacheSight, Visit


def findings(visit: Visit) -> list[Finding]:
    """All findings, in the order in which a request goes: response, obstacles, caches, keys."""
    found = [
        *_answer(visit),
        *_obstacles(visit),
        *_session(visit),
        *splits(visit),
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
            if visit.is_stored
            else "the page carries a CSRF token: Django sets its cookie with Vary: Cookie, and"
            " its cache middleware stores no such page",
            "take the form out of the page (fetch it, or the token, by script), or the page out of"
            " the cache",
        )


def _obstacles(visit: Visit) -> Iterator[Finding]:
    if visit.warm.status is None or visit.judgement.verdict is Verdict.FAILED:
        return
    stored = visit.is_stored
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
            f"no cache is configured{' for this server' if visit.is_alone else ''},"
            " and no response tells of one",
            f'name its cache: [[cache]] with server = "{visit.connect_to}"'
            if visit.is_alone
            else "name the cache server: --cache redis://HOST:PORT/DB or memcached://HOST:PORT",
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
