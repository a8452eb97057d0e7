"""An origin that can ail: `python -m bench.origin PORT JOURNAL SLOTS SECONDS`.

Every page takes so many seconds; more requests than SLOTS wait for their turn. Paths
below /-/ change it while it runs: /-/seconds/0.1 makes pages slower, /-/broken/1 answers
503 at once. The journal has a line for each answer: when it ended, and its status.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from pathlib import Path

BODY = b"<!doctype html><title>A page</title>" + b"<p>some words</p>" * 500
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nCache-Control: max-age=600\r\n"
_BROKEN = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\n"


class Origin:
    """What all connections share: free slots, who waits for one, and how it ails."""

    def __init__(self, slots: int, seconds: float, journal: Path) -> None:
        self.seconds = seconds
        self.is_broken = False
        self._free = slots
        self._waiting: deque[Connection] = deque()
        self._journal = journal.open("w", buffering=1)
        self._loop = asyncio.get_running_loop()

    def ask(self, connection: Connection) -> None:
        """Answer at once if broken, else when there is a slot and the page is done."""
        if self.is_broken:
            self._answer(connection, _BROKEN, b"", 503)
        elif self._free:
            self._free -= 1
            self._loop.call_later(self.seconds, self._done, connection)
        else:
            self._waiting.append(connection)

    def _done(self, connection: Connection) -> None:
        self._answer(connection, _OK, BODY, 200)
        if self._waiting:
            self._loop.call_later(self.seconds, self._done, self._waiting.popleft())
        else:
            self._free += 1

    def _answer(self, connection: Connection, head: bytes, body: bytes, status: int) -> None:
        print(f"{time.monotonic():.6f} {status}", file=self._journal)
        connection.send(head, body)


class Connection(asyncio.Protocol):
    """One client; requests come one after the other, as HTTP/1.1 clients send them."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._received.endswith(b"\r\n\r\n"):
            return
        path = self._received.split(b" ", 2)[1].decode()
        self._received = b""
        if path.startswith("/-/"):
            _, _, name, value = path.split("/")
            if name == "seconds":
                self._origin.seconds = float(value)
            else:
                self._origin.is_broken = value == "1"
            self.send(_OK, b"")
        else:
            self._origin.ask(self)

    def send(self, head: bytes, body: bytes) -> None:
        """The rest of the head, and the body."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)


async def main(port: int, journal: Path, slots: int, seconds: float) -> None:
    origin = Origin(slots, seconds, journal)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(origin), "127.0.0.1", port, backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
