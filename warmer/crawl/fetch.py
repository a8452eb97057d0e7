"""One HTTP exchange as libcurl saw it, before anything is judged."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pycurl

REASON_BY_CODE: dict[int, str] = {
    pycurl.E_COULDNT_RESOLVE_HOST: "dns",
    pycurl.E_COULDNT_RESOLVE_PROXY: "proxy",
    97: "proxy",  # CURLE_PROXY, which pycurl does not name
    pycurl.E_COULDNT_CONNECT: "connect",
    pycurl.E_OPERATION_TIMEDOUT: "timeout",
    pycurl.E_SSL_CONNECT_ERROR: "tls",
    pycurl.E_PEER_FAILED_VERIFICATION: "tls",
    pycurl.E_SSL_CERTPROBLEM: "tls",
    pycurl.E_SSL_CACERT_BADFILE: "tls",
    pycurl.E_SSL_CIPHER: "tls",
    pycurl.E_SSL_ISSUER_ERROR: "tls",
    98: "tls",  # CURLE_SSL_CLIENTCERT, which pycurl does not name
    pycurl.E_GOT_NOTHING: "closed-early",
    pycurl.E_PARTIAL_FILE: "closed-early",
    pycurl.E_SEND_ERROR: "closed-early",
    92: "closed-early",  # CURLE_HTTP2_STREAM, which pycurl does not name
    pycurl.E_FILESIZE_EXCEEDED: "too-large",
}
"""Why a target failed, by libcurl's error code; anything else is `protocol`."""

_READING = re.compile("Recv failure|SSL_read|Failure when receiving")
_BLANK = (b"\r\n", b"\n")

SILENT_REASONS = frozenset({"timeout", "closed-early"})
"""Reasons that say that an origin which is there does not answer, for this page at least."""
UNREACHABLE_REASONS = frozenset({"dns", "connect", "private-address", "tls", "proxy"})
"""Reasons that say that the origin itself cannot be talked to."""


@dataclass(slots=True)
class Fetch:
    """Status, headers, timings and the first bytes of one response.

    `headers` are in order, names lower case. `body` holds at most as many bytes
    as were asked for; `body_bytes` counts all that came. Times in milliseconds;
    `connect_ms` has TLS in it, and is 0 on a kept connection. `sent_bytes` is the request,
    `in_flight` how many were on the wire when this one ended, itself included. `connection`
    is its local port; 0 where there is none, or where requests share it (HTTP/2).
    """

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    body_bytes: int = 0
    total_ms: float = 0.0
    first_byte_ms: float = 0.0
    connect_ms: float = 0.0
    sent_bytes: int = 0
    in_flight: int = 1
    connection: int = 0


def reason_of(code: int, message: str) -> str:
    """The report's word for a failure of libcurl.

    A failure to read is to libcurl also what was read and not understood, and TLS 1.3
    refusing a client after its handshake; there the message alone tells.
    """
    if code == pycurl.E_RECV_ERROR:
        if " alert " in message:
            return "tls"
        return "closed-early" if _READING.search(message) else "protocol"
    return REASON_BY_CODE.get(code, "protocol")


class FetchError(Exception):
    """No whole response came; `reason` is a word of the report.

    `total_ms` is how long was waited for it, None where nothing was asked for; `sent` is
    False where nobody was there to send the request to.
    """

    def __init__(
        self, reason: str, detail: str, *, total_ms: float | None = None, sent: bool = True
    ) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.total_ms = total_ms
        self.sent = sent


def parse_headers(lines: list[bytes]) -> list[tuple[str, str]]:
    """The header fields of the final response, in order, names in lower case.

    Interim responses (1xx, a proxy's answer to CONNECT) come first, each begins
    with its own status line; what stands before the last one is dropped. So are
    trailers, which must not be taken for headers (RFC 9110, 6.5.1).
    """
    headers: list[tuple[str, str]] = []
    ended = False
    for line in lines:
        name, colon, value = line.partition(b":")
        if name.startswith(b"HTTP/"):
            headers.clear()
            ended = False
        elif colon and not ended:
            headers.append((name.decode("latin-1").lower(), value.strip().decode("latin-1")))
        elif line in _BLANK:
            ended = True
    return headers
