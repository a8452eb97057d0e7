"""A hot page, asked for as a visitor does: apart from the crawl, its limiter and its loop.

Each look is a blocking transfer in a thread, over a connection of its own, so that neither
our event loop's delays nor a worker that we happen to hold are in its time. Its time is
libcurl's, from the established connection to the first byte.
"""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pycurl

from warmer.crawl.fetch import parse_headers
from warmer.crawl.guard import Look
from warmer.crawl.retry import retry_after_s

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from warmer.crawl.origin import Origin

    IsHot = Callable[[Sequence[tuple[str, str]]], bool | None]
    """From a response's headers whether a cache gave it; None where they do not tell."""


LONGEST_PAUSE_S = 60.0
"""A canary that stays away for longer watches over nobody."""


class GoneError(Exception):
    """The page is no canary any more; `str()` says what came in its place."""


class Canary:
    """One page of the site with one set of request header lines; `close` when it is done.

    `asked_pause_s` is how long the last answer asked us to stay away (Retry-After), at most
    `LONGEST_PAUSE_S`; 0 where it did not.
    """

    def __init__(
        self,
        origin: Origin,
        url: str,
        lines: Sequence[str],
        *,
        is_hot: IsHot,
        max_ms: float,
        is_one_of_several: bool = False,
    ) -> None:
        self.url = url
        self.asked_pause_s = 0.0
        self._is_one_of_several = is_one_of_several
        self._is_hot = is_hot
        self._closed = threading.Event()
        # A look that was cancelled may be on the wire still.
        self._turn = threading.Lock()
        secure = urlsplit(url).scheme == "https"
        alone = dataclasses.replace(origin, new_connections=True)
        handle = alone.new_handle(secure=secure, foreign=False)
        target = alone.request_target(url.partition("#")[0], secure=secure)
        handle.setopt(pycurl.URL, url)
        handle.setopt(pycurl.REQUEST_TARGET, target)
        handle.setopt(pycurl.HTTPHEADER, [line.encode() for line in lines])
        handle.setopt(pycurl.TIMEOUT_MS, max(1, int(max_ms)))
        handle.setopt(pycurl.NOPROGRESS, 0)
        handle.setopt(pycurl.XFERINFOFUNCTION, lambda *_: self._closed.is_set())
        handle.setopt(pycurl.WRITEFUNCTION, lambda _: None)
        self._handle = handle

    async def look(self) -> Look:
        """Ask once; raises GoneError where something else than the page comes."""
        return await asyncio.to_thread(self._in_turn)

    def close(self) -> None:
        """End a transfer that is under way within a second; no look may follow."""
        self._closed.set()

    def _in_turn(self) -> Look:
        with self._turn:
            return self._perform(self._handle)

    def _perform(self, handle: pycurl.Curl) -> Look:
        lines: list[bytes] = []
        self.asked_pause_s = 0.0
        handle.setopt(pycurl.HEADERFUNCTION, lines.append)
        try:
            handle.perform()
        except pycurl.error as error:
            if self._is_one_of_several and error.args[0] == pycurl.E_COULDNT_CONNECT:
                raise GoneError(handle.errstr()) from None
            return Look(None, handle.errstr())
        status: int = handle.getinfo(pycurl.RESPONSE_CODE)
        headers = parse_headers(lines)
        asked = dict(headers).get("retry-after", "")
        self.asked_pause_s = min(retry_after_s(asked, datetime.now(UTC)) or 0.0, LONGEST_PAUSE_S)
        if status >= 500 or status == 429:
            return Look(None, f"status {status}")
        if status != 200:
            raise GoneError(f"status {status}")
        connected_s = max(
            handle.getinfo(pycurl.CONNECT_TIME), handle.getinfo(pycurl.APPCONNECT_TIME)
        )
        took_ms = (handle.getinfo(pycurl.STARTTRANSFER_TIME) - connected_s) * 1000
        return Look(max(0.0, took_ms), hot=self._is_hot(headers))
