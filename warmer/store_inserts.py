"""Nouns of the model as rows of the store, within a transaction of the caller's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.model import Outcome

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from warmer.model import Judgement, Target

_INSERT_OUTCOME = (
    f"INSERT OR REPLACE INTO outcomes (run, {', '.join(Outcome._fields)})"  # noqa: S608 -- a constant
    f" VALUES (?{', ?' * len(Outcome._fields)})"
)


def insert_targets(db: sqlite3.Connection, no: int, targets: Iterable[Target]) -> None:
    """New targets of run number `no`."""
    db.executemany(
        "INSERT INTO targets VALUES (?, ?, ?, ?, ?, ?)",
        ((no, *target) for target in targets),
    )


def insert_outcomes(db: sqlite3.Connection, no: int, outcomes: Iterable[Outcome]) -> None:
    """Outcomes; a later one of the same fetch replaces an earlier one."""
    db.executemany(_INSERT_OUTCOME, ((no, *outcome) for outcome in outcomes))


def insert_verdicts(
    db: sqlite3.Connection, no: int, judgements: Iterable[tuple[int, Judgement]]
) -> None:
    """Verdicts by rank; a later verdict replaces an earlier one."""
    db.executemany(
        "INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (no, rank, j.verdict, j.reason, j.detail, j.ttl_s, ",".join(j.evidence))
            for rank, j in judgements
        ),
    )
