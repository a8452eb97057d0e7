"""A visitor: another HTTP client than ours, that asks as a browser would.

Knows nothing of warmer. The public name stays in the Host header; where TCP goes is
given apart.
"""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

CHROME: Mapping[str, str] = {
    "User-Agent": (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/142.0.0.0 Safari/537.36"
    ),
    "Accept": (
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,"
        "*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
    ),
    "Accept-Language": "en-US,en;q=0.9",
    "Upgrade-Insecure-Requests": "1",
}


@dataclass(frozen=True, slots=True)
class Visit:
    """What a visitor got; header names as http.client compares them (any case)."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


def visit(
    node: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    tls: ssl.SSLContext | None = None,
) -> Visit:
    """Fetch `url` from `node` (host:port), following nothing and sending no cookies.

    `headers` are added to those of a Chrome, which offers br and zstd for https alone; an
    empty value takes one away. Without `tls`, an https URL is asked for in the clear, as
    by a proxy that has ended TLS.
    """
    parts = urlsplit(url)
    host, _, port = node.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    encodings = "gzip, deflate, br, zstd" if parts.scheme == "https" else "gzip, deflate"
    sent = {"Host": parts.netloc, **CHROME, "Accept-Encoding": encodings, **(headers or {})}
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.connect()
    if tls is not None:
        # HTTPSConnection would send the address, not the public name, as SNI.
        connection.sock = tls.wrap_socket(connection.sock, server_hostname=parts.hostname)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.items():
            if value:
                connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        return Visit(response.status, response.headers, response.read())
    finally:
        connection.close()
