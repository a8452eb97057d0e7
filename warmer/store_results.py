"""The targets of a run with what is known of each, read a page at a time, in rank order.

Pages, for a run writes while it reads: what is written meanwhile is behind the reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmer.model import Judgement, Outcome, Pass, Target
from warmer.store_rows import OUTCOME_COLUMNS, judgement_of, outcome_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.store_file import StoreFile

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class TargetResult:
    """A planned target with all that the run found out about it so far."""

    target: Target
    warm: Outcome | None
    probe: Outcome | None
    judgement: Judgement | None


def unfetched(file: StoreFile, no: int, fetch: Pass) -> Iterator[Target]:
    """Targets without an outcome of this pass and without a verdict; `no` is the run's number."""
    rank = 0
    while True:
        rows = file.rows(
            "SELECT rank, url, variant, weight, traffic FROM targets t"
            " WHERE run = ?1 AND rank > ?2"
            " AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.run = ?1 AND o.fetch = ?3"
            "  AND o.rank = t.rank)"
            " AND NOT EXISTS (SELECT 1 FROM verdicts v WHERE v.run = ?1 AND v.rank = t.rank)"
            " ORDER BY rank LIMIT ?4",
            (no, rank, fetch, _PAGE),
        )
        yield from (Target(*row) for row in rows)
        if len(rows) < _PAGE:
            return
        rank = rows[-1][0]


def results(file: StoreFile, no: int, *, after: int, condition: str) -> Iterator[TargetResult]:
    """Targets behind a rank that meet a condition, in SQL.

    In it, `v` is the verdict of a target, `w` its first outcome, `p` that of the probe.
    """
    columns = ", ".join(f"{a}.{c}" for a in "wp" for c in OUTCOME_COLUMNS.split(", "))
    width = len(OUTCOME_COLUMNS.split(", "))
    rank = after
    while True:
        rows = file.rows(
            "SELECT t.rank, t.url, t.variant, t.weight, t.traffic,"  # noqa: S608 -- no text of others
            f" v.verdict, v.reason, v.detail, v.ttl_s, v.evidence, {columns} FROM targets t"
            " LEFT JOIN verdicts v ON v.run = t.run AND v.rank = t.rank"
            " LEFT JOIN outcomes w ON w.run = t.run AND w.fetch = 'warm' AND w.rank = t.rank"
            " LEFT JOIN outcomes p ON p.run = t.run AND p.fetch = 'probe' AND p.rank = t.rank"
            f" WHERE t.run = ? AND t.rank > ? AND {condition} ORDER BY t.rank LIMIT ?",
            (no, rank, _PAGE),
        )
        for row in rows:
            yield TargetResult(
                Target(*row[:5]),
                outcome_of(Pass.WARM, row[10 : 10 + width]),
                outcome_of(Pass.PROBE, row[10 + width :]),
                judgement_of(row[5:10]),
            )
        if len(rows) < _PAGE:
            return
        rank = rows[-1][0]
