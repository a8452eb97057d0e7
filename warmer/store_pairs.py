"""Two runs side by side, target by target, joined in SQLite: only what differs comes back.

A target is the same in both by URL and variant. A replay asks for a URL many times, so it
has no such pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.store_file import StoreFile


class Pair(NamedTuple):
    """A target in the earlier and in the later run; times as in report/row.py.

    `before` is None where the earlier run did not plan it.
    """

    url: str
    variant: str
    before: str | None
    now: str
    reason: str | None
    cold_before_ms: float | None
    cold_ms: float | None
    hot_before_ms: float | None
    hot_ms: float | None


# The rules of report/row.py in SQL; tests hold the two together.
_ROWS = """
    SELECT t.rank, t.url, t.variant, coalesce(v.verdict, 'unverified') AS verdict, v.reason,
        CASE WHEN w.status < 400 AND w.state NOT IN ('hit', 'stale')
            THEN w.total_ms + coalesce(w.waited_ms, 0) END AS cold_ms,
        CASE WHEN p.rank IS NOT NULL
            THEN CASE WHEN p.status < 400 THEN p.total_ms + coalesce(p.waited_ms, 0) END
            WHEN w.status < 400 AND w.state IN ('hit', 'stale')
            THEN w.total_ms + coalesce(w.waited_ms, 0) END AS hot_ms
    FROM targets t
    LEFT JOIN verdicts v ON v.run = t.run AND v.rank = t.rank
    LEFT JOIN outcomes w ON w.run = t.run AND w.fetch = 'warm' AND w.rank = t.rank
    LEFT JOIN outcomes p ON p.run = t.run AND p.fetch = 'probe' AND p.rank = t.rank
    WHERE t.run = """


def pairs(
    file: StoreFile, earlier: int, later: int, *, slower_ratio: float, slower_ms: float
) -> Iterator[Pair]:
    """Targets of the later run, most popular first, whose verdict differs, or that are slower.

    Slower: cold or hot takes `slower_ratio` times as long and `slower_ms` longer.
    """
    rows = file.stream(
        f"WITH before AS MATERIALIZED ({_ROWS} :earlier),"  # noqa: S608 -- a constant
        f" now AS ({_ROWS} :later)"
        " SELECT now.url, now.variant, before.verdict, now.verdict, now.reason, before.cold_ms,"
        " now.cold_ms, before.hot_ms, now.hot_ms FROM now"
        " LEFT JOIN before ON before.url = now.url AND before.variant = now.variant"
        " WHERE before.verdict IS NOT now.verdict"
        " OR now.cold_ms >= before.cold_ms * :ratio AND now.cold_ms >= before.cold_ms + :ms"
        " OR now.hot_ms >= before.hot_ms * :ratio AND now.hot_ms >= before.hot_ms + :ms"
        " ORDER BY now.rank",
        {"earlier": earlier, "later": later, "ratio": slower_ratio, "ms": slower_ms},
    )
    return map(Pair._make, rows)


def gone(file: StoreFile, earlier: int, later: int) -> int:
    """How many targets of the earlier run the later one did not plan."""
    ((count,),) = file.rows(
        "SELECT count(*) FROM (SELECT url, variant FROM targets WHERE run = ?"
        " EXCEPT SELECT url, variant FROM targets WHERE run = ?)",
        (earlier, later),
    )
    return int(count)
