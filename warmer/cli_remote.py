"""`warmer trigger`, `status` and `healthcheck`: what speaks with a daemon, or does without one.

Thin: finds the daemon, asks, prints, exits. A trigger that no daemon takes now is put into
the queue on disk, which the daemon reads.
"""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from warmer.config import DaemonConfig
from warmer.daemon.client import DaemonClient, check_url, url_of
from warmer.daemon.items import normalised_tags
from warmer.daemon.queue import TriggerQueue
from warmer.daemon.requests import Body, checked
from warmer.daemon.selection import trigger_of
from warmer.daemon.site_name import site_name
from warmer.daemon.status_lines import status_lines
from warmer.errors import ConfigError, ExitCode, UnreachableError
from warmer.plan import Normaliser
from warmer.report.wording import counted
from warmer.run.request import Request, resolve

if TYPE_CHECKING:
    from collections.abc import Callable

    from warmer.daemon.client import Answer
    from warmer.run.request import Resolved

DEFAULT_TOKEN_ENV = "WARMER_TOKEN"  # noqa: S105 -- the name of a variable
_CONFIG = click.option("-c", "--config", metavar="SITE.toml", type=Path, help="The site's file.")
_DAEMON = click.option("--daemon", "url", metavar="URL", help="Such as http://127.0.0.1:8089.")


@click.command()
@click.argument("urls", nargs=-1, metavar="[URL]...")
@click.option("--prefix", "prefixes", multiple=True, metavar="URL", help="All that begins so.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag of the configuration.")
@click.option("--all", "everything", is_flag=True, help="The whole plan.")
@click.option("--why", default="manual", metavar="WORD", help="Such as deploy [manual].")
@_CONFIG
@_DAEMON
def trigger(
    urls: tuple[str, ...],
    *,
    prefixes: tuple[str, ...],
    tags: tuple[str, ...],
    everything: bool,
    why: str,
    config: Path | None,
    url: str | None,
) -> None:
    """Have pages warmed soon; returns when the request is on disk."""
    body = Body(
        urls=list(urls), prefixes=list(prefixes), tags=list(tags), all=everything, why=why[:200],
        at=time.time(), id=str(uuid.uuid4()),
    )  # fmt: skip
    if not (urls or prefixes or tags or everything):
        raise ConfigError("nothing to warm; expected URLs, --prefix, --tag or --all")
    if config is None:
        client = _client(None, url)
        answer = client.trigger(msgspec.to_builtins(body), None)
        _print_taken(_accepted(answer), client.url)
        return
    resolved = resolve(Request(config=config), os.environ)
    name = site_name(resolved.site)
    keep = _checked_for_disk(body, resolved, name)
    client = _client(resolved, url)
    # Without the token no daemon would take it; whoever may write to the store needs none.
    if client.token or url is not None:
        try:
            answer = client.trigger(msgspec.to_builtins(body), name)
        except UnreachableError:
            if url is not None:
                raise
        else:
            # Another daemon may listen there, and not know the site.
            if answer.status != 404 or url is not None:
                _print_taken(_accepted(answer), client.url)
                return
    number = keep()
    click.echo(f"trigger {number} of {name}: in the queue on disk, {resolved.store_path}")


@click.command()
@_CONFIG
@_DAEMON
@click.option("--json", "as_json", is_flag=True, help="The daemon's own answer.")
def status(config: Path | None, url: str | None, *, as_json: bool) -> None:
    """Say what runs, what waits, and what goes cold when."""
    resolved = None if config is None else resolve(Request(config=config), os.environ)
    try:
        answer = _client(resolved, url).get("/v1/status")
    except UnreachableError as error:
        raise UnreachableError(f"{error}{_waiting_on_disk(resolved)}") from None
    _check(answer)
    if as_json:
        click.echo(msgspec.json.encode(answer.body))
        return
    for line in status_lines(answer.body):
        click.echo(line)


@click.command()
@_CONFIG
@_DAEMON
@click.option("--ready", is_flag=True, help="Also whether every way in works.")
def healthcheck(config: Path | None, url: str | None, *, ready: bool) -> ExitCode:
    """Exit with 0 if the daemon gets on, else with 1."""
    resolved = None if config is None else resolve(Request(config=config), os.environ)
    try:
        answer = _client(resolved, url).get("/readyz" if ready else "/healthz")
        wrong = [f"{each['name']}: {each['detail']}" for each in _checks(answer) if not each["ok"]]
    except UnreachableError as error:
        wrong = [str(error)]
    for line in wrong:
        click.echo(line, err=True)
    return ExitCode.THRESHOLD if wrong else ExitCode.OK


def _client(resolved: Resolved | None, url: str | None) -> DaemonClient:
    """The daemon that the command line or the site's file names; else the default one."""
    daemon = DaemonConfig() if resolved is None else resolved.site.daemon
    where = check_url(url) if url is not None else url_of(daemon.listen)
    token_env = daemon.token_env or DEFAULT_TOKEN_ENV
    return DaemonClient(where, os.environ.get(token_env, "").strip() or None)


def _checked_for_disk(body: Body, resolved: Resolved, name: str) -> Callable[[], int]:
    """What puts the request into the queue; raises ConfigError for what the site has not."""
    site = resolved.site
    normalise = Normaliser(site.base_url, site.plan)
    request = checked(
        body,
        trigger=trigger_of(body),
        normalise=normalise,
        tags=normalised_tags(site.tags, normalise),
    )

    def keep() -> int:
        queue = TriggerQueue(resolved.store_path)
        try:
            return queue.accept(name, request, now=body.at, key=f"id:{body.id}")
        finally:
            queue.close()

    return keep


def _accepted(answer: Answer) -> list[dict[str, Any]]:
    _check(answer)
    found: list[dict[str, Any]] = answer.body["triggers"]
    return found


def _check(answer: Answer) -> None:
    if answer.status >= 500:
        raise UnreachableError(f"daemon: {answer.detail}")
    if answer.status >= 400:
        raise ConfigError(f"daemon: {answer.detail}")


def _print_taken(triggers: list[dict[str, Any]], url: str) -> None:
    for each in triggers:
        click.echo(f"trigger {each['number']} of {each['site']}: taken by the daemon, {url}")


def _checks(answer: Answer) -> list[dict[str, Any]]:
    found = answer.body.get("checks") if isinstance(answer.body, dict) else None
    return found or [{"name": "daemon", "ok": False, "detail": answer.detail}]


def _waiting_on_disk(resolved: Resolved | None) -> str:
    if resolved is None or not resolved.store_path.exists():
        return ""
    name = site_name(resolved.site)
    queue = TriggerQueue(resolved.store_path)
    try:
        waiting, _ = queue.backlog(name)
    finally:
        queue.close()
    return f"; {counted(waiting, 'trigger')} of {name} waiting on disk"
