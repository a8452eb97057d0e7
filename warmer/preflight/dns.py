"""The TTL of a host's address, by one question to the system's resolver (RFC 1035, 4.1).

Asks for an A record by UDP; a library for it would be larger than the rest of the room.
"""

from __future__ import annotations

import secrets
import socket
import struct
from pathlib import Path

_TIMEOUT_S = 2.0
_HEADER = struct.Struct(">6H")
_RECORD = struct.Struct(">HHIH")
_POINTER = 0xC0
_RECURSE = 0x0100
_A, _IN = 1, 1


def resolver(text: str) -> str | None:
    """The first nameserver of a resolv.conf(5); None if it names none."""
    for line in text.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            return words[1]
    return None


def system_resolver() -> tuple[str, int] | None:
    """Where the system's questions go; None where it does not say."""
    try:
        found = resolver(Path("/etc/resolv.conf").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
    return None if found is None else (found, 53)


def ask_ttl(host: str, server: tuple[str, int]) -> int | None:
    """Seconds for which the host's address may be kept; None where nothing is told. Blocks."""
    number = secrets.randbits(16)
    try:
        family = socket.getaddrinfo(*server, type=socket.SOCK_DGRAM)[0][0]
        with socket.socket(family, socket.SOCK_DGRAM) as channel:
            channel.settimeout(_TIMEOUT_S)
            channel.connect(server)
            channel.send(question(host, number))
            return lowest_ttl(channel.recv(4096), number)
    except OSError:
        return None


def question(host: str, number: int) -> bytes:
    """A query for the A records of a host name in ASCII."""
    labels = host.rstrip(".").encode("ascii").split(b".")
    name = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    header = _HEADER.pack(number, _RECURSE, 1, 0, 0, 0)
    return header + name + struct.pack(">HH", _A, _IN)


def lowest_ttl(answer: bytes, number: int) -> int | None:
    """The lowest TTL among the records of an answer; None if it is none, has none, or is cut."""
    try:
        found, flags, questions, records, _, _ = _HEADER.unpack_from(answer)
        if found != number or flags & 0x000F:
            return None
        at = _HEADER.size
        for _ in range(questions):
            at = _after_name(answer, at) + 4
        ttls = []
        for _ in range(records):
            at = _after_name(answer, at)
            _, _, ttl_s, length = _RECORD.unpack_from(answer, at)
            ttls.append(ttl_s)
            at += _RECORD.size + length
    except (struct.error, IndexError):
        return None
    return min(ttls, default=None)


def _after_name(answer: bytes, at: int) -> int:
    while (length := answer[at]) != 0:
        if length & _POINTER == _POINTER:
            return at + 2
        at += length + 1
    return at + 1
