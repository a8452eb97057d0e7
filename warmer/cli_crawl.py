"""`warmer crawl`, `verify`, `plan` and `check` on the command line: parse, call, render, exit."""

from __future__ import annotations

import dataclasses
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import uvloop

from warmer.cli_ending import conclude
from warmer.cli_options import DISTRIBUTE, RUN_OPTIONS, SITE_OPTIONS, request_of
from warmer.cli_speech import log_to_stderr
from warmer.errors import ConfigError, ExitCode
from warmer.plan import targets
from warmer.report.listings import print_plan
from warmer.report.progress import UnbreakableProgress, choose
from warmer.report.write import check_writable
from warmer.run.check import check
from warmer.run.execute import Mode
from warmer.run.gather import Gathering
from warmer.run.prepare import run_again, run_new
from warmer.run.reach import for_strangers, reach
from warmer.run.request import Request, request_of_run, resolve

if TYPE_CHECKING:
    from warmer.run.request import Resolved


@click.command()
@SITE_OPTIONS
@DISTRIBUTE
@RUN_OPTIONS
@click.option("--only-missing", is_flag=True, help="Fetch only what the keys say is cold.")
@click.option("--refresh", is_flag=True, help="Have caches render again in place, signed.")
@click.option(
    "--passes",
    type=click.IntRange(min=1),
    metavar="N",
    help="At most N passes over what is not warm [1].",
)
@click.option("--until-stable", is_flag=True, help="As many passes as gain something.")
@click.option("--dry-run", is_flag=True, help="Print the plan; fetch no page.")
@click.option("--resume", metavar="RUN", help="Go on with a run that was cut short.")
def crawl(
    *, only_missing: bool, refresh: bool, dry_run: bool, resume: str | None, **given: Any
) -> ExitCode:
    """Warm what is popular, prove it; the exit code is the gate.

    A SOURCE is the URL of a sitemap or feed, a list, CSV or access log, a glob, or - for standard
    input. What it is, its content tells; list: csv: sitemap: access-log: popularity: discover: or
    robots: before it force that. discover:/ follows links where there is no list.

    Exit codes: 0 it ended and all thresholds are met; 1 one is not, or has no data; 2 usage;
    3 unreachable, aborted since too much failed, or another run of the site goes on; 130 and 143
    interrupted, --resume goes on.
    """
    mode = Mode.ONLY_MISSING if only_missing else Mode.CRAWL
    if dry_run:
        return _print_plan(given)
    return _run(given, mode, resume=resume, refresh=refresh)


@click.command()
@SITE_OPTIONS
@DISTRIBUTE
@RUN_OPTIONS
def verify(**given: Any) -> ExitCode:
    """Ask the caches for every target; fetch no page. SOURCE: as with crawl."""
    return _run(given, Mode.VERIFY, resume=None, refresh=False)


@click.command()
@SITE_OPTIONS
@DISTRIBUTE
def plan(**given: Any) -> ExitCode:
    """Print the ranked plan and the traffic it covers. SOURCE: as with crawl."""
    return _print_plan(given)


@click.command(name="check")
@click.argument("config", metavar="SITE.toml", type=Path)
def check_command(config: Path) -> ExitCode:
    """Validate a site's TOML file, and try what it names."""
    from warmer.daemon.check import check_daemon, is_kept_warm  # noqa: PLC0415 -- slow to load

    resolved = _until_next_run(resolve(Request(config=config), os.environ))
    if is_kept_warm(resolved.site):
        resolved = dataclasses.replace(resolved, site=for_strangers(resolved.site))
    code = ExitCode.OK
    for finding in [*uvloop.run(check(resolved)), *check_daemon(resolved.site, os.environ)]:
        mark = "ok" if finding.error is None else "FAIL"
        click.echo(f"{mark:4} {finding.what}{': ' if finding.text else ''}{finding.text}")
        code = max(code, finding.error or ExitCode.OK)
    return code


def _run(given: dict[str, Any], mode: Mode, *, resume: str | None, refresh: bool) -> ExitCode:
    quiet = given["quiet"]
    progress = UnbreakableProgress(choose(sys.stderr, quiet=quiet))
    log_to_stderr(verbose=given["verbose"], note=None if quiet else progress.note)
    for path in given["report"]:
        check_writable(path)
    request = request_of(given)
    if resume is not None:
        request = request_of_run(request, resume, os.environ)
    resolved = _until_next_run(resolve(request, os.environ))
    if resume is not None:
        running = run_again(resolved, resume, mode, progress, refresh=refresh)
    else:
        gathering = Gathering(resolved.site)
        gathering.read_offline()
        running = run_new(resolved, gathering, mode, progress, refresh=refresh)
    found, code = uvloop.run(running)
    return conclude(
        found, code, store_path=resolved.store_path, reports=given["report"], quiet=quiet
    )


def _until_next_run(resolved: Resolved) -> Resolved:
    """Where the site has a schedule, what expires before the next run does not count."""
    if not resolved.site.schedule:
        return resolved
    from warmer.daemon.schedule import until_next_run  # noqa: PLC0415 -- loads APScheduler

    try:
        site = until_next_run(resolved.site, datetime.now(UTC))
    except ConfigError as error:
        raise ConfigError(f"{resolved.place}: {error}") from None
    return dataclasses.replace(resolved, site=site)


def _print_plan(given: dict[str, Any]) -> ExitCode:
    log_to_stderr(verbose=False)
    site = resolve(request_of(given), os.environ).site
    gathering = Gathering(site)
    gathering.read_offline()
    gathered = uvloop.run(gathering.read_online())
    reached = reach(site, gathered.base_url)
    print_plan(
        targets(gathered.staging.ranked(), reached.variants, reached.cap(site.plan.top)),
        sys.stdout,
        total_weight=gathered.weight,
        observed_traffic=gathered.observed,
    )
    left_out = gathered.skipped.sentence()
    if left_out:
        click.echo(f"left out: {left_out}", err=True)
    return ExitCode.OK
