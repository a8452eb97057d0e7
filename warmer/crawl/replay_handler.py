"""The download handler of replays: any method, with a body, and the cookies of a visitor."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pycurl

from warmer.crawl.plan_handler import PlanDownloadHandler
from warmer.crawl.replay_scheduler import DUE
from warmer.crawl.session import is_safe, with_cookie

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy import Request
    from scrapy.http import Response

    from warmer.crawl.fetch import Fetch
    from warmer.crawl.replay_job import Due


class ReplayDownloadHandler(PlanDownloadHandler):
    """Sends what is due as its visitor; keeps the cookies that come back in the visitor's jar."""

    async def download_request(self, request: Request) -> Response:
        """As for plans; raises FetchError."""
        response = await super().download_request(request)
        due: Due = request.meta[DUE]
        fetch: Fetch = request.meta["fetch"]
        if any(name == "set-cookie" for name, _ in fetch.headers):
            secure = is_safe(self._origin, request.url)
            due.jar.take(request.url, fetch.headers, secure=secure, now=time.time())
        return response

    def _prepare(self, handle: pycurl.Curl, request: Request, *, secure: bool) -> None:
        """Handles are used again, so each request sets all that another may have set."""
        super()._prepare(handle, request, secure=secure)
        due: Due = request.meta[DUE]
        handle.unsetopt(pycurl.CUSTOMREQUEST)
        handle.setopt(pycurl.HTTPGET, 1)
        if due.method == "HEAD":
            handle.setopt(pycurl.NOBODY, 1)
        elif due.method != "GET":
            if due.body or due.method in ("POST", "PUT", "PATCH"):
                handle.setopt(pycurl.POSTFIELDS, due.body)
            handle.setopt(pycurl.CUSTOMREQUEST, due.method)

    def _header_lines(self, request: Request, *, foreign: bool) -> Sequence[str]:
        lines = super()._header_lines(request, foreign=foreign)
        due: Due = request.meta[DUE]
        cookie = due.jar.header(
            request.url, secure=is_safe(self._origin, request.url), now=time.time()
        )
        return with_cookie(lines, cookie)
