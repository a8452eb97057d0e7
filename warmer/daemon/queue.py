"""The queue of triggers: on disk before they are acknowledged, kept until a run has done them.

A table of the store's file, written by the daemon and by commands beside it. A trigger
that was accepted is handed out until it is finished; nothing here decides when that is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from warmer.daemon.requests import WarmRequest
from warmer.errors import StoreError
from warmer.model import Trigger
from warmer.store_file import BUSY_S, StoreFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PAGE = 500
"""How many triggers are handed out at once."""


@dataclass(frozen=True, slots=True)
class PendingTrigger:
    """A trigger that no run has done yet; `accepted_at` is unix seconds, by the wall's clock."""

    number: int
    request: WarmRequest
    accepted_at: float


class _Named(msgspec.Struct, frozen=True):
    """What of a request is kept in one column."""

    urls: tuple[str, ...]
    prefixes: tuple[str, ...]
    tags: tuple[str, ...]
    everything: bool
    why: str


class TriggerQueue:
    """The triggers in one file. Every method raises StoreError when the disk says no."""

    def __init__(self, path: Path, *, patience_s: float = BUSY_S) -> None:
        """`patience_s` is how long another writer is waited for."""
        self.path = path
        self._file = StoreFile(path, synchronous="FULL", patience_s=patience_s)

    def close(self) -> None:
        self._file.close()

    def accept(self, site: str, request: WarmRequest, *, now: float, key: str | None = None) -> int:
        """Keep a trigger; it is on disk when its number is returned.

        `key` names a delivery: the same one again is the trigger that it was the first
        time, finished or not. `now` is unix seconds.
        """
        return self.accept_all(site, [(request, key)], now=now)[0]

    def accept_all(
        self, site: str, requests: Sequence[tuple[WarmRequest, str | None]], *, now: float
    ) -> list[int]:
        """Keep several, each with its key, in one transaction: all of them or none."""
        numbers: list[int] = []
        with self._file.writing() as db:
            for request, key in requests:
                row = db.execute(
                    "INSERT INTO triggers (site, key, trigger, request, accepted_at)"
                    " VALUES (?, ?, ?, ?, ?) ON CONFLICT (site, key) DO NOTHING RETURNING no",
                    (site, key, request.trigger, _encode(request), now),
                ).fetchone()
                if row is None:
                    row = db.execute(
                        "SELECT no FROM triggers WHERE site = ? AND key = ?", (site, key)
                    ).fetchone()
                numbers.append(int(row[0]))
        return numbers

    def pending(self, site: str, *, after: int = 0) -> list[PendingTrigger]:
        """The oldest PAGE triggers with a number above `after` that are not finished."""
        rows = self._file.rows(
            "SELECT no, trigger, request, accepted_at FROM triggers"
            " WHERE site = ? AND no > ? AND finished_at IS NULL ORDER BY no LIMIT ?",
            (site, after, PAGE),
        )
        return [
            PendingTrigger(no, self._decode(no, trigger, request), accepted_at)
            for no, trigger, request, accepted_at in rows
        ]

    def backlog(self, site: str) -> tuple[int, float | None]:
        """How many triggers wait, and when the oldest was accepted; unix seconds."""
        ((count, oldest),) = self._file.rows(
            "SELECT count(*), min(accepted_at) FROM triggers"
            " WHERE site = ? AND finished_at IS NULL",
            (site,),
        )
        return int(count), oldest

    def waiting_sites(self) -> dict[str, int]:
        """How many triggers wait, by site."""
        return dict(
            self._file.rows(
                "SELECT site, count(*) FROM triggers WHERE finished_at IS NULL GROUP BY site"
            )
        )

    def unfinished(self, numbers: Sequence[int]) -> list[int]:
        """Those of the numbers that wait still; for what is delivered again."""
        rows = self._file.rows(
            "SELECT no FROM triggers WHERE finished_at IS NULL"
            " AND no IN (SELECT value FROM json_each(?)) ORDER BY no",
            (json.dumps(list(numbers)),),
        )
        return [no for (no,) in rows]

    def finish(self, numbers: Sequence[int], run_id: str | None, *, now: float) -> None:
        """These were done by a run; without one, there was nothing to do for them."""
        with self._file.writing() as db:
            db.executemany(
                "UPDATE triggers SET finished_at = ?, run = ? WHERE no = ? AND finished_at IS NULL",
                ((now, run_id, number) for number in numbers),
            )

    def forget_finished(self, *, before: float) -> int:
        """Remove what was finished before a moment, in unix seconds; returns how many.

        A delivery that comes again after this is taken for a new one.
        """
        with self._file.writing() as db:
            return db.execute("DELETE FROM triggers WHERE finished_at < ?", (before,)).rowcount

    def version(self) -> int:
        """Another number after another process, or another connection, wrote to the file."""
        ((version,),) = self._file.rows("PRAGMA data_version")
        return int(version)

    def _decode(self, number: int, trigger: str, request: str) -> WarmRequest:
        try:
            named = msgspec.json.decode(request, type=_Named)
            return WarmRequest(
                trigger=Trigger(trigger),
                urls=named.urls,
                prefixes=named.prefixes,
                tags=named.tags,
                everything=named.everything,
                why=named.why,
            )
        except ValueError as error:
            msg = f"{self.path}: trigger {number} cannot be read: {error}"
            raise StoreError(msg) from None


def _encode(request: WarmRequest) -> str:
    named = _Named(request.urls, request.prefixes, request.tags, request.everything, request.why)
    return msgspec.json.encode(named).decode()
