"""Bounds what clients of the API can hold: connections, time for a request, time for an answer.

Stands between the event loop and aiohttp, which bounds sizes but not these.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_CONNECTIONS = 100
REQUEST_S = 10.0
"""From the connection to the end of the first request's head; aiohttp bounds later ones."""
ANSWER_S = 20.0
"""How long a client may not take what it asked for."""
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n"
    b"Content-Length: 0\r\n\r\n"
)


class Connections:
    """Makes guarded protocols; `begin` is told of each request whose head has come."""

    def __init__(self, make: Callable[[], asyncio.Protocol]) -> None:
        self._make = make
        self._open: dict[asyncio.Transport, _Guard] = {}

    def __call__(self) -> asyncio.Protocol:
        return _Guard(self._make(), self._open)

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, transport: asyncio.BaseTransport | None) -> None:
        """The head of a request has come over this connection."""
        guard = self._open.get(cast("asyncio.Transport", transport))
        if guard is not None:
            guard.disarm()


class _Guard(asyncio.Protocol):
    def __init__(
        self, inner: asyncio.Protocol, connections: dict[asyncio.Transport, _Guard]
    ) -> None:
        self._inner = inner
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        stream = cast("asyncio.Transport", transport)
        if len(self._connections) >= MAX_CONNECTIONS:
            stream.write(_FULL)
            stream.close()
            return
        self._transport = stream
        self._connections[stream] = self
        self._arm(REQUEST_S)
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._transport is not None:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received() if self._transport is not None else None

    def pause_writing(self) -> None:
        self._arm(ANSWER_S)
        if self._transport is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        self.disarm()
        if self._transport is not None:
            self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self.disarm()
        if self._transport is not None:
            del self._connections[self._transport]
            self._inner.connection_lost(exc)

    def disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()

    def _arm(self, seconds: float) -> None:
        self.disarm()
        if self._transport is not None:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(seconds, self._transport.abort)
