"""The download handler of plans: what a pass over targets needs beyond one exchange.

Chooses the server that a target goes to, and the connections that are kept.
"""

from __future__ import annotations

import logging
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pycurl
from scrapy.http import Response

from warmer.crawl.curl_handler import CurlDownloadHandler
from warmer.crawl.fetch import FetchError
from warmer.crawl.refresh import refresh_line
from warmer.crawl.request_meta import SERVER, TARGET
from warmer.crawl.servers import DOWN_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy import Request
    from scrapy.crawler import Crawler

    from warmer.crawl.fetch import Fetch
    from warmer.crawl.job import CrawlJob
    from warmer.crawl.origin import Origin
    from warmer.crawl.servers import Route

LONGEST_PLACED_S = 300
"""A connection that a placement keeps is used for so long: a load balancer may want to move it."""
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_log = logging.getLogger(__name__)


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
        self._placements = job.placements
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

    def _new_handle(self, origin: Origin, *, secure: bool, foreign: bool) -> pycurl.Curl:
        handle = super()._new_handle(origin, secure=secure, foreign=foreign)
        if self._placements is not None:
            handle.setopt(pycurl.MAXLIFETIME_CONN, LONGEST_PLACED_S)
        return handle

    def _keeps(self, request: Request, connection: int) -> bool:
        if self._placements is None:
            return True
        now = time.monotonic()
        placement = self._placements.of(request.meta.get(SERVER), now)
        if placement.keeps(connection, now):
            return True
        _log.info("a connection is left: %s", placement.why)
        return False

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
