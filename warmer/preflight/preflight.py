"""`warmer preflight`: every check of a site and its caches, in the order of the report.

Changes nothing. What only the application's own process can tell is handed in.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import TYPE_CHECKING

from warmer.caches.address import parse
from warmer.caches.standing import standings
from warmer.config_rules import check_connect_to
from warmer.errors import ConfigError, UnreachableError
from warmer.host_name import site_root
from warmer.preflight.outside import Outside
from warmer.preflight.result import CACHES, CHECKS, OUTSIDE, Grade, Result, unknown_check
from warmer.preflight.servers import merged, reached, unreached
from warmer.preflight.stores import judged, unanswered
from warmer.run.reach import at_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from warmer.config import PreflightConfig, SiteConfig


async def preflight(site: SiteConfig, now: datetime, inside: Sequence[Result] = ()) -> list[Result]:
    """One result or more a check; `now` is aware UTC, for the certificate.

    `inside` is what the application's own process told, if it was asked.

    Raises ConfigError where the site is not named or a switched-off check is unknown, and
    UnreachableError where no server of the origin answers at all.
    """
    _check_options(site.preflight)
    if not site.base_url:
        raise ConfigError("no site to look at: expected base_url in the TOML file, or --base-url")
    off = site.preflight.off
    results = await _from_outside(site, site_root(site.base_url), now)
    for cache in site.cache:
        results += await asyncio.to_thread(_of_cache, cache.url)
    if not site.cache:
        results += [
            Result(check, Grade.SKIPPED, "", "no [[cache]], no --cache") for check in CACHES
        ]
    kept = [result for result in (*results, *inside) if result.check not in off]
    kept += [Result(check, Grade.SKIPPED, "", f"off: {why}") for check, why in off.items()]
    return sorted(kept, key=lambda result: CHECKS.index(result.check))


async def _from_outside(site: SiteConfig, base_url: str, now: datetime) -> list[Result]:
    """Each server's checks, one server after another; one that is dead is one of the results."""
    wanted = set(OUTSIDE) - set(site.preflight.off)
    made_up = f"preflight-{secrets.token_hex(4)}.invalid"
    standing: list[Result] = []
    dead: list[str] = []
    found: dict[str, list[Result]] = {}
    for server in site.servers or (None,):
        where = server or base_url
        outside = Outside(at_server(site, server), base_url, now, made_up)
        with contextlib.closing(outside):
            error = await outside.look()
            if error is not None:
                why = f"{error.reason}: {error.detail}"
                dead.append(f"by way of {server}: {why}" if server else why)
                standing.append(unreached(where, error))
                continue
            found[where] = await outside.results(wanted)
        standing.append(reached(where))
        wanted -= set(_settled(site, found[where]))
    if not found:
        space = " " if site.servers else ": "
        raise UnreachableError(
            f"origin {base_url}{space}{'; '.join(dead)}; expected an answer to /."
            " Start it, or mend base_url or connect_to"
        )
    return [*standing, *merged(found)]


def _settled(site: SiteConfig, results: Sequence[Result]) -> Iterator[str]:
    """Checks that no other server is asked for: what is of the name, or of one place."""
    yield "dns-ttl"
    if site.preflight.http_connect_to is not None:
        yield "https-redirect"
    if any(each.check == "sitemap" and each.grade is not Grade.SKIPPED for each in results):
        yield "sitemap"


def _of_cache(url: str) -> list[Result]:
    address = parse(url)
    try:
        return [result for node in standings(address) for result in judged(node)]
    except (UnreachableError, ConfigError) as error:
        return unanswered(str(address), str(error).removeprefix(f"cache {address}: "))


def _check_options(options: PreflightConfig) -> None:
    for check, why in options.off.items():
        if check not in CHECKS:
            raise ConfigError(f"preflight.off.{check}: {unknown_check(check, CHECKS)}")
        if not why.strip():
            raise ConfigError(f"preflight.off.{check}: no reason; expected why it is off")
    if options.certificate_fail_days > options.certificate_warn_days:
        raise ConfigError(
            "preflight.certificate_fail_days: above certificate_warn_days; expected at most that"
        )
    if options.http_connect_to is not None:
        try:
            check_connect_to(options.http_connect_to)
        except ConfigError as error:
            raise ConfigError(f"preflight.http_connect_to: {error}") from None
    if not options.admin_path.startswith("/") or options.admin_path.startswith("//"):
        raise ConfigError(
            f'preflight.admin_path: "{options.admin_path}" is no path; expected one such as /admin/'
        )
