"""Options that several commands share, and the request they make up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from warmer.config_overlay import overrides
from warmer.report.write import SUFFIXES
from warmer.run.request import Request, resolve

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIG = click.option(
    "-c", "--config", metavar="SITE.toml", help="The site's TOML file.", type=Path
)
STORE = click.option("--store", metavar="FILE", type=Path, help="Where runs are kept [warmer.db].")


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


PLACE_OPTIONS = _options(
    CONFIG,
    STORE,
    click.option("--base-url", metavar="URL", help="Scheme and host of every target."),
    click.option(
        "--connect-to",
        multiple=True,
        metavar="HOST:PORT",
        help="Where TCP goes; Host and SNI stay. Repeatable.",
    ),
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
"""Which site, by which way, and which of its URLs."""
SITE_OPTIONS = _options(
    click.argument("sources", nargs=-1, metavar="[SOURCE]..."),
    PLACE_OPTIONS,
    click.option("--top", type=click.IntRange(min=1), metavar="N", help="Only the N best targets."),
)
GATE_OPTIONS = _options(
    click.option("--concurrency", "workers", metavar="N|auto", help="Requests in flight [auto]."),
    click.option(
        "--threshold", multiple=True, metavar="EXPR", help="Such as hit_ratio>=0.95. Repeatable."
    ),
    click.option("--report", multiple=True, metavar="FILE", type=Path, help=" ".join(SUFFIXES)),
    click.option("-q", "--quiet", is_flag=True, help="No progress, no summary."),
    click.option("-v", "--verbose", is_flag=True, help="Say what is decided, and why."),
)
"""How many at once, what decides, and what is told of it."""
DISTRIBUTE = click.option(
    "--distribute",
    type=click.Choice(["spread", "clone"]),
    help="Over several servers, or to each of them [spread].",
)
RUN_OPTIONS = _options(
    click.option("--rate", metavar="N/s", help="At most so many requests a second."),
    GATE_OPTIONS,
)


def request_of(given: dict[str, Any]) -> Request:
    """What was typed, of SITE_OPTIONS and RUN_OPTIONS."""
    names = ("sources", "base_url", "connect_to", "cache", "headers", "top", "include", "exclude",
             "alias", "log_format", "workers", "rate", "threshold", "passes", "until_stable",
             "distribute")  # fmt: skip
    chosen = {name: given[name] for name in names if name in given}
    return Request(config=given["config"], overrides=overrides(**chosen), store=given["store"])


def store_path(config: Path | None, store: Path | None) -> Path:
    """Where runs are kept, as the command line or the site's file says."""
    return resolve(Request(config=config, store=store), os.environ).store_path
