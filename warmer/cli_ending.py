"""The end of a run on the command line: its reports, its summary, and why it ended early."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from warmer.cli_speech import say, silence
from warmer.config import StoreConfig
from warmer.errors import ExitCode, WarmerError
from warmer.model import RunStatus
from warmer.report.screen import print_summary
from warmer.report.write import write
from warmer.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warmer.report.summary import Report


def conclude(
    found: Report, code: ExitCode, *, store_path: Path, reports: Sequence[Path], quiet: bool
) -> ExitCode:
    """Write and print what was found; the exit code, which a report that fails may change."""
    written = []
    for path in reports:
        try:
            write(found, Store(store_path), path)
        except WarmerError as error:
            say(str(error))
            # Why the run ended early matters more than that nobody can read of it.
            code = code if code > ExitCode.USAGE else error.exit_code
        else:
            written.append(path)
    if not quiet:
        _print_summary(found, written)
    for result in found.thresholds if quiet else ():
        if result["verdict"] != "pass":
            measured = result["value"] is not None
            result_text = f"fail, the value is {result['value']}" if measured else "no data"
            say(f"threshold {result['expr']}: {result_text}")
    if found.run.status is not RunStatus.FINISHED:
        where = _where(store_path) if "--resume" in found.run.note else ""
        say(f"run {found.run.id} was {found.run.status}: {found.run.note}{where}")
    return code


def _where(store_path: Path) -> str:
    """What a command needs besides to find the run; nothing where it looks by itself."""
    if store_path == Path(StoreConfig().path):
        return ""
    return f", with --store {store_path} or the same -c"


def _print_summary(found: Report, written: Sequence[Path]) -> None:
    """A reader that has gone away does not change how the run ended."""
    try:
        print_summary(found, sys.stdout, written=written)
        sys.stdout.flush()
    except BrokenPipeError:
        silence(sys.stdout)
