"""A mail server that keeps what it gets; who is called `refused…` has no box."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

from tests.servers.process import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message as Mail


class Sink(Message):
    """Takes every mail and keeps it."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Mail] = []

    def handle_message(self, message: Mail) -> None:
        self.mails.append(message)

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if address.startswith("refused"):
            return "550 no such box"
        envelope.rcpt_tos.append(address)
        return "250 OK"


@contextlib.contextmanager
def running_mail() -> Iterator[Controller]:
    """`handler.mails` are those that came."""
    server = Controller(Sink(), hostname=HOST, port=free_port())
    server.start()
    try:
        yield server
    finally:
        server.stop()
