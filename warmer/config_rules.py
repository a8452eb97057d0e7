"""What types alone cannot say of a site's configuration. Pure; raises ConfigError.

Each message starts with the key it is about.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from warmer.errors import ConfigError
from warmer.host_name import authority, site_root

if TYPE_CHECKING:
    from warmer.config import CrawlConfig, ScheduleConfig, SiteConfig, SourceConfig

_DURATION = re.compile(r"^(\d+(?:\.\d+)?)\s*(s|m|h|d)$")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def check_site(site: SiteConfig) -> None:
    """Everything that can be known without opening a file or a connection."""
    if site.base_url:
        check_base_url(site.base_url)
    if site.connect_to is not None:
        check_connect_to(site.connect_to)
    for key in ("include", "exclude"):
        _check_patterns(f"plan.{key}", getattr(site.plan, key))
    for n, alias in enumerate(site.plan.aliases):
        _check_alias(f"plan.aliases[{n}]", alias)
    _check_variants(site)
    for n, source in enumerate(site.source):
        _check_source(f"source[{n}]", source)
    for n, schedule in enumerate(site.schedule):
        _check_schedule(f"schedule[{n}]", schedule)
    _check_crawl(site.crawl)


def check_base_url(url: str) -> None:
    """A scheme and a host, perhaps a port; a path would be dropped, so it is refused."""
    try:
        site_root(url)
        parts = urlsplit(url)
    except ValueError:
        raise ConfigError(
            f'base_url: "{_shown(url)}" is not a site; expected https://host[:port]'
        ) from None
    if parts.username is not None:
        raise ConfigError("base_url: holds credentials; expected crawl.basic_auth for these")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ConfigError(f'base_url: "{url}" has a path; expected scheme and host alone')


def check_connect_to(value: str) -> None:
    """HOST:PORT, an IPv6 address in brackets."""
    host, _, port = value.rpartition(":")
    if (
        not host
        or not (port.isascii() and port.isdecimal())
        or not 0 < int(port) < 65536
        or (":" in host and not (host.startswith("[") and host.endswith("]")))
    ):
        raise ConfigError(
            f'connect_to: "{value}" is not HOST:PORT; expected for instance 10.0.0.5:443'
        )


def _check_alias(key: str, alias: str) -> None:
    try:
        parts = urlsplit(f"//{alias}")
        authority("https", parts.hostname or "", parts.port)
        is_host = parts.netloc == alias and parts.username is None
    except ValueError:
        is_host = False
    if not is_host:
        raise ConfigError(
            f'{key}: "{_shown(alias)}" is not a host; expected a name such as example.com, without'
            " scheme and path"
        )


def duration_s(text: str) -> float | None:
    """Seconds of a duration such as `90s`, `10m`, `1.5h`, `1d`; None if it is none."""
    match = _DURATION.match(text.strip())
    return float(match[1]) * _SECONDS[match[2]] if match else None


def _check_variants(site: SiteConfig) -> None:
    names = [variant.name for variant in site.variant]
    for n, variant in enumerate(site.variant):
        if not variant.name or names.index(variant.name) != n:
            raise ConfigError(
                f'variant[{n}].name: "{variant.name}" is empty or taken; expected another name'
            )
        _check_patterns(f"variant[{n}].include", variant.include)


def _check_patterns(key: str, patterns: tuple[str, ...]) -> None:
    for n, pattern in enumerate(patterns):
        try:
            re.compile(pattern)
        except re.error as error:
            raise ConfigError(
                f'{key}[{n}]: "{pattern}" is not a regular expression: {error}'
            ) from None


def _check_crawl(crawl: CrawlConfig) -> None:
    if crawl.basic_auth is not None and ":" not in crawl.basic_auth:
        raise ConfigError("crawl.basic_auth: expected user:password")
    if crawl.client_key and not crawl.client_cert:
        raise ConfigError("crawl.client_key: given without crawl.client_cert; both are needed")


def _check_source(key: str, source: SourceConfig) -> None:
    if source.path is not None and source.url is not None:
        raise ConfigError(f"{key}: has both path and url; expected one of them")
    if source.path is None and source.url is None and source.kind not in ("discover", "robots"):
        raise ConfigError(f"{key}: has neither path nor url; expected one of them")
    if source.kind == "popularity" and not (source.url and source.key):
        raise ConfigError(f"{key}: kind popularity needs url (redis://…) and key (a sorted set)")


def _check_schedule(key: str, schedule: ScheduleConfig) -> None:
    if (schedule.cron is None) == (schedule.every is None):
        raise ConfigError(f"{key}: expected either cron or every")
    if schedule.every is not None and not duration_s(schedule.every):
        raise ConfigError(f'{key}.every: "{schedule.every}" is no duration; expected 10m, 2h or 1d')


def _shown(url: str) -> str:
    """A URL without what may be a password."""
    return re.sub(r"(?:(?<=//)|^(?!\w+://)).*@", "…@", url)
