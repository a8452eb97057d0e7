"""The metrics of a run that has ended, kept beside the thresholds that were held against them.

To sum a run up again takes seconds where it has a million targets. So what was kept must go
as soon as anything changes that is in it: `forget` belongs into every such transaction.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from warmer.store_file import StoreFile

_PLACE = -1
"""In `threshold_results`, whose results begin at 0."""


def keep(db: sqlite3.Connection, no: int, metrics: Mapping[str, float | None]) -> None:
    """Within a transaction, as all of these; `no` is the run's number."""
    db.execute(
        "INSERT OR REPLACE INTO threshold_results VALUES (?, ?, ?)",
        (no, _PLACE, json.dumps(dict(metrics))),
    )


def forget(db: sqlite3.Connection, no: int) -> None:
    """Without effect where nothing is kept; some microseconds, once for each batch of rows."""
    db.execute("DELETE FROM threshold_results WHERE run = ? AND place = ?", (no, _PLACE))


def kept(file: StoreFile, no: int) -> dict[str, float | None] | None:
    """By name; None where none are kept."""
    rows = file.rows(
        "SELECT result FROM threshold_results WHERE run = ? AND place = ?", (no, _PLACE)
    )
    return json.loads(rows[0][0]) if rows else None
