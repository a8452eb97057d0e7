"""What gives visitors entries of their own: the entry's header list where there is one, else Vary.

In sentences, each with its cure. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.explain.finding import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.explain.observation import Visit

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


def splits(visit: Visit) -> Iterator[Finding]:
    """Who has an entry apart by what it sends, and who shares one that should be apart."""
    yield from _entries(visit)
    yield from _after_storing(visit)


def _entries(visit: Visit) -> Iterator[Finding]:
    if visit.warm.status != 200:
        return
    names = visit.listed
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
    names = visit.listed
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
