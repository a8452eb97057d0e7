"""What a process that stays looks after in the store: runs that were killed, and old ones.

Each has a connection of its own, so that it may be done in a thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.model import RunStatus
from warmer.run_lock import is_held
from warmer.store_file import StoreFile

if TYPE_CHECKING:
    from pathlib import Path


def mark_killed(path: Path) -> list[str]:
    """Write down which runs ended with their process; returns their ids. Raises StoreError."""
    file = StoreFile(path)
    try:
        rows = file.rows("SELECT id FROM runs WHERE status = ? ORDER BY no", (RunStatus.RUNNING,))
        killed = [run_id for (run_id,) in rows if not is_held(path, run_id)]
        with file.writing() as db:
            db.executemany(
                "UPDATE runs SET status = ?, note = ? WHERE id = ? AND status = ?",
                (
                    (RunStatus.INTERRUPTED, _note(run_id), run_id, RunStatus.RUNNING)
                    for run_id in killed
                ),
            )
    finally:
        file.close()
    return killed


def forget_runs(path: Path, *, before: float) -> int:
    """Remove runs that began before a moment, in unix seconds; returns how many.

    Those under way stay. One transaction each, so that nobody waits long.
    """
    file = StoreFile(path)
    try:
        rows = file.rows(
            "SELECT id FROM runs WHERE started_at < ? AND status != ?", (before, RunStatus.RUNNING)
        )
        for (run_id,) in rows:
            with file.writing() as db:
                db.execute("DELETE FROM runs WHERE id = ?", (run_id,))
    finally:
        file.close()
    return len(rows)


def _note(run_id: str) -> str:
    return f"killed; `warmer crawl --resume {run_id}` goes on"
