"""Scrapy's download handler by libcurl: a request in, a response with timings out.

Fetches what it is given and judges nothing; redirects, retries and limits are other
parts' business. Sends a request once: libcurl's own second try, when a kept connection
closes in place of an answer, would render a page twice and count once. The body is
always read to its end, but only the first `meta["keep_bytes"]` of it are kept.
"""

from __future__ import annotations

import logging
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pycurl
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes

from warmer.crawl.fetch import Fetch, FetchError, parse_headers, reason_of
from warmer.crawl.refresh import refresh_line
from warmer.crawl.request_meta import SERVER, TARGET
from warmer.crawl.servers import DOWN_S
from warmer.crawl.transfers import TransferError, Transfers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy import Request
    from scrapy.crawler import Crawler

    from warmer.crawl.job import CrawlJob
    from warmer.crawl.origin import Origin
    from warmer.crawl.servers import Route

_log = logging.getLogger(__name__)
_VISIBLE = re.compile(r"[\x21-\x7e]+")


class CurlDownloadHandler(BaseDownloadHandler):
    """One for http and one for https in a crawl, each with its own connections."""

    lazy = False

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._origin: Origin = crawler.settings["WARMER_ORIGIN"]
        ceiling = crawler.settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN")
        servers = crawler.settings.getint("WARMER_SERVERS", 1)
        self._transfers = Transfers(max_connections=ceiling * servers)
        self._idle: dict[tuple[bool, str | None], list[pycurl.Curl]] = {}

    async def download_request(self, request: Request) -> Response:
        """The response as Scrapy's spiders and middlewares expect it; raises FetchError."""
        fetch = await self._fetch(request)
        headers = Headers()
        for name, value in fetch.headers:
            headers.appendlist(name, value)
        kind = responsetypes.from_args(headers=headers, url=request.url, body=fetch.body[:4096])
        return kind(
            request.url, status=fetch.status, headers=headers, body=fetch.body, request=request
        )

    async def _fetch(self, request: Request, by: Origin | None = None) -> Fetch:
        """One exchange; `by` is the origin with another server to connect to."""
        origin = by or self._origin
        place = urlsplit(request.url)
        host = place.hostname or ""
        foreign = not origin.owns(host)
        secure = place.scheme == "https"
        idle = self._idle.setdefault((foreign, origin.connect_to), [])
        handle = idle.pop() if idle else origin.new_handle(secure=secure, foreign=foreign)
        sockets = origin.guard(handle, host)
        lines: list[bytes] = []
        parts: list[bytes] = []
        room = request.meta.get("keep_bytes", self._origin.max_body_bytes)
        received = 0
        sent = False

        def write(chunk: bytes) -> None:
            nonlocal received, room
            size = len(chunk)
            received += size
            if room > 0:
                parts.append(chunk if size <= room else chunk[:room])
                room -= size

        def may_send(*_: object) -> int:
            nonlocal sent
            verdict: int = pycurl.PREREQFUNC_ABORT if sent else pycurl.PREREQFUNC_OK
            sent = True
            return verdict

        try:
            handle.setopt(pycurl.URL, request.url)
            self._prepare(handle, request, secure=secure)
            _set_header_lines(handle, self._header_lines(request, foreign=foreign))
            handle.setopt(pycurl.PREREQFUNCTION, may_send)
            handle.setopt(pycurl.HEADERFUNCTION, lines.append)
            handle.setopt(pycurl.WRITEFUNCTION, write)
            in_flight = await self._transfers.perform(handle)
        except TransferError as error:
            if sockets is not None:
                sockets.check()
            raise _fetch_error(error, handle, sent=sent) from None
        else:
            return Fetch(
                status=handle.getinfo(pycurl.RESPONSE_CODE),
                headers=parse_headers(lines),
                body=parts[0] if len(parts) == 1 else b"".join(parts),
                body_bytes=received,
                total_ms=handle.getinfo(pycurl.TOTAL_TIME) * 1000,
                first_byte_ms=handle.getinfo(pycurl.STARTTRANSFER_TIME) * 1000,
                # Each counts from the start; libcurl gives 0 for what did not happen.
                connect_ms=max(
                    handle.getinfo(pycurl.CONNECT_TIME), handle.getinfo(pycurl.APPCONNECT_TIME)
                )
                * 1000,
                sent_bytes=handle.getinfo(pycurl.REQUEST_SIZE),
                in_flight=in_flight,
            )
        finally:
            idle.append(handle)

    def _prepare(self, handle: pycurl.Curl, request: Request, *, secure: bool) -> None:
        """Scrapy has spelt the URL; libcurl may derive from it what it sends."""

    def _header_lines(self, request: Request, *, foreign: bool) -> Sequence[str]:
        lines = {"accept": "Accept:"}
        for raw, values in request.headers.items():
            name = raw.decode("latin-1")
            lines[name.lower()] = f"{name}: {b', '.join(values).decode(errors='replace')}"
        if not foreign:
            for name, value in self._origin.headers.items():
                lines[name.lower()] = f"{name}: {value}"
        return list(lines.values())

    async def close(self) -> None:
        """Drop the connections."""
        self._transfers.close()
        for handles in self._idle.values():
            for handle in handles:
                handle.close()
            handles.clear()


