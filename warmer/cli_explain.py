"""`warmer explain` on the command line: parse, ask, print, exit."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import uvloop

from warmer.config_overlay import overrides
from warmer.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warmer.explain.observation import Explanation

_NO_ANSWER = frozenset({"timeout"})


@click.command()
@click.argument("url", metavar="URL")
@click.option("-c", "--config", metavar="SITE.toml", help="The site's TOML file.", type=Path)
@click.option("--cache", multiple=True, metavar="URL", help="A cache server to ask. Repeatable.")
@click.option(
    "--connect-to",
    multiple=True,
    metavar="HOST:PORT",
    help="Where TCP goes; Host and SNI stay. Repeatable.",
)
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="'Name: value'",
    help="A request header. Repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of a page.")
def explain(
    url: str,
    *,
    config: Path | None,
    cache: Sequence[str],
    connect_to: Sequence[str],
    headers: Sequence[str],
    as_json: bool,
) -> ExitCode:
    """Say why a URL is or is not warm, and what to do about it.

    URL is whole, or a path of the site. A cold page is rendered by it, and may be warm after it.

    Exit codes: 0 warm; 1 not; 2 usage; 3 the origin or a cache server does not answer.
    """
    # What this needs would cost each other command time to load.
    from warmer.explain.document import document
    from warmer.explain.masking import secrets_of
    from warmer.explain.observe import observe, url_of
    from warmer.explain.page import page
    from warmer.report.terminal import put
    from warmer.run.request import Request, resolve

    # What Scrapy warns of is about pages; the explanation says it better.
    logging.getLogger("scrapy").setLevel(logging.CRITICAL)
    over = overrides(cache=cache, connect_to=connect_to, headers=headers)
    resolved = resolve(Request(config=config, overrides=over), os.environ)
    site = resolved.site
    if site.schedule:
        from warmer.daemon.schedule import until_next_run

        try:
            site = until_next_run(site, datetime.now(UTC))
        except ConfigError as error:
            raise ConfigError(f"{resolved.place}: {error}") from None
    explanation = uvloop.run(observe(site, url_of(url, site.base_url)))
    found = document(explanation, secrets_of(site))
    put(sys.stdout, f"{json.dumps(found, indent=2)}\n" if as_json else page(found))
    return _exit_code(explanation, warm=found["warm"])


def _exit_code(explanation: Explanation, *, warm: bool) -> ExitCode:
    from warmer.crawl.fetch import UNREACHABLE_REASONS

    unanswered = {
        each.connect_to
        for each in explanation.visits
        if each.warm.error in UNREACHABLE_REASONS | _NO_ANSWER
    }
    if unanswered == {each.connect_to for each in explanation.visits}:
        return ExitCode.UNREACHABLE
    return ExitCode.OK if warm else ExitCode.THRESHOLD
