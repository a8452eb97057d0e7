"""The pages of each site's last whole plan: how popular they are, and when they go cold.

A table of the store's file, so that it outlives the process and takes no memory. Only
whole runs add pages and take them away; every run tells when those it fetched expire.
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

from warmer.daemon.debounce import Scope
from warmer.model import Verdict
from warmer.store_file import StoreFile

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from warmer.daemon.debounce import Item
    from warmer.store_results import TargetResult

    When = Callable[[str, float, float], float]
    """URL, when it was seen and the seconds its entry had left, to when it is warmed again."""

_PAGE = 1000
_LAST = "\U0010ffff"


class Pages:
    """The pages in one file. Every method raises StoreError when the disk says no."""

    def __init__(self, path: Path) -> None:
        self._file = StoreFile(path)

    def close(self) -> None:
        self._file.close()

    def are_known(self, site: str) -> bool:
        """Whether there has been a whole plan."""
        return bool(self._file.rows("SELECT 1 FROM pages WHERE site = ? LIMIT 1", (site,)))

    def named(self, site: str, items: Collection[Item]) -> Iterator[tuple[str, float]]:
        """The URLs that these items stand for, with their weights; some perhaps twice."""
        urls = [item.text for item in items if item.scope is Scope.URL]
        yield from self.weights(site, urls)
        for item in items:
            if item.scope is Scope.PREFIX:
                yield from self.under(site, item.text)

    def weights(self, site: str, urls: Sequence[str]) -> list[tuple[str, float]]:
        """Each URL with its weight in the last whole plan, 0 if it was not in it."""
        return self._file.rows(
            "SELECT value, coalesce(weight, 0.0) FROM json_each(?1)"
            " LEFT JOIN pages ON site = ?2 AND url = value",
            (json.dumps(list(urls)), site),
        )

    def under(self, site: str, prefix: str) -> Iterator[tuple[str, float]]:
        """The URLs of the last whole plan that begin so, with their weights."""
        after = ""
        while True:
            rows = self._file.rows(
                "SELECT url, weight FROM pages WHERE site = ?1 AND url >= ?2 AND url < ?3"
                " AND url > ?4 ORDER BY url LIMIT ?5",
                (site, prefix, prefix + _LAST, after, _PAGE),
            )
            yield from rows
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]

    def learn(
        self, site: str, results: Iterable[TargetResult], when: When, *, since: float
    ) -> None:
        """When the pages of a run expire; `since`, unix seconds, is when it began."""
        for group in _by_pages(results):
            rows = [
                (*_times(found, when, since), site, url)
                for url, found in group
                if any(each.judgement is not None for each in found)
            ]
            with self._file.writing() as db:
                db.executemany(
                    "UPDATE pages SET expires_at = ?, refresh_at = ? WHERE site = ? AND url = ?",
                    rows,
                )

    def learn_plan(self, site: str, results: Iterable[TargetResult]) -> None:
        """The pages of a whole plan with their weights; those of earlier ones go."""
        ((last,),) = self._file.rows("SELECT max(round) FROM pages WHERE site = ?", (site,))
        this = (last or 0) + 1
        for group in _by_pages(results):
            rows = [(site, url, sum(r.target.weight for r in found), this) for url, found in group]
            with self._file.writing() as db:
                db.executemany(
                    "INSERT INTO pages (site, url, weight, round) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT DO UPDATE SET weight = excluded.weight, round = excluded.round",
                    rows,
                )
        with self._file.writing() as db:
            db.execute("DELETE FROM pages WHERE site = ? AND round < ?", (site, this))

    def due(self, site: str, *, now: float, limit: int) -> list[str]:
        """The most popular pages that are to be warmed again by now."""
        rows = self._file.rows(
            "SELECT url FROM pages WHERE site = ? AND refresh_at <= ?"
            " ORDER BY weight DESC, url LIMIT ?",
            (site, now, limit),
        )
        return [url for (url,) in rows]

    def next_refresh(self, site: str) -> float | None:
        """When the next page is to be warmed again; unix seconds."""
        ((at,),) = self._file.rows(
            "SELECT min(refresh_at) FROM pages WHERE site = ? AND refresh_at IS NOT NULL", (site,)
        )
        return None if at is None else float(at)

    def will_expire(self, site: str, *, limit: int) -> list[tuple[str, float]]:
        """What goes cold first, with the moment, in unix seconds."""
        return self._file.rows(
            "SELECT url, expires_at FROM pages WHERE site = ? AND expires_at IS NOT NULL"
            " ORDER BY expires_at, weight DESC LIMIT ?",
            (site, limit),
        )


def _by_pages(
    results: Iterable[TargetResult],
) -> Iterator[list[tuple[str, list[TargetResult]]]]:
    """Some URLs at a time, each with all of its variants, which follow each other in a plan."""
    grouped = itertools.groupby(results, lambda result: result.target.url)
    pairs = ((url, list(found)) for url, found in grouped)
    while group := list(itertools.islice(pairs, _PAGE)):
        yield group


def _times(
    found: Sequence[TargetResult], when: When, since: float
) -> tuple[float | None, float | None]:
    """When the first variant of a page expires and is to be warmed again, if any does."""
    ends: list[tuple[float, float]] = []
    for each in found:
        judgement = each.judgement
        if judgement is None or judgement.verdict is not Verdict.WARM or judgement.ttl_s is None:
            continue
        last = each.probe or each.warm
        at = since if last is None else last.at
        ends.append((at + judgement.ttl_s, when(each.target.url, at, judgement.ttl_s)))
    if not ends:
        return None, None
    return min(end for end, _ in ends), min(again for _, again in ends)
