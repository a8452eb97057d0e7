"""The command line: parse, call, render, exit. Decides nothing that another room could.

Results go to standard output, progress and messages to standard error. Every error a
person can mend is one line with its exit code.
"""

from __future__ import annotations

import dataclasses
import errno
import gc
import logging
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click
import uvloop

from warmer.cli_daemon import daemon
from warmer.cli_explain import explain
from warmer.cli_preflight import preflight
from warmer.cli_remote import healthcheck, status, trigger
from warmer.config_overlay import overrides
from warmer.crawl.profiles import VERSION
from warmer.errors import ConfigError, ExitCode, WarmerError
from warmer.model import RunStatus
from warmer.plan import targets
from warmer.report.listings import print_plan, print_runs
from warmer.report.progress import UnbreakableProgress, choose
from warmer.report.screen import print_summary
from warmer.report.summary import summarise
from warmer.report.write import check_writable, write
from warmer.run.check import check
from warmer.run.execute import Mode
from warmer.run.gather import Gathering
from warmer.run.prepare import Request, request_of_run, resolve, run_again, run_new
from warmer.run.reach import reach
from warmer.run.stopping import end_on_signals
from warmer.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from warmer.report.summary import Report
    from warmer.run.prepare import Resolved

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
_CONFIG = click.option(
    "-c", "--config", metavar="SITE.toml", help="The site's TOML file.", type=Path
)
_STORE = click.option("--store", metavar="FILE", type=Path, help="Where runs are kept [warmer.db].")


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_SITE = _options(
    click.argument("sources", nargs=-1, metavar="[SOURCE]..."),
    _CONFIG,
    _STORE,
    click.option("--top", type=click.IntRange(min=1), metavar="N", help="Only the N best targets."),
    click.option("--base-url", metavar="URL", help="Scheme and host of every target."),
    click.option("--connect-to", metavar="HOST:PORT", help="Where TCP goes; Host and SNI stay."),
    click.option(
        "--cache",
        multiple=True,
        metavar="URL",
        help="A cache server to ask, such as redis://host:6379/1 or memcached://host. Repeatable.",
    ),
    click.option(
        "--header",
        "headers",
        multiple=True,
        metavar="'Name: value'",
        help="A request header. Repeatable.",
    ),
    click.option(
        "--include", multiple=True, metavar="RE", help="Only paths that match. Repeatable."
    ),
    click.option(
        "--exclude", multiple=True, metavar="RE", help="Not paths that match. Repeatable."
    ),
    click.option(
        "--alias", multiple=True, metavar="HOST", help="Another name of this site. Repeatable."
    ),
    click.option("--log-format", metavar="FORMAT", help="LogFormat or log_format of a log."),
)
_RUN = _options(
    click.option("--concurrency", "workers", metavar="N|auto", help="Requests in flight [auto]."),
    click.option("--rate", metavar="N/s", help="At most so many requests a second."),
    click.option(
        "--threshold", multiple=True, metavar="EXPR", help="Such as hit_ratio>=0.95. Repeatable."
    ),
    click.option("--report", multiple=True, metavar="FILE", type=Path, help=".json .jsonl .xml"),
    click.option("-q", "--quiet", is_flag=True, help="No progress, no summary."),
    click.option("-v", "--verbose", is_flag=True, help="Say what is decided, and why."),
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False)
@click.version_option(VERSION, prog_name="warmer")
def cli() -> None:
    """Make a site's caches hot before people arrive, and prove it."""


@cli.command()
@_SITE
@_RUN
@click.option("--only-missing", is_flag=True, help="Fetch only what the keys say is cold.")
@click.option("--refresh", is_flag=True, help="Have caches render again in place, signed.")
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
    3 unreachable, or aborted since too much failed; 130 and 143 interrupted, --resume goes on.
    """
    mode = Mode.ONLY_MISSING if only_missing else Mode.CRAWL
    if dry_run:
        return _print_plan(given)
    return _run(given, mode, resume=resume, refresh=refresh)


@cli.command()
@_SITE
@_RUN
def verify(**given: Any) -> ExitCode:
    """Ask the caches for every target; fetch no page. SOURCE: as with crawl."""
    return _run(given, Mode.VERIFY, resume=None, refresh=False)


@cli.command()
@_SITE
def plan(**given: Any) -> ExitCode:
    """Print the ranked plan and the traffic it covers. SOURCE: as with crawl."""
    return _print_plan(given)


@cli.command()
@click.argument("run_id", metavar="[RUN]", default="last")
@_CONFIG
@_STORE
@click.option("--report", multiple=True, metavar="FILE", type=Path, help=".json .jsonl .xml")
def report(run_id: str, config: Path | None, store: Path | None, report: tuple[Path, ...]) -> None:
    """Render a run again: its id, the beginning of one, or `last`."""
    for path in report:
        check_writable(path)
    opened = Store(_store_path(config, store))
    found = summarise(opened, run_id)
    _write(found, opened, report)
    print_summary(found, sys.stdout, written=report)


@cli.command()
@_CONFIG
@_STORE
@click.option(
    "-n", "limit", type=click.IntRange(min=1), default=20, metavar="N", help="So many [20]."
)
def runs(config: Path | None, store: Path | None, limit: int) -> None:
    """List the newest runs."""
    print_runs(Store(_store_path(config, store)).runs(limit), sys.stdout)


@cli.command(name="check")
@click.argument("config", metavar="SITE.toml", type=Path)
def check_command(config: Path) -> ExitCode:
    """Validate a site's TOML file, and try what it names."""
    resolved = _until_next_run(resolve(Request(config=config), os.environ))
    code = ExitCode.OK
    for finding in uvloop.run(check(resolved)):
        mark = "ok" if finding.error is None else "FAIL"
        click.echo(f"{mark:4} {finding.what}{': ' if finding.text else ''}{finding.text}")
        code = max(code, finding.error or ExitCode.OK)
    return code


