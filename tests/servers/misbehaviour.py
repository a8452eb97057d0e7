"""Behaviours for the rogue server: what servers do wrong, one function a fault.

Each returns a behaviour for `Rogue.on`. What must not end, ends when the client leaves
or the server is stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.servers.rogue import Behaviour, Exchange

TEN_GB = 10_000_000_000
MEGABYTE = bytes(1_000_000)


def page(
    body: bytes = b"<html><title>page</title></html>",
    *,
    status: str = "200 OK",
    headers: Mapping[str, str] | None = None,
) -> Behaviour:
    """A response that is in order."""
    return lambda exchange: exchange.answer(body, status=status, headers=headers)


def redirect(location: str, *, status: str = "302 Found") -> Behaviour:
    """A redirect; to itself, or two to each other, makes a circle."""
    return page(b"", status=status, headers={"Location": location})


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """The first request gets the first behaviour, and so on; the last one stays."""
    return lambda exchange: behaviours[min(exchange.number, len(behaviours)) - 1](exchange)


def slow(seconds: float, then: Behaviour) -> Behaviour:
    """Nothing for so long, then an answer."""

    def behave(exchange: Exchange) -> None:
        exchange.pause(seconds)
        then(exchange)

    return behave


def silence() -> Behaviour:
    """The request is taken and never answered."""
    return lambda exchange: exchange.pause()


def drip(interval_s: float = 0.05) -> Behaviour:
    """A body that comes a byte at a time, for ever."""

    def behave(exchange: Exchange) -> None:
        exchange.send_head("200 OK", {"Connection": "close"})
        while True:
            exchange.send(b"x")
            exchange.pause(interval_s)

    return behave


def drip_head(interval_s: float = 0.05) -> Behaviour:
    """Response headers that come a byte at a time, for ever."""

    def behave(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while True:
            exchange.send(b"x")
            exchange.pause(interval_s)

    return behave


def stall(sent: bytes = b"the beginning") -> Behaviour:
    """A body that starts well and never ends."""

    def behave(exchange: Exchange) -> None:
        exchange.send_head("200 OK", {"Content-Length": str(len(sent) + 1)})
        exchange.send(sent)
        exchange.pause()

    return behave


def cut_short(sent: bytes = b"the beginning", promised: int = 1000) -> Behaviour:
    """A body that ends before the promised Content-Length."""

    def behave(exchange: Exchange) -> None:
        exchange.send_head("200 OK", {"Content-Length": str(promised)})
        exchange.send(sent)
        exchange.keep_alive = False

    return behave


def cut_chunked() -> Behaviour:
    """A chunked body without its last chunk."""

    def behave(exchange: Exchange) -> None:
        exchange.send_head("200 OK", {"Transfer-Encoding": "chunked"})
        exchange.send(b"5\r\nhello\r\n")
        exchange.keep_alive = False

    return behave


def endless(*, announced: bool = True, size: int = TEN_GB) -> Behaviour:
    """10 GB made on the way; with their length announced, or until the connection closes."""

    def behave(exchange: Exchange) -> None:
        length = {"Content-Length": str(size)} if announced else {"Connection": "close"}
        exchange.send_head("200 OK", length)
        for _ in range(size // len(MEGABYTE)):
            exchange.send(MEGABYTE)
        exchange.keep_alive = False

    return behave


def huge_headers(size: int = 100_000_000) -> Behaviour:
    """Response headers of 100 MB."""

    def behave(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\n")
        for number in range(size // 1000):
            exchange.send(b"X-%06d: %s\r\n" % (number, b"x" * 989))
        exchange.send(b"\r\n")
        exchange.keep_alive = False

    return behave


def raw(response: bytes) -> Behaviour:
    """Exactly these bytes, then the end of the connection; for garbage status lines."""

    def behave(exchange: Exchange) -> None:
        exchange.send(response)
        exchange.keep_alive = False

    return behave


def close_at_once() -> Behaviour:
    """The connection is closed in place of an answer."""
    return raw(b"")


def reset() -> Behaviour:
    """The connection is reset (TCP RST) in place of an answer."""
    return lambda exchange: exchange.reset()