class PlanDownloadHandler(CurlDownloadHandler):
    """For plans: the `Fetch` itself travels on, and the response is an empty envelope.

    Building Scrapy's headers and choosing a response class would cost more than the
    fetch; nothing behind a plan reads them. The request's headers are the lines in
    `request.meta["header_lines"]`.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        job: CrawlJob = crawler.spider.job  # type: ignore[union-attr]  # spiders of plans have a job
        self._refresh_secret = job.refresh_secret
        self._route = job.route
        if job.route is not None:
            places = job.route.servers.addresses
            self._origins = {each: replace(self._origin, connect_to=each) for each in places}

    async def download_request(self, request: Request) -> Response:
        """An envelope with a `Fetch` in `request.meta["fetch"]`; raises FetchError."""
        if not _VISIBLE.fullmatch(request.url):
            raise FetchError("protocol", "the URL holds what must be escaped; nothing was sent")
        if self._route is None or TARGET not in request.meta:
            fetch = await self._fetch(request)
        else:
            fetch = await self._fetch_by(self._route, request)
        request.meta["fetch"] = fetch
        return Response(request.url, status=fetch.status, request=request)

    async def _fetch_by(self, route: Route, request: Request) -> Fetch:
        """From the first server that can be reached; what was sent once goes to no other."""
        *others, last = route.order(request.meta[TARGET], time.monotonic())
        for place in others:
            try:
                return await self._ask(route, place, request)
            except FetchError as error:
                if error.sent:
                    raise
        return await self._ask(route, last, request)

    async def _ask(self, route: Route, place: str, request: Request) -> Fetch:
        request.meta[SERVER] = place
        try:
            fetch = await self._fetch(request, self._origins[place])
        except FetchError as error:
            if error.sent:
                route.servers.answered(place)
            else:
                now = time.monotonic()
                route.servers.unreachable(place, str(error), now)
                if route.servers.down(place, now):
                    _log.info("server %s is left alone for %g s: %s", place, DOWN_S, error)
            raise
        route.servers.answered(place)
        return fetch

    def _prepare(self, handle: pycurl.Curl, request: Request, *, secure: bool) -> None:
        """As it was planned: libcurl turns %2f into %2F, which is another key to proxies."""
        url = request.url.partition("#")[0]
        handle.setopt(pycurl.REQUEST_TARGET, self._origin.request_target(url, secure=secure))

    def _header_lines(self, request: Request, *, foreign: bool) -> Sequence[str]:
        lines: Sequence[str] = request.meta["header_lines"]
        if foreign:  # they hold the site's own; a plan has its own site's pages alone
            raise FetchError("redirect-offsite", "not a page of the site")
        if self._refresh_secret is None:
            return lines
        return [*lines, refresh_line(request.url, self._refresh_secret, time.time())]


def _set_header_lines(handle: pycurl.Curl, lines: Sequence[str]) -> None:
    try:
        handle.setopt(pycurl.HTTPHEADER, lines)
    except UnicodeEncodeError:  # pycurl takes a `str` of ASCII only
        handle.setopt(pycurl.HTTPHEADER, [line.encode() for line in lines])


def _fetch_error(error: TransferError, handle: pycurl.Curl, *, sent: bool) -> FetchError:
    reason, detail = reason_of(error.code, str(error)), str(error)
    if handle.getinfo(pycurl.HTTP_CONNECTCODE) >= 300:
        reason = "proxy"
    elif error.code == pycurl.E_ABORTED_BY_CALLBACK:
        reason, detail = "closed-early", "the connection was closed in place of an answer"
    total_ms = handle.getinfo(pycurl.TOTAL_TIME) * 1000
    return FetchError(reason, detail, total_ms=total_ms, sent=sent)
