"""The runs that a store has open: each is locked, and one crawl of a site goes on at a time.

Knows rows no more than it needs to see who else is crawling; what a run writes is the store's.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from warmer.errors import BusyError, StoreError
from warmer.model import RunKind, RunStatus
from warmer.run_lock import RunLock, is_held

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from sqlite3 import Connection


class OpenRuns:
    """Locks of the runs in one store file that this object has begun and not ended."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._locks: dict[str, RunLock] = {}

    @contextlib.contextmanager
    def begin(self, run_id: str) -> Iterator[None]:
        """Have the run from now on, unless the body raises.

        Raises ConfigError while another process has it, StoreError where no lock can be made.
        """
        try:
            self._locks[run_id] = RunLock(self._store, run_id)
        except OSError as error:
            msg = f"{self._store}: no lock file can be made beside it: {error.strerror}"
            raise StoreError(msg) from error
        try:
            yield
        except BaseException:
            self.end(run_id)
            raise

    def check_alone(self, db: Connection, site: str) -> None:
        """Raise BusyError while somebody else crawls the site.

        Within a transaction, so that of two that begin at once the second sees the first.
        Runs of this very store are its owner's business.
        """
        crawls = db.execute(
            "SELECT id FROM runs WHERE site = ? AND kind = ? AND status = ?",
            (site, RunKind.CRAWL, RunStatus.RUNNING),
        )
        for (run_id,) in crawls:
            if run_id not in self._locks and is_held(self._store, run_id):
                raise BusyError(
                    f"run {run_id} of {site} is under way, and two at once would render each page"
                    " twice; expected to be alone, so try again when it has ended"
                )

    def end(self, run_id: str) -> None:
        """Give the run up; raises KeyError for one that is not open."""
        self._locks.pop(run_id).release()

    def close(self) -> None:
        """Give all of them up: without an end in their rows, they count as killed."""
        for lock in self._locks.values():
            lock.release()
        self._locks.clear()
