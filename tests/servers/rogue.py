"""A scripted HTTP server that misbehaves as no real server can be configured to.

Each path has a behaviour; what has none answers 404. Requests are recorded as they
arrive, with their headers, and can be held on the wire. It speaks bytes over plain
TCP (TLS if given a context) and checks nothing that a client sends.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import socketserver
import struct
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from tests.servers.process import HOST

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from io import BufferedReader

    Behaviour = Callable[["Exchange"], None]

ARRIVAL_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came over the wire; header names are lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    at: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class Exchange:
    """What a behaviour has in hand: the request, and the client's connection."""

    request: Request
    number: int
    _connection: socket.socket
    _rogue: Rogue
    keep_alive: bool = True

    @property
    def client(self) -> int:
        """The client's port: the same for all requests of one connection."""
        port: int = self._connection.getpeername()[1]
        return port

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)
        self._rogue.note_sent(self.request.target, len(data))

    def answer(
        self, body: bytes = b"", *, status: str = "200 OK", headers: Mapping[str, str] | None = None
    ) -> None:
        """Send a response that is in order."""
        self.send(head(status, {"Content-Length": str(len(body)), **(headers or {})}) + body)

    def send_head(self, status: str, headers: Mapping[str, str]) -> None:
        self.send(head(status, headers))

    def pause(self, seconds: float | None = None) -> None:
        """Say nothing for so long, for ever by default; ends when the client leaves."""
        watch = select.poll()
        watch.register(self._connection, select.POLLIN)
        # A client that waits for an answer sends nothing: what can be read is its leaving.
        if watch.poll(None if seconds is None else seconds * 1000):
            raise ConnectionResetError

    def reset(self) -> None:
        """End the connection with a TCP reset instead of a proper close."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.keep_alive = False


class Hold:
    """Requests for one path stay unanswered inside of `with` or `async with`."""

    def __init__(self, rogue: Rogue, target: str) -> None:
        self._rogue = rogue
        self._target = target
        self._released = threading.Event()
        self._arrived = threading.Semaphore(0)

    def wait_until_arrived(self, requests: int = 1) -> None:
        """Block until so many more requests are being held; AssertionError if none come."""
        for _ in range(requests):
            assert self._arrived.acquire(timeout=ARRIVAL_LIMIT_S), f"no request: {self._target}"

    async def arrived(self, requests: int = 1) -> None:
        """As `wait_until_arrived`, without blocking the event loop."""
        await asyncio.to_thread(self.wait_until_arrived, requests)

    def keep(self) -> None:
        """Called by the server's thread for a request that is to be held."""
        self._arrived.release()
        self._released.wait()

    def __enter__(self) -> Self:
        self._rogue.holds[self._target] = self
        return self

    def __exit__(self, *_exception: object) -> None:
        self._rogue.holds.pop(self._target, None)
        self._released.set()

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(self, *exception: object) -> None:
        self.__exit__(*exception)


class Rogue:
    """The server; `on(path, behaviour)` scripts it, `requests` and `count` tell what came."""

    def __init__(self, tls: ssl.SSLContext | None = None, *, port: int = 0) -> None:
        self.holds: dict[str, Hold] = {}
        self.peak_in_flight = 0
        self.connections = 0
        self._behaviours: dict[str, Behaviour] = {}
        self._requests: list[Request] = []
        self._sent: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._in_flight = 0
        self._open: set[socket.socket] = set()
        self._tls = tls
        self._server = _Listener((HOST, port), self)
        self.host = HOST
        self.port: int = self._server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://{HOST}:{self.port}"

    @property
    def node(self) -> str:
        """host:port, as `--connect-to` takes it."""
        return f"{self.host}:{self.port}"

    def on(self, target: str, behaviour: Behaviour) -> None:
        """Answer requests for this path and query so from now on."""
        self._behaviours[target] = behaviour

    def hold(self, target: str) -> Hold:
        return Hold(self, target)

    def requests(self, target: str | None = None) -> list[Request]:
        """What arrived, in order of arrival; for one path and query, or for all."""
        with self._lock:
            return [seen for seen in self._requests if target in {None, seen.target}]

    def count(self, target: str | None = None) -> int:
        return len(self.requests(target))

    def sent_bytes(self, target: str) -> int:
        """Bytes that the client's side has taken off our hands for this path."""
        with self._lock:
            return self._sent[target]

    def note_sent(self, target: str, size: int) -> None:
        with self._lock:
            self._sent[target] += size

    def serve(self, plain: socket.socket) -> None:
        """Talk to one client until it or a behaviour ends the connection."""
        # A client that goes away in the middle is what misbehaviour brings about.
        with contextlib.suppress(OSError):
            # Small writes must not wait for the client's delayed acknowledgement.
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
            with self._lock:
                self._open.add(connection)
                self.connections += 1
            try:
                with connection, connection.makefile("rb") as stream:
                    while request := _read_request(stream):
                        if not self._answer(request, connection):
                            break
            finally:
                with self._lock:
                    self._open.discard(connection)

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        for hold in list(self.holds.values()):
            hold.__exit__()
        self._server.shutdown()
        self._server.server_close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _answer(self, request: Request, connection: socket.socket) -> bool:
        with self._lock:
            self._requests.append(request)
            number = sum(seen.target == request.target for seen in self._requests)
            self._in_flight += 1
            self.peak_in_flight = max(self.peak_in_flight, self._in_flight)
        exchange = Exchange(request, number, connection, self)
        try:
            if hold := self.holds.get(request.target):
                hold.keep()
            self._behaviours.get(request.target, _unknown)(exchange)
        finally:
            with self._lock:
                self._in_flight -= 1
        return exchange.keep_alive


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, address: tuple[str, int], rogue: Rogue) -> None:
        self._rogue = rogue
        super().__init__(address, socketserver.BaseRequestHandler)

    def finish_request(self, request: object, client_address: object) -> None:
        assert isinstance(request, socket.socket), client_address
        self._rogue.serve(request)

    def shutdown_request(self, request: object) -> None:
        """Close without an orderly shutdown, which would spoil a TCP reset."""
        assert isinstance(request, socket.socket)
        request.close()


def head(status: str, headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1")


def _read_request(stream: BufferedReader) -> Request | None:
    start = stream.readline().decode("latin-1").split()
    if len(start) < 2:
        return None
    headers: dict[str, str] = {}
    while line := stream.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    stream.read(int(headers.get("content-length", "0")))
    return Request(start[0], start[1], headers)


def _unknown(exchange: Exchange) -> None:
    exchange.answer(b"nothing is scripted here", status="404 Not Found")
