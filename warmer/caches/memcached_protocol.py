"""memcached's text protocol over one socket, pipelined; knows commands, not caches.

pymemcache cannot pipeline `me` and keeps only the end of a long answer, and presence is
what this project exists to tell, so it is asked for here. Nothing is tried twice.
"""

from __future__ import annotations

import re
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn, Self

from warmer.caches.counter_watch import CounterWatch
from warmer.caches.server import Entry
from warmer.errors import ConfigError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from io import BufferedReader

    from warmer.caches.address import CacheAddress

CONNECT_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 5.0
# At most 65 KB of questions: sent whole before the first answer is read, without either
# side waiting for the other, however long the answers are.
BATCH_COMMANDS = 250

BUSY_WAIT_S = 0.05
BUSY_RETRIES = 20

_KEY = re.compile(rb"[^\x00-\x20\x7f]{1,250}")

_MAX_LINE_BYTES = 4_096
_REFUSALS = (b"ERROR", b"CLIENT_ERROR", b"SERVER_ERROR", b"BUSY", b"LOCKED")


@dataclass(slots=True, eq=False)
class MemcachedNode:
    """One memcached, connected with its first question, and our tally there."""

    name: str
    address: CacheAddress
    where: tuple[str, int] | str
    own_hits: int = 0
    own_misses: int = 0
    watch: CounterWatch = field(default_factory=CounterWatch)
    _socket: socket.socket | None = None
    _reader: BufferedReader | None = None

    def entries(self, keys: Sequence[bytes]) -> list[Entry | None]:
        """Each key's size with key and header, and its TTL, by `me`: moves no counter, no LRU.

        memcached before 1.6.24 writes the time to live negated, and so the last second
        of an item as -1, which means no expiry.
        """
        entries: list[Entry | None] = []
        with _Exchange(self) as exchange:
            for start in range(0, len(keys), BATCH_COMMANDS):
                batch = keys[start : start + BATCH_COMMANDS]
                exchange.send(b"".join(b"me %b\r\n" % key for key in batch))
                entries.extend(_entry(exchange) for _ in batch)
        return entries

    def values(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Each key's value, by `mg`, tallied; the caller has looked at the sizes."""
        values: list[bytes | None] = []
        with _Exchange(self) as exchange:
            try:
                for start in range(0, len(keys), BATCH_COMMANDS):
                    batch = keys[start : start + BATCH_COMMANDS]
                    exchange.send(b"".join(b"mg %b v\r\n" % key for key in batch))
                    answers = [_value(exchange) for _ in batch]
                    self.own_misses += answers.count(None)
                    self.own_hits += len(answers) - answers.count(None)
                    values += answers
            except UnreachableError:
                self.watch.lose_count()
                raise
        return values

    def stats(self, *which: str) -> dict[str, str]:
        """The figures of `stats`, as memcached writes them."""
        stats = {}
        with _Exchange(self) as exchange:
            exchange.send(b" ".join([b"stats", *(word.encode() for word in which)]) + b"\r\n")
            while (line := exchange.line()) != b"END":
                words = line.split(b" ", 2)
                if words[0] != b"STAT" or len(words) != 3:
                    exchange.refuse(line)
                stats[words[1].decode()] = words[2].decode("utf-8", "replace")
        return stats

    def metadump(self) -> Generator[bytes]:
        """The keys, URI-encoded, as the LRU crawler meets them; stop when you have enough.

        Items that move between the LRU's lists meanwhile may be missed: a few in 100,000.
        Raises MetadumpRefusedError where the node does not allow it, or is at it for long.
        The connection is closed at the end, for the rest may still be on its way.
        """
        try:
            with _Exchange(self) as exchange:
                line = _start_metadump(exchange)
                while line != b"END":
                    if not line.startswith(b"key="):
                        exchange.refuse(line)
                    yield line[4:].partition(b" ")[0]
                    line = exchange.line()
        finally:
            self.close()

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        if self._reader is not None:
            self._reader.close()
        if self._socket is not None:
            self._socket.close()
        self._reader = self._socket = None

    def open(self) -> tuple[socket.socket, BufferedReader]:
        """The live connection; one that the server has closed meanwhile is replaced."""
        if self._socket is not None and not _is_quiet(self._socket):
            self.close()
        if self._socket is None or self._reader is None:
            self._socket = _connected(self.where)
            self._reader = self._socket.makefile("rb")
        return self._socket, self._reader


class MetadumpRefusedError(Exception):
    """The node does not list its keys (`-X`, crawler off or busy); `str()` is its answer."""


class _Exchange:
    """Questions and answers on a live connection; closes it when anything goes wrong."""

    def __init__(self, node: MemcachedNode) -> None:
        self._node = node

    def __enter__(self) -> Self:
        try:
            self._socket, self._reader = self._node.open()
        except OSError as error:
            raise self._unreachable(error) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._node.close()

    def send(self, commands: bytes) -> None:
        try:
            self._socket.sendall(commands)
        except OSError as error:
            raise self._unreachable(error) from error

    def line(self) -> bytes:
        try:
            line = self._reader.readline(_MAX_LINE_BYTES)
        except OSError as error:
            raise self._unreachable(error) from error
        if not line:
            raise self._unreachable("it closed the connection")
        # The crawler ends its lines with a line feed alone.
        if not line.endswith(b"\n"):
            self.refuse(line)
        return line.rstrip(b"\r\n")

    def read(self, size: int) -> bytes:
        try:
            data = self._reader.read(size)
        except OSError as error:
            raise self._unreachable(error) from error
        if len(data) < size:
            raise self._unreachable("it closed the connection")
        return data

    def refuse(self, line: bytes) -> NoReturn:
        answer = ascii(line[:80].decode("ascii", "replace"))
        msg = (
            f"cache {self._node.address.redacted()}: {self._node.name} answers {answer}, "
            "not as memcached 1.6 does; mend the port, or upgrade memcached"
        )
        raise ConfigError(msg)

    def _unreachable(self, reason: object) -> UnreachableError:
        return UnreachableError(
            f"cache {self._node.address.redacted()}: memcached at {self._node.name} does not "
            f"answer ({reason}); start it, or mend the address"
        )


def can_exist(key: bytes) -> bool:
    """Whether memcached can hold such a key: 1 to 250 bytes, no space, no control character."""
    return _KEY.fullmatch(key) is not None


def _start_metadump(exchange: _Exchange) -> bytes:
    """The first line of the list of keys."""
    line = b""
    for _ in range(BUSY_RETRIES):
        exchange.send(b"lru_crawler metadump all\r\n")
        line = exchange.line()
        if not line.startswith(_REFUSALS):
            return line
        if not line.startswith(b"BUSY"):
            break
        # Its own housekeeping, or a list that we left early: over in a moment.
        time.sleep(BUSY_WAIT_S)
    raise MetadumpRefusedError(line.decode("ascii", "replace"))


def _entry(exchange: _Exchange) -> Entry | None:
    line = exchange.line()
    if line == b"EN":
        return None
    words = line.split(b" ")
    if words[0] != b"ME" or len(words) < 3:
        exchange.refuse(line)
    facts = dict(word.split(b"=", 1) for word in words[2:] if b"=" in word)
    try:
        expiry, size_bytes = int(facts[b"exp"]), int(facts[b"size"])
    except (KeyError, ValueError):
        exchange.refuse(line)
    return Entry(size_bytes, None if expiry == -1 else float(abs(expiry)))


def _value(exchange: _Exchange) -> bytes | None:
    line = exchange.line()
    if line == b"EN":
        return None
    words = line.split(b" ")
    if words[0] != b"VA" or len(words) < 2 or not words[1].isdigit():
        exchange.refuse(line)
    return exchange.read(int(words[1]) + 2)[:-2]


def _connected(where: tuple[str, int] | str) -> socket.socket:
    if isinstance(where, str):
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(CONNECT_TIMEOUT_S)
            connection.connect(where)
        except OSError:
            connection.close()
            raise
    else:
        connection = socket.create_connection(where, CONNECT_TIMEOUT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.settimeout(READ_TIMEOUT_S)
    return connection


def _is_quiet(connection: socket.socket) -> bool:
    """Whether nothing, not even an end, has arrived since the last answer."""
    connection.settimeout(0)
    try:
        connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    else:
        return False
    finally:
        connection.settimeout(READ_TIMEOUT_S)
