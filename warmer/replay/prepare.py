"""What a replay needs before it may begin: a named host, one source with requests, a rhythm.

Whatever is wrong ends the command here, before a run is made and a request is sent.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmer.errors import ConfigError, SourceError
from warmer.host_name import site_root
from warmer.replay.columns import check_filled
from warmer.replay.timetable import Selection
from warmer.run.logins import account_of
from warmer.sources.captured import open_captured
from warmer.sources.files import STANDARD_INPUT
from warmer.sources.skipped import Skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from warmer.config import SiteConfig, SourceConfig
    from warmer.replay.columns import Columns
    from warmer.replay.options import ReplayOptions
    from warmer.run.request import Resolved
    from warmer.sources.capture import CapturedRequest


@dataclass(frozen=True, slots=True)
class Prepared:
    """A replay that can begin; `again` opens its requests, as often as it is called."""

    resolved: Resolved
    options: ReplayOptions
    base_url: str
    again: Callable[[], Iterator[CapturedRequest]]
    skipped: Skipped
    columns: Columns | None


def prepare(resolved: Resolved, options: ReplayOptions, columns: Columns | None) -> Prepared:
    """Raises ConfigError or SourceError; opens the source, and reads to its first request."""
    site = resolved.site
    if not site.base_url:
        raise ConfigError(
            "a replay goes to a host that you name, never to one that a capture names;"
            " expected --base-url https://host, or base_url in the TOML file"
        )
    if options.rate_per_s is not None and options.speed != 1.0:
        raise ConfigError(
            "--rate and --speed: expected one of them; a rate has no rhythm to speed up"
        )
    source = _source(site)
    if options.loop and source.path == STANDARD_INPUT:
        raise ConfigError("--loop: standard input can be read once only; expected a file")
    _check_writes(site, unsafe_methods=options.unsafe_methods)
    skipped = Skipped()
    opened = _Opened(source, skipped)
    base_url = site_root(site.base_url)
    selection = Selection(base_url, site.plan, skipped, unsafe_methods=options.unsafe_methods)
    first_time = selection.of(opened.requests())
    first = next(first_time)
    if first.at_s is None and options.rate_per_s is None:
        raise ConfigError(
            f"{source.path}: its requests have no time; expected --rate N/s, at which they are sent"
        )
    if first.at_s is None and columns is None:
        check_filled(first.url)
    at_hand = [itertools.chain([first], first_time)]

    def again() -> Iterator[CapturedRequest]:
        return at_hand.pop() if at_hand else selection.of(opened.requests())

    return Prepared(resolved, options, base_url, again, skipped, columns)


@dataclass(frozen=True, slots=True)
class _Opened:
    """The source, to be opened anew; only what the first reading leaves out is counted."""

    config: SourceConfig
    skipped: Skipped

    def requests(self) -> Iterator[CapturedRequest]:
        return open_captured(
            self.config.path or "",
            kind=self.config.kind,
            log_format=self.config.format,
            keep_credentials=self.config.keep_credentials,
            skipped=self.skipped,
        ).requests


def _source(site: SiteConfig) -> SourceConfig:
    if len(site.source) != 1:
        raise ConfigError(
            f"{len(site.source)} sources; expected one to replay: an access log, a capture, a list"
        )
    (source,) = site.source
    if source.path is None:
        raise SourceError(
            "only files can be replayed; expected the path of an access log, a capture or a list"
        )
    return source


def _check_writes(site: SiteConfig, *, unsafe_methods: bool) -> None:
    logins = {login.name: login for login in site.logins}
    for number, step in enumerate(site.write):
        if step.login not in logins:
            raise ConfigError(
                f'write[{number}].login: "{step.login}" is no login; expected a [login] of that name'
            )
        if unsafe_methods:
            account_of(logins[step.login], os.environ)