for _each in (explain, preflight, daemon, trigger, status, healthcheck):
    cli.add_command(_each)


def _request(given: dict[str, Any]) -> Request:
    names = ("sources", "base_url", "connect_to", "cache", "headers", "top", "include", "exclude",
             "alias", "log_format", "workers", "rate", "threshold")  # fmt: skip
    chosen = {name: given[name] for name in names if name in given}
    return Request(config=given["config"], overrides=overrides(**chosen), store=given["store"])


def _run(given: dict[str, Any], mode: Mode, *, resume: str | None, refresh: bool) -> ExitCode:
    quiet = given["quiet"]
    _log_to_stderr(verbose=given["verbose"])
    for path in given["report"]:
        check_writable(path)
    request = _request(given)
    if resume is not None:
        request = request_of_run(request, resume, os.environ)
    resolved = _until_next_run(resolve(request, os.environ))
    progress = UnbreakableProgress(choose(sys.stderr, quiet=quiet))
    if resume is not None:
        running = run_again(resolved, resume, mode, progress, refresh=refresh)
    else:
        gathering = Gathering(resolved.site)
        gathering.read_offline()
        running = run_new(resolved, gathering, mode, progress, refresh=refresh)
    found, code = uvloop.run(running)
    try:
        _write(found, Store(resolved.store_path), given["report"])
    except WarmerError as error:
        _say(str(error))
        # Why the run ended early matters more than that nobody can read of it.
        code = code if code > ExitCode.USAGE else error.exit_code
    if not quiet:
        _print_summary(found, given["report"])
    for result in found.thresholds if quiet else ():
        if result["verdict"] != "pass":
            measured = result["value"] is not None
            result_text = f"fail, the value is {result['value']}" if measured else "no data"
            _say(f"threshold {result['expr']}: {result_text}")
    if found.run.status is not RunStatus.FINISHED:
        _say(f"run {found.run.id} was {found.run.status}: {found.run.note}")
    return code


def _print_summary(found: Report, written: Sequence[Path]) -> None:
    """A reader that has gone away does not change how the run ended."""
    try:
        print_summary(found, sys.stdout, written=written)
        sys.stdout.flush()
    except BrokenPipeError:
        _silence(sys.stdout)


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


def _write(found: Report, store: Store, paths: Sequence[Path]) -> None:
    for path in paths:
        write(found, store, path)


def _print_plan(given: dict[str, Any]) -> ExitCode:
    site = resolve(_request(given), os.environ).site
    gathering = Gathering(site)
    gathering.read_offline()
    gathered = uvloop.run(gathering.read_online())
    variants = reach(site, gathered.base_url).variants
    print_plan(
        targets(gathered.staging.ranked(), variants, site.plan.top),
        sys.stdout,
        total_weight=gathered.weight,
        observed_traffic=gathered.observed,
    )
    left_out = gathered.skipped.sentence()
    if left_out:
        click.echo(f"left out: {left_out}", err=True)
    return ExitCode.OK


def _store_path(config: Path | None, store: Path | None) -> Path:
    return resolve(Request(config=config, store=store), os.environ).store_path


def _log_to_stderr(*, verbose: bool) -> None:
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO if verbose else logging.WARNING,
        format="%(message)s",
    )
    # What Scrapy warns of is about pages; the report says it once, and better.
    logging.getLogger("scrapy").setLevel(logging.CRITICAL)


def main() -> None:
    """Entry point of the `warmer` command."""
    # A request in flight is a hundred objects, none of them in a cycle: with the default of
    # 700 the collector is a fifth of the CPU of a crawl, and finds nothing.
    gc.set_threshold(5_000)
    _open_standard_streams()
    end_on_signals()
    code = ExitCode.OK
    try:
        code = _command()
        sys.stdout.flush()
    except WarmerError as error:
        _say(str(error))
        code = error.exit_code
    except click.ClickException as error:
        _say(f"{error.format_message()}{_hint(error)}")
        code = ExitCode.USAGE
    except BrokenPipeError:
        _silence(sys.stdout)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        _say(f"standard output: {error.strerror}")
        _silence(sys.stdout)
        code = ExitCode.UNREACHABLE
    sys.exit(code)


def _hint(error: click.ClickException) -> str:
    if not isinstance(error, click.UsageError) or error.ctx is None:
        return ""
    return f" See `{error.ctx.command_path} --help`."


def _command() -> ExitCode:
    """Parse and call; not by click's own `main`, where a reader that has gone is an exit code 1."""
    try:
        with cli.make_context("warmer", sys.argv[1:]) as context:
            return cli.invoke(context) or ExitCode.OK
    except click.exceptions.Exit as ended:
        return ExitCode(ended.exit_code)


def _open_standard_streams() -> None:
    """Where one was closed, no file of ours may take its number."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 -- to the end


def _say(line: str) -> None:
    text = " ".join(line.split())
    try:
        print(f"warmer: {text}", file=sys.stderr, flush=True)  # noqa: T201 -- standard error, once
    except OSError:
        _silence(sys.stderr)


def _silence(stream: TextIO) -> None:
    """Send a stream nowhere whose reader has gone, so that nothing fails when it is flushed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
