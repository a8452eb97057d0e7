"""Looks at a site's server as a stranger does: few requests, one after another, GET only.

Every request goes the crawl's way (connect-to, headers, authorities). The request under
a made-up Host has a query of its own, so that no cache keeps its answer for others.
"""

from __future__ import annotations

import asyncio
import dataclasses
import random
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from warmer.crawl.fetch import FetchError
from warmer.crawl.first_reachable import FirstReachable
from warmer.crawl.profiles import header_lines
from warmer.crawl.single import TLS_VERSIONS, Single
from warmer.preflight import headers, pages, transport
from warmer.preflight.answer import Answer, of_answer
from warmer.preflight.dns import ask_ttl, system_resolver
from warmer.preflight.result import OUTSIDE, Grade, Result
from warmer.preflight.sitemap import check_sitemap
from warmer.run.reach import reach, source_headers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection
    from datetime import datetime

    from warmer.config import SiteConfig
    from warmer.crawl.fetch import Fetch

_RESERVED = ("test", "example", "invalid", "localhost")
"""Top-level names without DNS (RFC 6761)."""
_PLAIN = "the site is called by http (base_url)"


class Outside:
    """The checks from outside at the site's first server, by their names.

    `look` first, within a running loop. `made_up` is a host name that nobody has.
    """

    def __init__(self, site: SiteConfig, base_url: str, now: datetime, made_up: str) -> None:
        found = reach(site, base_url)
        self._site = site
        self._options = site.preflight
        self._now = now
        self._made_up = made_up
        self._base_url = base_url
        self._host = urlsplit(base_url).hostname or ""
        self._secure = base_url.startswith("https:")
        self._origin = found.origin
        self._single = Single(FirstReachable(found.origin))
        self._browser = found.lines("preflight")[found.variants[0].name]
        if not any(line.lower().startswith("accept-encoding:") for line in self._browser):
            self._browser = [*self._browser, "Accept-Encoding: gzip, deflate"]
        # Bodies are looked into, so they are asked for as they are.
        self._plain = [
            line for line in self._browser if not line.lower().startswith("accept-encoding:")
        ]
        self._seen: list[Fetch] = []
        self._front_url = f"{base_url}/"
        self._front: Answer = FetchError("protocol", "not asked for yet")
        self._missing: Answer | None = None
        self._expires_at: datetime | None = None

    async def look(self) -> FetchError | None:
        """Fetch `/`; returns why nobody answers, None where somebody does, or TLS fails."""
        self._front_url, self._front = await self._follow(self._front_url, self._browser)
        front = self._front
        if isinstance(front, FetchError) and front.reason != "tls" and not self._seen:
            return front
        return None

    async def results(self, wanted: Collection[str]) -> list[Result]:
        """The results of the wanted checks, in order; the last two are judged by all answers."""
        checks: dict[str, Callable[[], Awaitable[Result]]] = {
            "front-page": self._front_page,
            "debug-page": self._debug_page,
            "host-header": self._host_header,
            "not-found-page": self._not_found_page,
            "admin": self._admin,
            "https-redirect": self._https_redirect,
            "hsts": self._hsts,
            "certificate": self._certificate,
            "tls-versions": self._tls_versions,
            "dns-ttl": self._dns_ttl,
            "compression": self._compression,
            "security-headers": self._security_headers,
            "sitemap": self._sitemap,
            "cookies": self._cookies,
            "error-page": self._error_page,
        }
        found = [await check() for name, check in checks.items() if name in wanted]
        return sorted(found, key=lambda result: OUTSIDE.index(result.check))

    def close(self) -> None:
        """Drop the connections."""
        self._single.close()

    async def _fetch(self, url: str, lines: list[str], host: str | None = None) -> Answer:
        try:
            exchange = await self._single.fetch_one(url, lines, host=host)
        except FetchError as error:
            return error
        self._expires_at = self._expires_at or exchange.expires_at
        self._seen.append(exchange.fetch)
        return exchange.fetch

    async def _follow(self, url: str, lines: list[str]) -> tuple[str, Answer]:
        """The last answer after redirects within the site, and the URL that it is of."""
        answer = await self._fetch(url, lines)
        for _ in range(self._site.crawl.max_redirects):
            if isinstance(answer, FetchError) or not pages.is_redirect(answer):
                break
            goal = pages.goal_of(url, answer)
            if goal is None or not self._origin.owns(urlsplit(goal).hostname or ""):
                break
            url, answer = goal, await self._fetch(goal, lines)
        return url, answer

    async def _front_page(self) -> Result:
        if isinstance(self._front, FetchError) and self._seen:
            reason = f"/ leads here, and nothing answers: {self._front.detail}"
            cure = "redirect to where the site answers"
            return Result("front-page", Grade.FAIL, self._front_url, reason, cure)
        return of_answer("front-page", self._front_url, self._front, pages.front_page)

    async def _missing_page(self) -> tuple[str, Answer]:
        if self._missing is None:
            self._missing_url = f"{self._base_url}/warmer-preflight-{secrets.token_hex(8)}/"
            self._missing = await self._fetch(self._missing_url, self._plain)
        return self._missing_url, self._missing

    async def _debug_page(self) -> Result:
        return of_answer("debug-page", *await self._missing_page(), pages.debug_page)

    async def _not_found_page(self) -> Result:
        return of_answer("not-found-page", *await self._missing_page(), pages.not_found_page)

    async def _host_header(self) -> Result:
        url = f"{self._base_url}/?warmer-preflight={secrets.token_hex(8)}"
        answer = await self._fetch(url, self._plain, host=self._made_up)
        if isinstance(answer, FetchError) and answer.reason == "closed-early":
            return Result("host-header", Grade.OK, url, "a made-up Host gets no answer")
        return of_answer(
            "host-header",
            url,
            answer,
            lambda where, fetch: pages.host_header(where, fetch, self._made_up),
        )

    async def _admin(self) -> Result:
        url, answer = await self._follow(self._base_url + self._options.admin_path, self._plain)
        return of_answer("admin", url, answer, pages.admin)

    async def _https_redirect(self) -> Result:
        name = f"[{self._host}]" if ":" in self._host else self._host
        base_url = f"http://{name}" if self._secure else self._base_url
        # As a stranger's: no password in the clear, and no X-Forwarded-Proto of the site's.
        lines = header_lines(source_headers(self._site, base_url), "preflight")
        origin = dataclasses.replace(
            self._origin,
            headers={},
            basic_auth=None,
            unix_socket=None if self._options.http_connect_to else self._origin.unix_socket,
            base_url=base_url if self._options.http_connect_to else self._base_url,
            connect_to=self._options.http_connect_to or self._origin.connect_to,
        )
        single = Single(FirstReachable(origin))
        try:
            answer: Answer = (await single.fetch_one(f"{base_url}/", lines)).fetch
        except FetchError as error:
            answer = error
        finally:
            single.close()
        return transport.https_redirect(f"{base_url}/", answer)

    async def _hsts(self) -> Result:
        if not self._secure:
            return Result("hsts", Grade.SKIPPED, self._front_url, _PLAIN)
        return of_answer(
            "hsts",
            self._front_url,
            self._front,
            lambda where, fetch: headers.hsts(where, fetch, self._options.hsts_s),
        )

    async def _cookies(self) -> Result:
        if not self._seen:
            return Result("cookies", Grade.SKIPPED, self._base_url, "no page came")
        return headers.cookies(self._base_url, self._seen, secure=self._secure)

    async def _error_page(self) -> Result:
        return pages.error_page(self._base_url, self._seen)

    async def _certificate(self) -> Result:
        if not self._secure:
            return Result("certificate", Grade.SKIPPED, self._host, _PLAIN)
        return transport.certificate(
            self._host,
            self._expires_at,
            self._front if isinstance(self._front, FetchError) else None,
            now=self._now,
            warn_days=self._options.certificate_warn_days,
            fail_days=self._options.certificate_fail_days,
        )

    async def _tls_versions(self) -> Result:
        if not self._secure:
            return Result("tls-versions", Grade.SKIPPED, self._host, _PLAIN)
        try:
            accepted = {
                version: await self._single.accepts_tls(f"{self._base_url}/", version)
                for version in TLS_VERSIONS
            }
        except FetchError as error:
            reason = f"no answer: {error.reason}: {error.detail}"
            return Result("tls-versions", Grade.SKIPPED, self._host, reason)
        return transport.tls_versions(self._host, accepted)

    async def _dns_ttl(self) -> Result:
        ending = self._host.rpartition(".")[2]
        if ":" in self._host or ending.isdecimal() or ending in _RESERVED:
            return Result("dns-ttl", Grade.SKIPPED, self._host, "DNS holds no such name")
        server = system_resolver()
        ttl_s = await asyncio.to_thread(ask_ttl, self._host, server) if server else None
        if ttl_s is None:
            return Result("dns-ttl", Grade.SKIPPED, self._host, "no resolver tells it")
        return transport.dns_ttl(self._host, ttl_s, self._options.dns_ttl_s)

    async def _compression(self) -> Result:
        return of_answer("compression", self._front_url, self._front, headers.compression)

    async def _security_headers(self) -> Result:
        return of_answer("security-headers", self._front_url, self._front, headers.security_headers)

    async def _sitemap(self) -> Result:
        if isinstance(self._front, FetchError):
            return Result("sitemap", Grade.SKIPPED, self._base_url, "no page came")
        if not self._options.sitemap_urls:
            return Result("sitemap", Grade.SKIPPED, self._base_url, "preflight.sitemap_urls is 0")
        chance = random.Random()  # noqa: S311 -- a sample, no secret
        return await check_sitemap(
            self._site, self._origin, chance, lambda url: self._fetch(url, self._browser)
        )
