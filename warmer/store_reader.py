"""What the store knows of its runs, read and never written.

Everything of a run is read a page at a time, so memory does not grow with the plan.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from warmer.errors import ConfigError
from warmer.model import LimitMove, RunKind, RunRecord, RunStatus
from warmer.run_lock import is_held
from warmer.store_file import StoreFile
from warmer.store_pairs import Pair, gone, pairs
from warmer.store_results import TargetResult, results, unfetched
from warmer.store_rows import RUN_COLUMNS, run_of
from warmer.store_samples import Sample, samples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from warmer.model import Pass, Target


class StoreReader:
    """The runs in one file. Every method raises StoreError when the disk says no."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = StoreFile(path)

    def run(self, run_id: str) -> RunRecord:
        """The run with this id, an unambiguous beginning of it, or `last`."""
        where = "1" if run_id == "last" else "id = :id OR substr(id, 1, length(:id)) = :id"
        rows = self._file.rows(
            f"SELECT {RUN_COLUMNS} FROM runs WHERE {where} ORDER BY no DESC LIMIT 2",  # noqa: S608 -- literals
            {"id": ascii(run_id)[1:-1]},  # an argument may hold bytes that are no text
        )
        if not rows or (len(rows) > 1 and run_id not in ("last", rows[0][0], rows[1][0])):
            what = "stands for more than one run" if rows else "is not a run"
            msg = f'{self.path}: "{run_id}" {what}; `warmer runs` lists them'
            raise ConfigError(msg)
        return self._record(next((row for row in rows if row[0] == run_id), rows[0]))

    def run_to_resume(self, run_id: str) -> RunRecord:
        """As `run`; `last` is the newest that is no replay, for a replay has no rest."""
        if run_id != "last":
            return self.run(run_id)
        rows = self._file.rows(
            f"SELECT {RUN_COLUMNS} FROM runs WHERE kind != 'replay' ORDER BY no DESC LIMIT 1",  # noqa: S608 -- constants
        )
        return self._record(rows[0]) if rows else self.run(run_id)

    def runs(self, limit: int) -> list[RunRecord]:
        """The newest runs, newest first."""
        rows = self._file.rows(
            f"SELECT {RUN_COLUMNS} FROM runs ORDER BY no DESC LIMIT ?",  # noqa: S608 -- constants
            (limit,),
        )
        return [self._record(row) for row in rows]

    def newest_run(self, site: str) -> RunRecord | None:
        """The newest run of a site, however it ended."""
        return self._newest("site = ?", site)

    def newest_whole_run(self, site: str) -> RunRecord | None:
        """The newest run of a site's whole plan that came to its end."""
        return self._newest("site = ? AND whole AND status = 'finished'", site)

    def runs_before(self, run_id: str, limit: int) -> list[RunRecord]:
        """Finished runs before this one that can be compared with it, newest first.

        Of the same site and kind, and of the whole plan if this one is, of named pages if not.
        """
        rows = self._file.rows(
            f"SELECT {RUN_COLUMNS} FROM runs WHERE no < ?1 AND status = 'finished'"  # noqa: S608 -- constants
            " AND (site, kind, whole) = (SELECT site, kind, whole FROM runs WHERE no = ?1)"
            " ORDER BY no DESC LIMIT ?2",
            (self._number(run_id), limit),
        )
        return [self._record(row) for row in rows]

    def _newest(self, where: str, site: str) -> RunRecord | None:
        rows = self._file.rows(
            f"SELECT {RUN_COLUMNS} FROM runs WHERE {where} ORDER BY no DESC LIMIT 1",  # noqa: S608 -- two callers
            (site,),
        )
        return self._record(rows[0]) if rows else None

    def config_of(self, run_id: str) -> str:
        return str(self._of_run("config", run_id))

    def kept_metrics(self, run_id: str) -> dict[str, float | None] | None:
        """What `Store.keep_metrics` was told, if nothing has changed since; else None."""
        kept = self._of_run("metrics", run_id)
        return None if kept is None else json.loads(kept)

    def warnings_of(self, run_id: str) -> list[str]:
        return [str(line) for line in json.loads(self._of_run("warnings", run_id))]

    def skipped_of(self, run_id: str) -> dict[str, int]:
        """How many lines or URLs of the sources were left out, by reason."""
        found = json.loads(self._of_run("skipped", run_id))
        return {str(reason): int(count) for reason, count in found.items()}

    def planned(self, run_id: str) -> int:
        return int(self._of_run("planned", run_id))

    def targets(self, run_id: str) -> Iterator[Target]:
        """Every target in rank order, a page at a time."""
        for result in self.results(run_id):
            yield result.target

    def unfetched(self, run_id: str, fetch: Pass) -> Iterator[Target]:
        """Targets without an outcome of this pass and without a verdict, in rank order.

        Read a page at a time: targets that get an outcome meanwhile are behind the reader.
        """
        return unfetched(self._file, self._number(run_id), fetch)

    def results(self, run_id: str, *, after: int = 0) -> Iterator[TargetResult]:
        """Every target with its outcomes and verdict, in rank order, a page at a time."""
        return self._results(run_id, after, "1")

    def unjudged(self, run_id: str) -> Iterator[TargetResult]:
        """Of `results`, the targets that have no verdict yet."""
        return self._results(run_id, 0, "v.rank IS NULL")

    def probed(self, run_id: str) -> Iterator[TargetResult]:
        """Of `results`, the targets that were fetched a second time."""
        return self._results(run_id, 0, "p.rank IS NOT NULL")

    def warm_without_key(self, run_id: str) -> Iterator[TargetResult]:
        """Of `results`, the warm targets for which no cache server bears witness."""
        return self._results(run_id, 0, "v.verdict = 'warm' AND v.evidence NOT LIKE '%key%'")

    def warm(self, run_id: str, *, over_by: float | None = None) -> Iterator[TargetResult]:
        """Of `results`, the warm targets; by a moment (unix seconds) those that may have expired.

        These are what nobody fetched, too, for it is not known when that was looked at.
        """
        condition = "v.verdict = 'warm'"
        if over_by is not None:
            at = "coalesce(p.at, w.at)"
            condition += f" AND ({at} IS NULL OR {at} + v.ttl_s <= {over_by:.3f})"
        return self._results(run_id, 0, condition)

    def not_warm(self, run_id: str) -> Iterator[TargetResult]:
        """Of `results`, the targets with another verdict than warm."""
        return self._results(run_id, 0, "v.verdict != 'warm'")

    def _results(self, run_id: str, after: int, condition: str) -> Iterator[TargetResult]:
        return results(self._file, self._number(run_id), after=after, condition=condition)

    def samples(self, run_id: str) -> Iterator[Sample]:
        """Every request that was sent, pass by pass, in rank order; streamed."""
        return samples(self._file, self._number(run_id))

    def pairs(
        self, earlier: str, later: str, *, slower_ratio: float, slower_ms: float
    ) -> Iterator[Pair]:
        """Targets of two runs that came out differently, as `store_pairs.pairs` says."""
        return pairs(
            self._file,
            self._number(earlier),
            self._number(later),
            slower_ratio=slower_ratio,
            slower_ms=slower_ms,
        )

    def gone(self, earlier: str, later: str) -> int:
        """How many targets of the earlier run the later one did not plan."""
        return gone(self._file, self._number(earlier), self._number(later))

    def errors_of_all(self, run_id: str) -> Counter[str]:
        """By reason, how often no whole response came; empty as soon as one target's did."""
        rows = self._file.rows(
            "SELECT error, count(*) FROM outcomes WHERE run = ?1 AND NOT EXISTS"
            " (SELECT 1 FROM outcomes WHERE run = ?1 AND error IS NULL) GROUP BY error",
            (self._number(run_id),),
        )
        return Counter(dict(rows))

    def probed_by_key_alone(self, run_id: str, *, since: float) -> int:
        """How many targets are warm by their key, and no response to the probe said so too.

        Of those that were probed since a moment, in unix seconds.
        """
        ((count,),) = self._file.rows(
            "SELECT count(*) FROM outcomes o JOIN verdicts v USING (run, rank)"
            " WHERE run = ? AND o.fetch = 'probe' AND o.state = 'unknown'"
            " AND v.verdict = 'warm' AND v.evidence = 'key' AND o.at >= ?",
            (self._number(run_id), since),
        )
        return int(count)

    def cache_results(self, run_id: str) -> list[dict[str, object]]:
        return self._json("cache_results", run_id)

    def threshold_results(self, run_id: str) -> list[dict[str, object]]:
        return self._json("threshold_results", run_id)

    def limit_moves(self, run_id: str) -> list[LimitMove]:
        """How the limit moved, in order of time."""
        rows = self._rows_of("limit_moves", run_id)
        return [LimitMove(**json.loads(text)) for text in rows]

    def write_results(self, run_id: str) -> list[dict[str, object]]:
        return self._json("write_results", run_id)

    def _json(self, table: str, run_id: str) -> list[dict[str, object]]:
        return [json.loads(text) for text in self._rows_of(table, run_id)]

    def _rows_of(self, table: str, run_id: str) -> list[str]:
        rows = self._file.rows(
            f"SELECT result FROM {table} WHERE run = ? ORDER BY place",  # noqa: S608 -- literals
            (self._number(run_id),),
        )
        return [text for (text,) in rows]

    def _record(self, row: tuple[Any, ...]) -> RunRecord:
        record = run_of(row)
        if record.status is not RunStatus.RUNNING or is_held(self.path, record.id):
            return record
        goes_on = record.kind is not RunKind.REPLAY
        note = f"killed; `warmer crawl --resume {record.id}` goes on" if goes_on else "killed"
        return replace(record, status=RunStatus.INTERRUPTED, note=note)

    def _number(self, run_id: str) -> int:
        return int(self._of_run("no", run_id))

    def _of_run(self, column: str, run_id: str) -> Any:  # noqa: ANN401 -- a column of any type
        rows = self._file.rows(f"SELECT {column} FROM runs WHERE id = ?", (run_id,))  # noqa: S608 -- literals
        if not rows:
            msg = f'{self.path}: "{run_id}" is not a run; `warmer runs` lists them'
            raise ConfigError(msg)
        return rows[0][0]
