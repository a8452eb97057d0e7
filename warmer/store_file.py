"""The SQLite file under the store: opened, migrated, written in transactions, read by rows.

Knows no table. What SQLite or the disk refuses becomes one line: ConfigError for a file
that cannot be the store, StoreError for a store that fails later.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING, Any, Literal

from warmer.errors import ConfigError, StoreError
from warmer.store_schema import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

BUSY_S = 10.0
"""How long another process may hold the file before we give up."""


class StoreFile:
    """One connection to one file (WAL); readers never wait, writers wait for each other."""

    def __init__(
        self,
        path: Path,
        *,
        synchronous: Literal["NORMAL", "FULL"] = "NORMAL",
        patience_s: float = BUSY_S,
    ) -> None:
        """With FULL, what was written outlives a power cut; with NORMAL, a killed process.

        `patience_s` is how long another writer is waited for once the file is open.
        """
        self.path = path
        self._synchronous = synchronous
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=BUSY_S)
            try:
                self._prepare()
                self._db.execute(f"PRAGMA busy_timeout = {round(patience_s * 1000)}")
            except BaseException:
                self._db.close()
                raise
        except (sqlite3.Error, OSError) as error:
            msg = (
                f"{path}: cannot be used as the store: {error}; expected a writable SQLite file"
                " (--store, or path under [store])"
            )
            raise ConfigError(msg) from error

    def _prepare(self) -> None:
        self._use_wal()
        self._db.execute(f"PRAGMA synchronous = {self._synchronous}")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.execute("PRAGMA cache_size = -8192")
        if self._schema() < len(MIGRATIONS):
            self._migrate()
        if self._schema() > len(MIGRATIONS):
            msg = f"{self.path}: written by a newer warmer (schema {self._schema()}); update warmer"
            raise ConfigError(msg)

    def _use_wal(self) -> None:
        """Several processes may make the file at once, and SQLite does not wait for this."""
        deadline = time.monotonic() + BUSY_S
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not is_busy or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

    def _schema(self) -> int:
        (seen,) = self._db.execute("PRAGMA user_version").fetchone()
        return int(seen)

    def _migrate(self) -> None:
        # Two processes may find the same old file: the second waits, and looks again.
        self._db.execute("BEGIN IMMEDIATE")
        for number, script in enumerate(MIGRATIONS[self._schema() :], self._schema() + 1):
            for statement in script.split(";"):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version = {number}")
        self._db.execute("COMMIT")

    def close(self) -> None:
        self._db.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is kept, or nothing. Raises StoreError."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield self._db
            self._db.execute("COMMIT")
        except BaseException as error:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                msg = f"{self.path}: cannot be written: {error}; what was done before is kept"
                raise StoreError(msg) from error
            raise

    def rows(
        self, query: str, values: Sequence[object] | Mapping[str, object] = ()
    ) -> list[tuple[Any, ...]]:
        """All rows of a query; raises StoreError."""
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise self._unreadable(error) from error

    def stream(
        self, query: str, values: Sequence[object] | Mapping[str, object] = ()
    ) -> Iterator[tuple[Any, ...]]:
        """The rows of a query one by one, as they were when the first was read; raises StoreError.

        For what is over: a run that is written to meanwhile is seen as it was, and the file
        grows until the last row has been taken.
        """
        try:
            yield from self._db.execute(query, values)
        except sqlite3.Error as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: sqlite3.Error) -> StoreError:
        return StoreError(f"{self.path}: cannot be read: {error}; expected the store of warmer")
