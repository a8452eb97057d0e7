"""The command line: one group of commands, and how the process ends. Decides nothing else.

Results go to standard output, progress and messages to standard error. Every error a
person can mend is one line with its exit code.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from pathlib import Path

import click

from warmer.cli_crawl import check_command, crawl, plan, verify
from warmer.cli_daemon import daemon
from warmer.cli_explain import explain
from warmer.cli_preflight import preflight
from warmer.cli_remote import healthcheck, status, trigger
from warmer.cli_replay import replay
from warmer.cli_report import report, runs
from warmer.cli_speech import say, silence
from warmer.crawl.profiles import VERSION
from warmer.errors import ExitCode, WarmerError
from warmer.run.stopping import end_on_signals

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False)
@click.version_option(VERSION, prog_name="warmer")
def cli() -> None:
    """Make a site's caches hot before people arrive, and prove it."""


for _each in (
    crawl,
    verify,
    plan,
    replay,
    report,
    runs,
    check_command,
    explain,
    preflight,
    daemon,
    trigger,
    status,
    healthcheck,
):
    cli.add_command(_each)


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
        say(str(error))
        code = error.exit_code
    except click.ClickException as error:
        say(f"{error.format_message()}{_hint(error)}")
        code = ExitCode.USAGE
    except BrokenPipeError:
        silence(sys.stdout)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        say(f"standard output: {error.strerror}")
        silence(sys.stdout)
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
