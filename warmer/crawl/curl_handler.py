"""Scrapy's download handler by libcurl: a request in, a response with timings out.

Fetches what it is given and judges nothing; redirects, retries and limits are other
parts' business. The body is always read to its end, but only the first
`meta["keep_bytes"]` of it are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pycurl
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes

from warmer.crawl.fetch import REASON_BY_CODE, Fetch, FetchError, parse_headers
from warmer.crawl.transfers import TransferError, Transfers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy import Request
    from scrapy.crawler import Crawler

    from warmer.crawl.origin import Origin


class CurlDownloadHandler(BaseDownloadHandler):
    """Handles http and https; one for both schemes of a crawl."""

    lazy = False

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._origin: Origin = crawler.settings["WARMER_ORIGIN"]
        self._transfers = Transfers(max_connections=crawler.settings.getint("CONCURRENT_REQUESTS"))
        self._idle: dict[bool, list[pycurl.Curl]] = {False: [], True: []}

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

    async def _fetch(self, request: Request) -> Fetch:
        foreign = not self._origin.owns(urlsplit(request.url).hostname or "")
        idle = self._idle[foreign]
        handle = idle.pop() if idle else self._origin.new_handle(foreign=foreign)
        lines: list[bytes] = []
        parts: list[bytes] = []
        room = request.meta.get("keep_bytes", self._origin.max_body_bytes)
        received = 0

        def write(chunk: bytes) -> None:
            nonlocal received, room
            received += len(chunk)
            if room > 0:
                parts.append(chunk)
                room -= len(chunk)

        handle.setopt(pycurl.URL, request.url)
        handle.setopt(pycurl.HTTPHEADER, self._header_lines(request, foreign=foreign))
        handle.setopt(pycurl.HEADERFUNCTION, lines.append)
        handle.setopt(pycurl.WRITEFUNCTION, write)
        try:
            await self._transfers.perform(handle)
        except TransferError as error:
            reason = REASON_BY_CODE.get(error.code, "protocol")
            raise FetchError(reason, str(error)) from None
        else:
            return Fetch(
                status=handle.getinfo(pycurl.RESPONSE_CODE),
                headers=parse_headers(lines),
                body=parts[0] if len(parts) == 1 else b"".join(parts),
                body_bytes=received,
                total_ms=handle.getinfo(pycurl.TOTAL_TIME) * 1000,
                first_byte_ms=handle.getinfo(pycurl.STARTTRANSFER_TIME) * 1000,
            )
        finally:
            idle.append(handle)

    def _header_lines(self, request: Request, *, foreign: bool) -> Sequence[str]:
        headers = {
            name.decode("latin-1"): b", ".join(values).decode("latin-1")
            for name, values in request.headers.items()
        }
        if not foreign:
            headers |= self._origin.headers
        return [f"{name}: {value}" for name, value in headers.items()]

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
    fetch; nothing behind a plan reads them.
    """

    async def download_request(self, request: Request) -> Response:
        """An envelope with a `Fetch` in `request.meta["fetch"]`; raises FetchError.

        A request that is not of the plan (robots.txt) gets a response as usual.
        """
        if "target" not in request.meta:
            return await super().download_request(request)
        fetch = await self._fetch(request)
        request.meta["fetch"] = fetch
        return Response(request.url, status=fetch.status, request=request)

    def _header_lines(self, request: Request, *, foreign: bool) -> Sequence[str]:
        lines: Sequence[str] | None = request.meta.get("header_lines")
        return super()._header_lines(request, foreign=foreign) if lines is None else lines
