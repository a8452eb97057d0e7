"""`warmer report` and `warmer runs` on the command line: parse, call, render."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from warmer.cli_options import CONFIG, STORE, store_path
from warmer.report.listings import print_runs
from warmer.report.screen import print_summary
from warmer.report.summary import summarise
from warmer.report.write import check_writable, write
from warmer.store import Store


@click.command()
@click.argument("run_id", metavar="[RUN]", default="last")
@CONFIG
@STORE
@click.option("--report", multiple=True, metavar="FILE", type=Path, help=".json .jsonl .xml")
def report(run_id: str, config: Path | None, store: Path | None, report: tuple[Path, ...]) -> None:
    """Render a run again: its id, the beginning of one, or `last`."""
    for path in report:
        check_writable(path)
    opened = Store(store_path(config, store))
    found = summarise(opened, run_id)
    for path in report:
        write(found, opened, path)
    print_summary(found, sys.stdout, written=report)


@click.command()
@CONFIG
@STORE
@click.option(
    "-n", "limit", type=click.IntRange(min=1), default=20, metavar="N", help="So many [20]."
)
def runs(config: Path | None, store: Path | None, limit: int) -> None:
    """List the newest runs."""
    print_runs(Store(store_path(config, store)).runs(limit), sys.stdout)
