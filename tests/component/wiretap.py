"""Servers on the test's own loop that keep the bytes of what they were sent.

For what a parsed request hides: order, spelling and number of header lines, the name
in a TLS handshake, and what a proxy is told. They answer every request with 200.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import TYPE_CHECKING, Self

from tests.servers.process import HOST

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.certificates import Certificate

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Wiretap:
    """`heads` are the request heads as they came; `names` what was asked for by SNI.

    `connections` counts those that were accepted, with a request or without.
    """

    def __init__(
        self, *, host: str = HOST, path: Path | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.heads: list[bytes] = []
        self.names: list[str | None] = []
        self.connections = 0
        self._host = host
        self._path = path
        self._tls = tls
        self.port = 0

    async def __aenter__(self) -> Self:
        if self._tls is not None:
            self._tls.sni_callback = lambda _socket, name, _context: self.names.append(name)
        if self._path is not None:
            self._server: asyncio.Server = await asyncio.start_unix_server(self._serve, self._path)
        else:
            self._server = await asyncio.start_server(self._serve, self._host, 0, ssl=self._tls)
            self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def answer(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; False ends the connection."""
        del head, reader
        writer.write(ANSWER)
        await writer.drain()
        return True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                if not await self.answer(head, reader, writer):
                    break
        writer.close()


class Tunnel(Wiretap):
    """A proxy that opens a tunnel for CONNECT, wherever to, to one loopback port."""

    def __init__(self, port: int, *, refuse: bool = False) -> None:
        super().__init__()
        self._onward = port
        self._refuse = refuse

    async def answer(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        if not head.startswith(b"CONNECT "):
            return await super().answer(head, reader, writer)
        if self._refuse:
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return True
        far_reader, far_writer = await asyncio.open_connection(HOST, self._onward)
        writer.write(b"HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n")
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        return False


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


def server_tls(certificate: Certificate, *, clients: Path | None = None) -> ssl.SSLContext:
    """A server's side of TLS; `clients` is the authority that clients must show a paper of."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.chain, certificate.key)
    if clients is not None:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
