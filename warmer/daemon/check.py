"""What `warmer check` looks at besides: can the daemon run with this file, and lose nothing?

Reads counters of the stream's server and of the caches'. Changes nothing.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from warmer.caches.address import parse
from warmer.caches.open import open_cache
from warmer.config import DaemonConfig
from warmer.daemon.access import access_of
from warmer.daemon.stream_group import check_address
from warmer.errors import ConfigError, WarmerError
from warmer.run.check import tried

if TYPE_CHECKING:
    from collections.abc import Mapping

    from warmer.caches.server import Reading
    from warmer.config import SiteConfig
    from warmer.run.check import Finding


def is_kept_warm(site: SiteConfig) -> bool:
    """Whether the file says how triggers come in, so that it is one for the daemon."""
    return site.invalidation is not None or site.daemon != DaemonConfig()


def check_daemon(site: SiteConfig, environment: Mapping[str, str]) -> list[Finding]:
    """Try everything, whatever fails; nothing raises. Blocks."""
    findings = []
    if site.invalidation is not None and site.invalidation.stream:
        findings.append(tried("stream", partial(_stream, site, site.invalidation.stream)))
    if is_kept_warm(site):
        findings.append(tried("daemon", partial(_access, site.daemon, environment)))
    return findings


def _access(daemon: DaemonConfig, environment: Mapping[str, str]) -> str:
    access = access_of([daemon], environment)
    who = "with a token" if access.token else "without a token, so nothing is triggered by HTTP"
    return f"{access.host}:{access.port}, {who}"


def _stream(site: SiteConfig, url: str) -> str:
    address = parse(url)
    check_address(address)
    found = _readings(url)
    servers = {each.identity for each in found}
    for cache in site.cache:
        if parse(cache.url).database == address.database and servers & _identities(cache.url):
            raise ConfigError(
                f"{address} is also the database of the cache {parse(cache.url)}, and is lost"
                " when that is flushed; expected another database, or better another server"
            )
    evicting = {each.policy for each in found if each.max_bytes and _may_evict(each.policy)}
    notes = [
        f"{policy} may evict it when memory is full" for policy in sorted(filter(None, evicting))
    ]
    return "; ".join([", ".join(f"{each.kind} {each.node}" for each in found), *notes])


def _identities(url: str) -> set[str]:
    """Of the servers of a cache; a cache that does not answer has a finding of its own."""
    try:
        return {each.identity for each in _readings(url)}
    except WarmerError:
        return set()


def _readings(url: str) -> list[Reading]:
    server = open_cache(url)
    try:
        return list(server.readings())
    finally:
        server.close()


def _may_evict(policy: str | None) -> bool:
    """A stream has no expiry, so the volatile policies leave it alone."""
    return policy is not None and policy.startswith("allkeys")
