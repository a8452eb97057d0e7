"""Candidates of all sources merged, weighted and ranked on disk, not in memory.

A private temporary SQLite file: rows are appended as they stream in, then grouped
and sorted once. One million candidates take some seconds and no memory to speak of.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from warmer.errors import StoreError
from warmer.plan import Ranked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BATCH = 2000


class Staging:
    """Append candidates source by source, then read them ranked."""

    def __init__(self) -> None:
        # The empty name is SQLite's temporary database: on disk, gone when closed.
        # A thread may fill it, and another read it then; two at once never do.
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("PRAGMA cache_size = -4096")
        self._db.execute("PRAGMA temp_store = FILE")
        self._db.execute(
            "CREATE TABLE candidates (source INTEGER, url TEXT, weight REAL, variant TEXT)"
        )
        self._db.execute(
            "CREATE TABLE sources (source INTEGER PRIMARY KEY, factor REAL, observed REAL)"
        )
        self._db.execute("BEGIN")
        self._batch: list[tuple[int, str, float, str]] = []

    def add(self, source: int, url: str, weight: float, variant: str = "") -> None:
        """One candidate of a source, already normalised; repeated URLs add up.

        `variant` is the one it was asked for in; without it, it is one of all variants.
        """
        self._batch.append((source, url, weight, variant))
        if len(self._batch) >= _BATCH:
            self._flush()

    def end_source(self, source: int, *, total: float, share: float, observed: bool) -> None:
        """Weights of this source are scaled so that `total` becomes `share`."""
        factor = share / total if total > 0 else 0.0
        self._flush()
        with _told():
            self._db.execute(
                "INSERT INTO sources VALUES (?, ?, ?)",
                (source, factor, factor if observed else None),
            )

    def drop_variants(self, names: Iterable[str]) -> int:
        """Forget the candidates of some variants; returns how many there were."""
        self._flush()
        with _told():
            return sum(
                self._db.execute("DELETE FROM candidates WHERE variant = ?", (name,)).rowcount
                for name in names
            )

    def ranked(self) -> Iterator[Ranked]:
        """Most popular first; equals in the order in which they came."""
        self._flush()
        with _told():
            rows = self._db.execute(
                "SELECT url, sum(weight * factor) AS popularity, sum(weight * observed),"
                " min(candidates.rowid) AS place, variant"
                " FROM candidates JOIN sources USING (source)"
                " GROUP BY url, variant ORDER BY popularity DESC, place"
            )
            for url, weight, traffic, _, variant in rows:
                yield Ranked(url, weight, traffic, variant)

    def count(self) -> int:
        """How many rows were added, repeated URLs included."""
        self._flush()
        with _told():
            (count,) = self._db.execute("SELECT count(*) FROM candidates").fetchone()
        return int(count)

    def close(self) -> None:
        self._db.close()

    def _flush(self) -> None:
        if self._batch:
            with _told():
                self._db.executemany("INSERT INTO candidates VALUES (?, ?, ?, ?)", self._batch)
            self._batch.clear()


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        found = f"the plan cannot be kept in the temporary directory: {error}"
        msg = f"{found}; set TMPDIR to one with more room"
        raise StoreError(msg) from error
