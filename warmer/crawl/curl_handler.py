"""Scrapy's download handler by libcurl: a request in, a response with timings out.

Fetches what it is given and judges nothing; redirects, retries and limits are other
parts' business. Sends a request once: libcurl's own second try, when a kept connection
closes in place of an answer, would render a page twice and count once. The body is
always read to its end, but only the first `meta["keep_bytes"]` of it are kept.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pycurl
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes

from warmer.crawl.fetch import Fetch, FetchError, parse_headers, reason_of
from warmer.crawl.transfers import TransferError, Transfers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy import Request
    from scrapy.crawler import Crawler

    from warmer.crawl.origin import Origin

_ABORT: int = pycurl.PREREQFUNC_ABORT
_OK: int = pycurl.PREREQFUNC_OK
_HTTP_1_1: int = pycurl.CURL_HTTP_VERSION_1_1


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
        host, secure = _place("/".join(request.url.split("/", 3)[:3]))
        foreign = not origin.owns(host)
        idle = self._idle.setdefault((foreign, origin.connect_to), [])
        handle = idle.pop() if idle else self._new_handle(origin, secure=secure, foreign=foreign)
        sockets = origin.guard(handle, host)
        lines: list[bytes] = []
        parts: list[bytes] = []
        room = request.meta.get("keep_bytes", self._origin.max_body_bytes)
        received = 0
        sent = leaves = False
        connection = 0

        def write(chunk: bytes) -> None:
            nonlocal received, room
            size = len(chunk)
            received += size
            if room > 0:
                parts.append(chunk if size <= room else chunk[:room])
                room -= size

        def may_send(_ip: str, _local_ip: str, _port: int, local_port: int) -> int:
            nonlocal sent, leaves, connection
            leaves = not sent and not self._keeps(request, local_port)
            if sent or leaves:
                return _ABORT
            sent, connection = True, local_port
            return _OK

        try:
            handle.setopt(pycurl.URL, request.url)
            self._prepare(handle, request, secure=secure)
            _set_header_lines(handle, self._header_lines(request, foreign=foreign))
            handle.setopt(pycurl.PREREQFUNCTION, may_send)
            handle.setopt(pycurl.HEADERFUNCTION, lines.append)
            handle.setopt(pycurl.WRITEFUNCTION, write)
            try:
                in_flight = await self._transfers.perform(handle)
            except TransferError:
                if not leaves:
                    raise
                in_flight = await self._perform_anew(handle, origin)
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
                connection=0
                if handle.getinfo(pycurl.INFO_HTTP_VERSION) > _HTTP_1_1
                else connection,
            )
        finally:
            idle.append(handle)

    async def _perform_anew(self, handle: pycurl.Curl, origin: Origin) -> int:
        """Over another connection: libcurl has closed the one that was left, and sent nothing."""
        handle.setopt(pycurl.FRESH_CONNECT, 1)
        try:
            return await self._transfers.perform(handle)
        finally:
            handle.setopt(pycurl.FRESH_CONNECT, origin.new_connections)

    def _new_handle(self, origin: Origin, *, secure: bool, foreign: bool) -> pycurl.Curl:
        return origin.new_handle(secure=secure, foreign=foreign)

    def _keeps(self, request: Request, connection: int) -> bool:  # noqa: ARG002 -- plans choose
        """Whether the request may go over a connection, by its local port; else a new one."""
        return True

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


@lru_cache(maxsize=256)
def _place(root: str) -> tuple[str, bool]:
    """Host name in lower case, and whether by https, of a URL up to its path: few, asked often."""
    parts = urlsplit(root)
    return parts.hostname or "", parts.scheme == "https"


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
