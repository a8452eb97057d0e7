"""A scripted site with a form, for logins that go wrong as no real site can be made to.

Answers by method and path; what is not scripted is 404. Keeps the requests with their bodies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.component.wiretap import Wiretap

if TYPE_CHECKING:
    import asyncio
    import ssl
    from collections.abc import Mapping

FORM = (
    '<form method="post"><input name="username"><input name="password" type="password">'
    '<input type="hidden" name="csrfmiddlewaretoken" value="t0ken"></form>'
)
Script = tuple[int, dict[str, str], str]


class FormSite(Wiretap):
    """`script` maps `GET /login/` to status, headers and body; Set-Cookie of one cookie at most."""

    def __init__(self, script: Mapping[str, Script], *, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls=tls)
        self.script = dict(script)
        self.requests: list[tuple[str, dict[str, str], str]] = []

    async def answer(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        line, *fields = head.decode().rstrip("\r\n").split("\r\n")
        headers = {name.lower(): value for name, _, value in (f.partition(": ") for f in fields)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        what = line.rpartition(" ")[0]
        self.requests.append((what, headers, body.decode()))
        status, more, page = self.script.get(what, (404, {}, ""))
        lines = [
            f"{name}: {value}" for name, value in ({"Content-Type": "text/html"} | more).items()
        ]
        text = [f"HTTP/1.1 {status} x", *lines, f"Content-Length: {len(page.encode())}", "", page]
        writer.write("\r\n".join(text).encode())
        await writer.drain()
        return True
