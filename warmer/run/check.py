"""`warmer check`: is this configuration right, and does what it names answer?

Fetches `/` and the page that is to be watched, logs in, reads counters, opens files. Changes nothing else.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from msgspec.structs import replace

from warmer.caches.http_obstacles import obstacle
from warmer.caches.open import open_cache
from warmer.config import CrawlConfig
from warmer.crawl.crawl import crawl
from warmer.crawl.plan_job import PlanJob
from warmer.crawl.servers import Servers, Spread
from warmer.errors import ExitCode, WarmerError
from warmer.host_name import site_root
from warmer.model import Target
from warmer.report.cures import cure_of
from warmer.run.logins import new_role
from warmer.run.reach import reach
from warmer.run.visitor_watch import barred, is_hot
from warmer.sources.files import expand, opened
from warmer.sources.skipped import Skipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from warmer.config import LoginConfig, SiteConfig
    from warmer.crawl.fetch import Fetch
    from warmer.run.request import Resolved


_FIRST = 1
"""The rank of the one target."""
_SHUT_OUT = frozenset({400, 401, 403})
"""So an origin answers to whoever comes with a wrong name, or without a login."""
_BROKEN = 500
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried; `error` is None when it is as it should be."""

    what: str
    text: str = ""
    error: ExitCode | None = None


async def check(resolved: Resolved) -> list[Finding]:
    """Try everything, whatever fails; nothing raises."""
    site = resolved.site
    findings = [Finding("configuration", site.name or site.base_url)]
    for source in site.source:
        if source.path not in (None, "-"):
            path = source.path or ""
            findings.append(tried(f"source {path}", partial(_try_files, path)))
    findings += [await asyncio.to_thread(_try_cache, cache.url) for cache in site.cache]
    if site.base_url:
        findings += [await _try_origin(site, place) for place in site.servers or (None,)]
        findings += [await _try_guard(site, site.guard.url)] if site.guard.url else []
        findings += [await _try_login(site, login) for login in site.logins]
    return findings


def _try_files(path: str) -> str:
    found = expand(path)
    for each in found:
        with opened(each, Skipped()):
            pass
    return ", ".join(found)


def _try_cache(url: str) -> Finding:
    def read() -> str:
        server = open_cache(url)
        try:
            return ", ".join(f"{each.kind} {each.node}" for each in server.readings())
        finally:
            server.close()

    return tried("cache", read)


def tried(what: str, work: Callable[[], str]) -> Finding:
    """What the work says, or why it failed."""
    try:
        return Finding(what, work())
    except WarmerError as error:
        return Finding(what, str(error), error.exit_code)


class _First:
    """Takes the one outcome of a crawl of one target."""

    def __init__(self, what: str) -> None:
        self.finding = Finding(what, "no answer", ExitCode.UNREACHABLE)

    def fetched(self, target: Target, fetch: Fetch, *, attempts: int, final_url: str) -> None:  # noqa: ARG002 -- the interface
        way = "" if final_url == target.url else f", redirected to {final_url}"
        text = f"status {fetch.status} after {fetch.total_ms:.0f} ms{way}"
        error = None
        if fetch.status in _SHUT_OUT:
            _, cure = obstacle(fetch.status, [], own_headers=frozenset()) or ("", "")
            text, error = f"{text}; {cure}", ExitCode.USAGE
        elif fetch.status >= _BROKEN:
            text, error = f"{text}; look into its log", ExitCode.UNREACHABLE
        self.finding = Finding(self.finding.what, text, error)

    def failed(
        self,
        target: Target,  # noqa: ARG002 -- the interface
        reason: str,
        detail: str,
        *,
        attempts: int,  # noqa: ARG002 -- the interface
        final_url: str,  # noqa: ARG002 -- the interface
        total_ms: float | None,  # noqa: ARG002 -- the interface
    ) -> None:
        cure = cure_of(reason)
        text = f"{reason}: {detail}" + (f"; {cure}" if cure else "")
        self.finding = Finding(self.finding.what, text, ExitCode.UNREACHABLE)


class _Watched(_First):
    """The same of the page that is to show how visitors fare: it has to be a hot one."""

    def fetched(self, target: Target, fetch: Fetch, *, attempts: int, final_url: str) -> None:
        super().fetched(target, fetch, attempts=attempts, final_url=final_url)
        if fetch.status >= _BROKEN:
            return  # no fault of the configuration
        bar = barred(fetch.headers)
        why = ""
        if final_url != target.url:
            why = f"redirects to {final_url}"
        elif fetch.status != _PAGE:
            why = f"status {fetch.status}"
        elif bar is not None and not is_hot(fetch.headers):
            why = f"no cache keeps it (Cache-Control says {bar})"
        if why:
            text = f"{why}, so visitors would not be watched; name a page that is kept, or none"
            self.finding = Finding(self.finding.what, text, ExitCode.USAGE)


async def _try_login(site: SiteConfig, login: LoginConfig) -> Finding:
    what = f'login "{login.name}"'
    try:
        await new_role(site, login, site_root(site.base_url), os.environ).session()
    except WarmerError as error:
        return Finding(what, str(error).removeprefix(f"{what}: "), error.exit_code)
    return Finding(what, f"a session, by {login.url}")


async def _try_origin(site: SiteConfig, place: str | None) -> Finding:
    base_url = site_root(site.base_url)
    where = f" by way of {place}" if place else ""
    observer = _First(f"origin {base_url}{where}")
    return await _try_page(replace(site, connect_to=place), f"{base_url}/", observer)


async def _try_guard(site: SiteConfig, named: str) -> Finding:
    url = urljoin(f"{site_root(site.base_url)}/", named)
    return await _try_page(site, url, _Watched(f"guard.url {url}"))


async def _try_page(site: SiteConfig, url: str, observer: _First) -> Finding:
    """Ask once for one page, of the first server that can be reached."""
    found = reach(site, site_root(site.base_url))
    job = PlanJob(
        targets=iter([Target(_FIRST, url, found.variants[0].name)]),
        headers=found.lines("check"),
        origin=found.origin,
        config=CrawlConfig(retries=0, max_redirects=site.crawl.max_redirects),
        observer=observer,
        keep_bytes=0,
        route=Spread(Servers(site.servers), -_FIRST) if len(site.servers) > 1 else None,
    )
    await crawl(job)
    return observer.finding
