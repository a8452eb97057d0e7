"""`warmer preflight` on the command line: parse, look, render, exit."""

from __future__ import annotations

import logging
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
import uvloop

from warmer.config_overlay import overrides
from warmer.errors import ConfigError, ExitCode
from warmer.run.request import Request, resolve


@click.command()
@click.option("-c", "--config", metavar="SITE.toml", help="The site's TOML file.", type=Path)
@click.option("--base-url", metavar="URL", help="Scheme and host of the site.")
@click.option(
    "--connect-to",
    multiple=True,
    metavar="HOST:PORT",
    help="Where TCP goes; Host and SNI stay. Repeatable.",
)
@click.option("--cache", multiple=True, metavar="URL", help="A cache server to look at.")
@click.option(
    "--inside",
    metavar="FILE",
    type=Path,
    help="What manage.py warmer_preflight --json printed, or -; its checks join these.",
)
@click.option("--report", multiple=True, metavar="FILE", type=Path, help=".json .xml")
@click.option("-q", "--quiet", is_flag=True, help="Only what failed, on standard error.")
def preflight(
    *,
    config: Path | None,
    base_url: str | None,
    connect_to: tuple[str, ...],
    cache: tuple[str, ...],
    inside: Path | None,
    report: tuple[Path, ...],
    quiet: bool,
) -> ExitCode:
    """Go through the checklist before a launch; exit with 1 where a check fails."""
    # No other command needs this room.
    from warmer.preflight.inside import inside as read
    from warmer.preflight.preflight import preflight as look
    from warmer.preflight.render import lines, total
    from warmer.preflight.report import check_report_file, write_report
    from warmer.preflight.result import Grade

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    # What Scrapy warns of is about sitemaps; the check says it.
    logging.getLogger("scrapy").setLevel(logging.CRITICAL)
    for path in report:
        check_report_file(path)
    given = overrides(base_url=base_url, connect_to=connect_to, cache=cache)
    resolved = resolve(Request(config=config, overrides=given), os.environ)
    now = datetime.now(UTC)
    told = read(inside, resolved.site.base_url, now) if inside else []
    try:
        results = uvloop.run(look(resolved.site, now, told))
    except ConfigError as error:
        raise ConfigError(f"{resolved.place}: {error}") from None
    for path in report:
        write_report(path, resolved.site.base_url, results, now)
    failed = [result for result in results if result.grade is Grade.FAIL]
    if quiet:
        for line in lines(failed):
            click.echo(line, err=True)
    else:
        for line in [*lines(results), total(results)]:
            click.echo(line)
    return ExitCode.THRESHOLD if failed else ExitCode.OK
