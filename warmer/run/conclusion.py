"""How a run or a replay ends: the readings around its requests, its status, the gate, its code.

Knows nothing of what is sent in between, and judges no target. Whatever ends the work early,
the run's row says so, and what was done is kept.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmer.errors import ExitCode, WarmerError
from warmer.model import RunStatus
from warmer.report.gate import gate
from warmer.report.summary import concluded, summarise, values

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from warmer.model import LimitMove
    from warmer.report.summary import Report
    from warmer.run.cache_results import CacheLog
    from warmer.run.stopping import Stop
    from warmer.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How the work came to its end, before any threshold; `note` says why it was cut short."""

    status: RunStatus
    code: ExitCode
    note: str


async def carry_out(
    work: Callable[[], Awaitable[str]], log: CacheLog, stop: Stop, *, if_stopped: str
) -> Ending:
    """Read the caches' counters, do the work, count their keys; raises no WarmerError.

    `work` takes its own further readings, and returns why it was aborted, "" if it was not;
    `if_stopped` is the note where a signal ended it.
    """
    try:
        await log.begin()
        ending = _ending(await work(), stop, if_stopped)
        await log.end()
    except WarmerError as error:
        return Ending(status=RunStatus.ABORTED, code=error.exit_code, note=str(error))
    return ending


def _ending(aborted: str, stop: Stop, if_stopped: str) -> Ending:
    if stop.exit_code is not None:
        return Ending(status=RunStatus.INTERRUPTED, code=stop.exit_code, note=if_stopped)
    if aborted:
        return Ending(status=RunStatus.ABORTED, code=ExitCode.UNREACHABLE, note=aborted)
    return Ending(status=RunStatus.FINISHED, code=ExitCode.OK, note="")


def conclude(
    store: Store,
    run_id: str,
    ending: Ending,
    *,
    log: CacheLog,
    moves: Sequence[LimitMove],
    thresholds: Sequence[str],
    warnings: Sequence[str],
    began: float,
) -> tuple[Report, ExitCode]:
    """Evaluate the thresholds and finish the run, which began at `began` (monotonic).

    The code is that of the ending; THRESHOLD where only the gate has something against it.
    """
    store.set_cache_results(run_id, log.results())
    store.set_limit_moves(run_id, moves)
    report = summarise(store, run_id)
    rows = gate(report, store, thresholds)
    store.set_threshold_results(run_id, rows + log.pattern_results())
    store.keep_metrics(run_id, values(report))
    store.finish_run(
        run_id,
        status=ending.status,
        duration_s=time.monotonic() - began,
        note=ending.note,
        warnings=warnings,
    )
    report = concluded(report, store)
    if ending.code is ExitCode.OK and any(row["verdict"] != "pass" for row in report.thresholds):
        return report, ExitCode.THRESHOLD
    return report, ending.code
