"""`warmer replay` on the command line: parse, call, render, exit."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import uvloop

from warmer.cli_ending import conclude
from warmer.cli_options import GATE_OPTIONS, PLACE_OPTIONS, request_of
from warmer.cli_speech import log_to_stderr
from warmer.config_overlay import rate_per_s
from warmer.replay.columns import read_columns
from warmer.replay.execute import run_replay
from warmer.replay.options import ReplayOptions
from warmer.replay.prepare import prepare
from warmer.report.progress import UnbreakableProgress, choose
from warmer.report.write import check_writable
from warmer.run.request import resolve

if TYPE_CHECKING:
    from warmer.errors import ExitCode

_SECONDS = click.FloatRange(min=0.0, min_open=True)


@click.command()
@click.argument("source", required=False, metavar="[SOURCE]")
@PLACE_OPTIONS
@click.option("--rate", metavar="N/s", help="So many requests a second, not as they were sent.")
@click.option("--speed", type=_SECONDS, default=1.0, metavar="X", help="X times as fast [1].")
@click.option(
    "--ramp-up", type=_SECONDS, metavar="S", help="Grow to the full rate or speed over S seconds."
)
@click.option("--for", "for_s", type=_SECONDS, metavar="S", help="End after S seconds.")
@click.option("--loop", is_flag=True, help="Begin again after the last request.")
@click.option(
    "--users", type=click.IntRange(min=1), metavar="N", help="N visitors, not as recorded."
)
@click.option("--data", type=Path, metavar="FILE.csv", help="Fills ${column} in URLs.")
@click.option(
    "--unsafe-methods", is_flag=True, help="Send POST and the like, and [[write]] steps, too."
)
@GATE_OPTIONS
def replay(*, source: str | None, **given: Any) -> ExitCode:
    """Send an access log or capture again; the exit code is the gate.

    SOURCE is an access log, a capture (GoReplay, HAR, vegeta, siege) or a list; gor: har: vegeta:
    siege: wget: list: or access-log: before it force what it is. It is sent to the host of
    --base-url or base_url, never to one that only the capture names. GET and HEAD alone, unless
    --unsafe-methods says otherwise.

    Exit codes: 0 it ended and all thresholds are met; 1 one is not, or has no data; 2 usage;
    3 unreachable, or aborted since too much failed; 130 and 143 interrupted, what was sent is kept.
    """
    quiet = given["quiet"]
    progress = UnbreakableProgress(choose(sys.stderr, quiet=quiet))
    log_to_stderr(verbose=given["verbose"], note=None if quiet else progress.note)
    for path in given["report"]:
        check_writable(path)
    options, data = _options(given), given.pop("data")
    given["sources"] = () if source is None else (source,)
    resolved = resolve(request_of(given), os.environ)
    columns = None if data is None else read_columns(data)
    prepared = prepare(resolved, options, columns)
    if resolved.site.write and not options.unsafe_methods:
        progress.note("[[write]] steps are left out; --unsafe-methods carries them out")
    found, code = uvloop.run(run_replay(prepared, progress))
    return conclude(
        found, code, store_path=resolved.store_path, reports=given["report"], quiet=quiet
    )


def _options(given: dict[str, Any]) -> ReplayOptions:
    rate = given.pop("rate")
    return ReplayOptions(
        rate_per_s=None if rate is None else rate_per_s(rate),
        speed=given.pop("speed"),
        ramp_up_s=given.pop("ramp_up") or 0.0,
        for_s=given.pop("for_s"),
        loop=given.pop("loop"),
        users=given.pop("users"),
        unsafe_methods=given.pop("unsafe_methods"),
    )
