"""A URL that says whether a site is too hot; not a page of it, so with nothing of its own sent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pycurl

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT_S = 5
MOST_BYTES = 65_536


class UrlSignal:
    """Too hot unless it answers 2xx, and `judge` finds nothing wrong with what it says."""

    def __init__(self, url: str, judge: Callable[[str], str]) -> None:
        self._url = url
        self._judge = judge

    async def read(self) -> str:
        """Why the site is too hot, "" while it is not."""
        why = await asyncio.to_thread(self._ask)
        return why and f"guard.command_url: {why}"

    def _ask(self) -> str:
        body = bytearray()
        handle = pycurl.Curl()
        try:
            handle.setopt(pycurl.URL, self._url)
            handle.setopt(pycurl.NOSIGNAL, 1)
            handle.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
            handle.setopt(pycurl.TIMEOUT, TIMEOUT_S)
            handle.setopt(pycurl.MAXFILESIZE, MOST_BYTES)
            handle.setopt(pycurl.WRITEFUNCTION, body.extend)
            handle.perform()
            status: int = handle.getinfo(pycurl.RESPONSE_CODE)
        except pycurl.error:
            return handle.errstr()
        finally:
            handle.close()
        if not 200 <= status < 300:
            return f"status {status}"
        return self._judge(body.decode(errors="replace"))
