"""What a replay yields, written to the store beside the sending: in a thread, in batches.

A commit may wait for the disk, and a request that is due must not wait for it. What the
disk refuses is raised with the next batch, or at the end.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from warmer.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from warmer.model import Judgement, Outcome, Target


class Row(NamedTuple):
    """One request of a replay, sent and judged."""

    target: Target
    outcome: Outcome
    judgement: Judgement


class Writer:
    """One thread with its own connection to the store; `close` when nothing more comes."""

    def __init__(self, path: Path, run_id: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="replay-store")
        self._store = self._thread.submit(Store, path).result()
        self._run_id = run_id
        self._pending: list[Future[None]] = []

    def put(self, rows: Sequence[Row]) -> None:
        """Write soon; raises StoreError where an earlier batch could not be written."""
        self._settle(wait=False)
        self._pending.append(self._thread.submit(self._write, rows))

    def close(self) -> None:
        """Write what is left; raises StoreError."""
        try:
            self._settle(wait=True)
        finally:
            self._thread.submit(self._store.close).result()
            self._thread.shutdown()

    def _settle(self, *, wait: bool) -> None:
        while self._pending and (wait or self._pending[0].done()):
            self._pending.pop(0).result()

    def _write(self, rows: Sequence[Row]) -> None:
        self._store.add_replayed(
            self._run_id,
            [row.target for row in rows],
            [row.outcome for row in rows],
            [(row.target.rank, row.judgement) for row in rows],
        )
