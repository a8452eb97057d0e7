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
    from collections.abc import Mapping, Sequence

    from warmer.config import (
        CrawlConfig,
        GuardConfig,
        ScheduleConfig,
        SiteConfig,
        SourceConfig,
        VariantConfig,
    )

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(s|m|h|d)")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_AUTHORITY = re.compile(r"^(?:[^/?#]*//([^/?#]*))?.*$", re.DOTALL)
_NOT_IN_A_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_PLACE_OF_THE_SITE = re.compile(r"/(?!/)|https?://[^/?#@]+(?:[/?#]|$)", re.IGNORECASE)
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_READ_FROM_FILES = frozenset({"list", "csv", "access-log", "gor", "har", "vegeta", "siege", "wget"})
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def check_site(site: SiteConfig) -> None:
    """Everything that can be known without opening a file or a connection."""
    if site.base_url:
        check_base_url(site.base_url)
    _check_servers(site)
    for key in ("include", "exclude"):
        _check_patterns(f"plan.{key}", getattr(site.plan, key))
    for n, alias in enumerate(site.plan.aliases):
        _check_alias(f"plan.aliases[{n}]", alias)
    _check_headers("headers", site.headers)
    _check_logins(site)
    _check_variants(site)
    for n, source in enumerate(site.source):
        _check_source(f"source[{n}]", source)
    for n, schedule in enumerate(site.schedule):
        _check_schedule(f"schedule[{n}]", schedule)
    _check_crawl(site.crawl)
    _check_guard(site.guard)
    _check_canary(site)


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
    if not value.isascii() or not _is_host(value, with_port=True):
        raise ConfigError(
            f'connect_to: "{value}" is not HOST:PORT; expected for instance 10.0.0.5:443'
        )


def _check_servers(site: SiteConfig) -> None:
    for address in site.servers:
        check_connect_to(address)
        if site.servers.count(address) > 1:
            raise ConfigError(f'connect_to: "{address}" is named twice; expected each server once')
    for n, cache in enumerate(site.cache):
        if cache.server is not None and cache.server not in site.servers:
            raise ConfigError(
                f'cache[{n}].server: "{cache.server}" is not in connect_to; expected one of its'
                " servers, the one whose visitors alone have this cache"
            )


def check_header(name: str, value: str) -> None:
    """Raise ConfigError unless this is a header field (RFC 9110, 5.1 and 5.5) we may set."""
    if not _TOKEN.fullmatch(name):
        raise ConfigError(
            f'header name "{name}" is not a token; expected a name such as "Accept-Language"'
        )
    if name.lower() in ("host", "content-length", "transfer-encoding", "connection"):
        raise ConfigError(
            f'header "{name}" cannot be set; base_url and connect_to say where requests go'
        )
    if _NOT_IN_A_VALUE.search(value):
        raise ConfigError(
            f'the value of header "{name}" is not one line of UTF-8 text; expected no line break'
            " and no other control character"
        )


def _check_alias(key: str, alias: str) -> None:
    if not _is_host(alias, with_port=False):
        raise ConfigError(
            f'{key}: "{_shown(alias)}" is not a host; expected a name such as example.com, without'
            " scheme and path"
        )


def _is_host(text: str, *, with_port: bool) -> bool:
    """Whether this is a host and nothing else; a port may be there, or must."""
    try:
        parts = urlsplit(f"//{text}")
        authority("https", parts.hostname or "", parts.port)
    except ValueError:
        return False
    is_alone = parts.netloc == text and "@" not in text
    return is_alone and (parts.port is not None or not with_port)


def duration_s(text: str) -> float | None:
    """Seconds of a duration such as `90s`, `10m`, `1.5h`, `1d`; None if it is none."""
    match = _DURATION.fullmatch(text.strip())
    return float(match[1]) * _SECONDS[match[2]] if match else None


def _check_variants(site: SiteConfig) -> None:
    names = [variant.name for variant in site.variant]
    for n, variant in enumerate(site.variant):
        if not variant.name or names.index(variant.name) != n:
            raise ConfigError(
                f'variant[{n}].name: "{variant.name}" is empty or taken; expected another name'
            )
        _check_patterns(f"variant[{n}].include", variant.include)
        _check_headers(f"variant[{n}].headers", variant.headers)
        _check_login_of(f"variant[{n}]", variant, [each.name for each in site.logins])


def _check_login_of(key: str, variant: VariantConfig, roles: Sequence[str]) -> None:
    if variant.login is None:
        return
    if variant.login not in roles:
        known = (
            f"expected one of {', '.join(roles)}" if roles else "expected a [login] of that name"
        )
        raise ConfigError(f'{key}.login: "{variant.login}" is no login; {known}')
    if any(name.lower() == "cookie" for name in variant.headers):
        raise ConfigError(
            f"{key}.headers: has a Cookie, which its login sets; expected one of both"
        )


def _check_logins(site: SiteConfig) -> None:
    names = [login.name for login in site.logins]
    for n, login in enumerate(site.logins):
        key = "login" if len(names) == 1 else f"login[{n}]"
        if not login.name or names.index(login.name) != n:
            raise ConfigError(
                f'{key}.name: "{login.name}" is empty or taken; expected another name'
            )
        for name in ("url", "proof_url"):
            place = getattr(login, name)
            if place is not None and not _PLACE_OF_THE_SITE.match(place):
                raise ConfigError(
                    f'{key}.{name}: "{_shown(place)}" is no place of the site; expected a path such'
                    " as /accounts/login/, or a whole URL"
                )
        for name in ("username_env", "password_env"):
            if not _VARIABLE_NAME.fullmatch(getattr(login, name)):
                raise ConfigError(
                    f"{key}.{name}: is not the name of an environment variable; expected a name such"
                    " as WARMER_PASSWORD, never the value itself"
                )
        if login.proof_text is not None and login.proof_url is None:
            raise ConfigError(f"{key}.proof_text: given without proof_url, the page it stands on")
        if login.logged_out == "":
            raise ConfigError(
                f"{key}.logged_out: is empty; expected a text that strangers alone get"
            )


def _check_headers(key: str, headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        try:
            check_header(name, value)
        except ConfigError as error:
            raise ConfigError(f"{key}: {error}") from None


def _check_patterns(key: str, patterns: tuple[str, ...]) -> None:
    for n, pattern in enumerate(patterns):
        try:
            re.compile(pattern)
        except re.error as error:
            raise ConfigError(
                f'{key}[{n}]: "{pattern}" is not a regular expression: {error}'
            ) from None


def _check_crawl(crawl: CrawlConfig) -> None:
    if crawl.user_agent is not None:
        _check_headers("crawl.user_agent", {"User-Agent": crawl.user_agent})
    if crawl.basic_auth is not None and ":" not in crawl.basic_auth:
        raise ConfigError("crawl.basic_auth: expected user:password")
    if crawl.client_key and not crawl.client_cert:
        raise ConfigError("crawl.client_key: given without crawl.client_cert; both are needed")


def _check_guard(guard: GuardConfig) -> None:
    if guard.max_value is not None and guard.command is None and guard.command_url is None:
        raise ConfigError(
            "guard.max_value: there is no number to compare; expected guard.command or"
            " guard.command_url beside it"
        )
    if guard.command_url is not None and not guard.command_url.startswith(("http://", "https://")):
        raise ConfigError(
            f'guard.command_url: "{_shown(guard.command_url)}" is no URL; expected http:// or'
            " https://"
        )


def _check_canary(site: SiteConfig) -> None:
    """It is asked for with the site's headers and credentials, so by nobody else."""
    url = site.guard.url
    if url is None or re.match(r"/(?!/)", url):
        return
    own = {urlsplit(f"//{each}").hostname for each in site.plan.aliases}
    own |= {urlsplit(site.base_url).hostname} if site.base_url else set()
    if not _PLACE_OF_THE_SITE.match(url) or urlsplit(url).hostname not in own:
        raise ConfigError(
            f'guard.url: "{_shown(url)}" is no page of the site; expected a path such as /, or a'
            " URL of base_url's host"
        )


def _check_source(key: str, source: SourceConfig) -> None:
    if source.path is not None and source.url is not None:
        raise ConfigError(f"{key}: has both path and url; expected one of them")
    if source.path is None and source.url is None and source.kind not in ("discover", "robots"):
        raise ConfigError(f"{key}: has neither path nor url; expected one of them")
    if source.kind != "popularity" and "@" in _AUTHORITY.sub(r"\1", source.url or ""):
        raise ConfigError(f"{key}.url: holds credentials; expected crawl.basic_auth for these")
    if source.kind in _READ_FROM_FILES and source.url is not None:
        raise ConfigError(f"{key}: kind {source.kind} is read from a file; expected path, not url")
    if source.kind == "popularity" and not (source.url and source.key):
        raise ConfigError(f"{key}: kind popularity needs url (redis://…) and key (a sorted set)")
    for name in source.vary:
        _check_headers(f"{key}.vary", {name: ""})
        if name.lower() in ("cookie", "authorization") and not source.keep_credentials:
            raise ConfigError(
                f"{key}.vary: {name} says who somebody is, and is dropped; expected another header,"
                " or keep_credentials = true"
            )


def _check_schedule(key: str, schedule: ScheduleConfig) -> None:
    if (schedule.cron is None) == (schedule.every is None):
        raise ConfigError(f"{key}: expected either cron or every")
    if schedule.every is not None and not duration_s(schedule.every):
        raise ConfigError(f'{key}.every: "{schedule.every}" is no duration; expected 10m, 2h or 1d')


def _shown(url: str) -> str:
    """A URL without what may be a password."""
    return re.sub(r"(?:(?<=//)|^(?!\w+://)).*@", "…@", url)
