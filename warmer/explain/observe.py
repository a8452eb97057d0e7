"""Which URL is looked at, at which of the site's servers, and as which visitors.

One server, or each where they share no cache, and there each variant that has the URL.
Refuses what no run would warm: another site's pages, and those that no variant has.
"""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from msgspec.structs import replace

from warmer.errors import ConfigError
from warmer.explain.ask import Asking
from warmer.explain.fetching import Fetching
from warmer.explain.keys import KeyView
from warmer.explain.masking import spelled
from warmer.explain.observation import Explanation, Visit
from warmer.explain.servers import choose
from warmer.host_name import site_root
from warmer.plan import Filter
from warmer.run.cache_keys import CacheKeys
from warmer.run.logins import Logins
from warmer.run.reach import DEFAULT_VARIANTS, at_server, reach
from warmer.sources.urls import Rejection
from warmer.sources.urls import check as check_url

if TYPE_CHECKING:
    from warmer.config import SiteConfig


def url_of(text: str, base_url: str) -> str:
    """The URL as it is sent, from one, or from a path of the site; raises ConfigError."""
    checked = check_url(text.encode("utf-8", "surrogateescape"))
    if isinstance(checked, Rejection):
        raise ConfigError(f"URL: {checked.value}; expected such as https://www.example.com/p/1/")
    if checked.startswith("/"):
        if not base_url:
            raise ConfigError("URL: no scheme; expected https://… or a path beside -c SITE.toml")
        return urljoin(f"{site_root(base_url)}/", checked)
    return checked


async def observe(site: SiteConfig, url: str) -> Explanation:
    """Visit the URL as each variant's visitor; raises UnreachableError for a cache server."""
    base_url = site_root(url)
    if site.base_url:
        own = reach(site, site.base_url).origin
        if not own.owns(urlsplit(url).hostname or ""):
            raise ConfigError(f"URL: {base_url} is not the site's; expected {site.base_url}")
    variants = site.variant or DEFAULT_VARIANTS
    asked = tuple(each for each in variants if Filter(each.include, ()).accepts(url))
    if not asked:
        raise ConfigError("URL: no variant's include pattern has it, so no run warms it")
    site = replace(site, variant=asked)
    chosen = await choose(site, base_url)
    visits: list[Visit] = []
    secrets: set[str] = set()
    for server in chosen.servers:
        logins = Logins.of(at_server(site, server), base_url, os.environ)
        seen = await _visits(at_server(site, server), url, logins)
        visits += [dataclasses.replace(each, is_alone=site.is_cloned) for each in seen]
        secrets |= logins.secrets()
    return Explanation(
        url=url,
        connect_to=site.servers if site.is_cloned else chosen.servers[0],
        visits=tuple(visits),
        unreachable=chosen.unreachable,
        secrets=spelled(secrets),
    )


async def _visits(site: SiteConfig, url: str, logins: Logins) -> list[Visit]:
    """As the site's first server has the URL, for each of its variants."""
    found = reach(site, site_root(url))
    keys = CacheKeys(site.cache, site.first_server)
    try:
        await logins.open()
        views = [
            KeyView(config, server, site.first_server)
            for config, server in zip(site.cache, keys.servers, strict=True)
        ]
        asking = Asking(site, found, Fetching(site, found, logins), keys, logins, views)
        return [await asking.visit(variant, url) for variant in found.variants]
    finally:
        keys.close()
