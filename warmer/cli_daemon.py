"""`warmer daemon` on the command line: parse, start, exit."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
import uvloop

from warmer.daemon.logs import log_to_stderr
from warmer.errors import WarmerError

if TYPE_CHECKING:
    from warmer.errors import ExitCode


@click.command()
@click.option(
    "-c",
    "--config",
    "places",
    metavar="SITE.toml",
    type=Path,
    multiple=True,
    required=True,
    help="A site's TOML file; may be repeated.",
)
@click.option("--log-json", is_flag=True, help="One JSON object a line on standard error.")
@click.option("-v", "--verbose", is_flag=True, help="Say what is decided, and why.")
def daemon(places: tuple[Path, ...], *, log_json: bool, verbose: bool) -> ExitCode:
    """Keep sites warm: by schedule, before expiry, and after saves."""
    # What the daemon needs would cost each other command a fifth of a second to load.
    from warmer.daemon.app import serve
    from warmer.daemon.intakes import intakes

    log_to_stderr(as_json=log_json, verbose=verbose)
    try:
        return uvloop.run(serve(places, os.environ, intakes))
    except WarmerError as error:
        if not log_json:
            raise
        logging.getLogger(__name__).error("%s", error)  # noqa: TRY400 -- one line says it
        return error.exit_code
