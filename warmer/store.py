"""Runs, targets, outcomes and verdicts in one SQLite file (WAL); one writer a process.

A run is rows: planned targets go in, the crawl takes them in rank order, outcomes
and verdicts come back. So memory does not grow with the plan, and a killed run
goes on where it was. Holds no secret: what callers hand in is stored as it is.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from dataclasses import asdict
from typing import TYPE_CHECKING

from warmer.errors import ConfigError
from warmer.model import (
    Judgement,
    LimitMove,
    Outcome,
    RunKind,
    RunRecord,
    RunStatus,
    Target,
    Trigger,
)
from warmer.store_inserts import insert_outcomes, insert_targets, insert_verdicts
from warmer.store_open_runs import OpenRuns
from warmer.store_reader import StoreReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from sqlite3 import Connection
    from typing import Self


class Store(StoreReader):
    """The same runs, to be written too; `StoreReader` says what is read."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._open_runs = OpenRuns(path)

    @classmethod
    def existing(cls, path: Path) -> Self:
        """The store of runs that were made; raises ConfigError where there is none, and makes none."""
        if not path.exists():
            raise ConfigError(
                f"{path}: no such file; expected the store that `warmer crawl` makes, or one named"
                " by --store FILE or -c SITE.toml"
            )
        return cls(path)

    def close(self) -> None:
        """Close the file; runs of this process that have not finished count as killed."""
        self._open_runs.close()
        self._file.close()

    def create_run(
        self,
        *,
        site: str,
        trigger: Trigger,
        base_url: str,
        config: str,
        now: datetime,
        whole: bool = True,
        kind: RunKind = RunKind.CRAWL,
    ) -> RunRecord:
        """Open a run in status RUNNING; `config` is JSON without secrets.

        `whole` runs have the plan of the site's sources, the others pages that were named.
        Raises BusyError for a crawl while another process crawls the same site.
        """
        run_id = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        with self._open_runs.begin(run_id), self._file.writing() as db:
            if kind is RunKind.CRAWL:
                self._open_runs.check_alone(db, site)
            db.execute(
                "INSERT INTO runs (id, site, trigger, status, started_at, base_url, config,"
                " whole, kind) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    run_id, site, trigger, RunStatus.RUNNING, now.timestamp(), base_url,
                    config, whole, kind,
                ),
            )  # fmt: skip
        return self.run(run_id)

    def adopt_run(self, run_id: str) -> None:
        """Mark a run that was cut short as running again, in this process.

        Raises ConfigError while another process has it, when it has finished, and where
        it ended before it had a plan; BusyError as `create_run`.
        """
        with self._open_runs.begin(run_id), self._file.writing() as db:
            found = db.execute(
                "SELECT status, planned, site, kind FROM runs WHERE id = ?", (run_id,)
            )
            status, planned, site, kind = found.fetchone()
            _check_open(run_id, status, planned, kind)
            if kind == RunKind.CRAWL:
                self._open_runs.check_alone(db, site)
            db.execute(
                "UPDATE runs SET status = ?, note = '' WHERE id = ?", (RunStatus.RUNNING, run_id)
            )

    def finish_run(
        self,
        run_id: str,
        *,
        status: RunStatus,
        duration_s: float,
        note: str,
        warnings: Sequence[str],
    ) -> None:
        with self._file.writing() as db:
            db.execute(
                "UPDATE runs SET status = ?, duration_s = ?, note = ?, warnings = ? WHERE id = ?",
                (status, duration_s, note, json.dumps(list(warnings)), run_id),
            )
        self._open_runs.end(run_id)

    @contextlib.contextmanager
    def _changing(self, run_id: str) -> Iterator[tuple[Connection, int]]:
        """A transaction that changes what a run's metrics are made of, and the run's number.

        Drops those that are kept, so that nobody reads what the run came to before the change.
        """
        no = self._number(run_id)
        with self._file.writing() as db:
            db.execute("UPDATE runs SET metrics = NULL WHERE no = ? AND metrics NOT NULL", (no,))
            yield db, no

    def keep_metrics(self, run_id: str, metrics: Mapping[str, float | None]) -> None:
        """What the run came to, to be read without its targets; gone when one of these changes."""
        no = self._number(run_id)
        with self._file.writing() as db:
            db.execute("UPDATE runs SET metrics = ? WHERE no = ?", (json.dumps(dict(metrics)), no))

    def add_targets(
        self,
        run_id: str,
        targets: Iterable[Target],
        *,
        observed_traffic: float | None,
        skipped: Mapping[str, int],
    ) -> int:
        """Write the whole plan in one transaction; returns how many targets it has."""
        with self._changing(run_id) as (db, no):
            insert_targets(db, no, targets)
            (planned,) = db.execute("SELECT count(*) FROM targets WHERE run = ?", (no,)).fetchone()
            db.execute(
                "UPDATE runs SET planned = ?, observed_traffic = ?, skipped = ? WHERE no = ?",
                (planned, observed_traffic, json.dumps(dict(skipped)), no),
            )
        return int(planned)

    def add_outcomes(self, run_id: str, outcomes: Sequence[Outcome]) -> None:
        with self._changing(run_id) as (db, no):
            insert_outcomes(db, no, outcomes)

    def add_verdicts(self, run_id: str, judgements: Iterable[tuple[int, Judgement]]) -> None:
        """Verdicts by rank; a later verdict replaces an earlier one."""
        with self._changing(run_id) as (db, no):
            insert_verdicts(db, no, judgements)

    def add_replayed(
        self,
        run_id: str,
        targets: Sequence[Target],
        outcomes: Sequence[Outcome],
        judgements: Iterable[tuple[int, Judgement]],
    ) -> None:
        """Requests of a replay as they have been sent, with what came of them."""
        with self._changing(run_id) as (db, no):
            insert_targets(db, no, targets)
            insert_outcomes(db, no, outcomes)
            insert_verdicts(db, no, judgements)

    def conclude_replay(self, run_id: str, *, skipped: Mapping[str, int]) -> None:
        """Count the requests that were sent; each is one of the observed traffic."""
        with self._changing(run_id) as (db, no):
            (sent,) = db.execute("SELECT count(*) FROM targets WHERE run = ?", (no,)).fetchone()
            db.execute(
                "UPDATE runs SET planned = ?, observed_traffic = ?, skipped = ? WHERE no = ?",
                (sent, float(sent), json.dumps(dict(skipped)), no),
            )

    def forget_outcomes(self, run_id: str, ranks: Iterable[int]) -> None:
        """Take outcomes back, so that their targets are fetched again."""
        with self._changing(run_id) as (db, no):
            db.executemany(
                "DELETE FROM outcomes WHERE run = ? AND rank = ?", ((no, rank) for rank in ranks)
            )

    def forget_verdicts(self, run_id: str, ranks: Iterable[int]) -> None:
        """Take verdicts back, so that their targets are judged again."""
        with self._changing(run_id) as (db, no):
            db.executemany(
                "DELETE FROM verdicts WHERE run = ? AND rank = ?", ((no, rank) for rank in ranks)
            )

    def set_cache_results(self, run_id: str, results: Sequence[Mapping[str, object]]) -> None:
        """What the report says of each cache server; JSON objects, as in report.json."""
        with self._changing(run_id) as (db, no):
            _replace(db, "cache_results", no, results)

    def set_threshold_results(self, run_id: str, results: Sequence[Mapping[str, object]]) -> None:
        self._set_json("threshold_results", run_id, results)

    def set_limit_moves(self, run_id: str, moves: Sequence[LimitMove]) -> None:
        """How the limit moved, in order of time."""
        self._set_json("limit_moves", run_id, [asdict(move) for move in moves])

    def set_write_results(self, run_id: str, results: Sequence[Mapping[str, object]]) -> None:
        """What each write of a replay did to its pages; JSON objects."""
        self._set_json("write_results", run_id, results)

    def _set_json(self, table: str, run_id: str, results: Sequence[Mapping[str, object]]) -> None:
        no = self._number(run_id)
        with self._file.writing() as db:
            _replace(db, table, no, results)


def _replace(db: Connection, table: str, no: int, results: Sequence[Mapping[str, object]]) -> None:
    db.execute(f"DELETE FROM {table} WHERE run = ?", (no,))  # noqa: S608 -- literals
    db.executemany(
        f"INSERT INTO {table} VALUES (?, ?, ?)",  # noqa: S608 -- literals
        [(no, place, json.dumps(dict(result))) for place, result in enumerate(results)],
    )


def _check_open(run_id: str, status: str, planned: int, kind: str) -> None:
    if kind == RunKind.REPLAY:
        raise ConfigError(f"run {run_id} is a replay, which has no rest; start a new one")
    if not planned:
        raise ConfigError(f"run {run_id} ended before it had a plan; start a new one")
    if status == RunStatus.FINISHED:
        raise ConfigError(f"run {run_id} has finished; start a new one")
