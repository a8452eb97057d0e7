"""Nouns of the model as rows of the store, within a transaction of the caller's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.store_rows import OUTCOME_COLUMNS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from warmer.model import Judgement, Outcome, Target


def insert_targets(db: sqlite3.Connection, no: int, targets: Iterable[Target]) -> None:
    """New targets of run number `no`."""
    db.executemany(
        "INSERT INTO targets VALUES (?, ?, ?, ?, ?, ?)",
        ((no, t.rank, t.url, t.variant, t.weight, t.traffic) for t in targets),
    )


def insert_outcomes(db: sqlite3.Connection, no: int, outcomes: Iterable[Outcome]) -> None:
    """Outcomes; a later one of the same fetch replaces an earlier one."""
    db.executemany(
        f"INSERT OR REPLACE INTO outcomes (run, fetch, {OUTCOME_COLUMNS}) VALUES"  # noqa: S608 -- a constant
        " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                no, o.fetch, o.rank, o.status, o.error, o.detail, o.total_ms,
                o.first_byte_ms, o.body_bytes, o.attempts, o.final_url, o.state,
                o.state_header, o.age_s, o.ttl_s, o.stored, o.obstacle, o.language,
                o.csrf, o.at, o.connect_ms, o.sent_bytes, o.in_flight, o.waited_ms,
            )
            for o in outcomes
        ),
    )  # fmt: skip


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
