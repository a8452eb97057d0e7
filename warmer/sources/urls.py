"""One URL or path of a source, checked and made ready to be sent. Pure.

What is accepted comes back as ASCII: `https://host/path`, `//host/path` (the
plan adds the scheme) or `/path`. Spaces and bytes beyond ASCII are
percent-encoded, host names become punycode. Refused: credentials, control
characters, other schemes, and whatever would have to be guessed.
"""

from __future__ import annotations

import re
from enum import Enum

from warmer.host_name import domain, ipv6

MAX_URL_BYTES = 8_192


class Rejection(Enum):
    """Why a line is no URL for us; the value is the reason that `Skipped` counts."""

    NOT_A_URL = "not-a-url"
    SCHEME = "scheme"
    CREDENTIALS = "credentials-in-url"
    CONTROL = "control-character"
    UNDECODABLE = "undecodable"
    TOO_LONG = "url-too-long"


# What needs no second look: most URLs of most sources.
_PLAIN = re.compile(
    rb"(?:(?:https?:)?//(?=[^/]{1,253}/)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*+"
    rb"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)?/(?!/)"
    rb"[A-Za-z0-9/_.~!$&'()*+,;=:@%-]*(?:\?[A-Za-z0-9/_.~!$&'()*+,;=:@%?-]*)?"
)
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_SCHEME = re.compile(rb"([A-Za-z][A-Za-z0-9+.-]*):(//)?")
_AUTHORITY = re.compile(rb"([^/?#]*)(.*)")
# A host name somebody left the scheme out of: `www.example.com`, `example.com/page`,
# `localhost:8000/page`. `about.html` and `index.php/page` are files.
_BARE_HOST = re.compile(
    rb"(?:localhost(?::\d+)?/"
    rb"|www\.[^/?#\s]+\.[a-z]{2,}(?::\d+)?(?:[/?#]|$)"
    rb"|(?:[^/?#:@\s.]+\.)+(?!(?:php\d?|html?|aspx?|jsp|cgi|txt|xml|json|md|py)[:/])[^/?#:@\s.\d]{2,}"
    rb"(?::\d+)?/)",
    re.IGNORECASE,
)
# The percent-encode sets of the URL standard (WHATWG), as browsers apply them.
_PATH_UNSAFE = re.compile(rb"[^\x21\x24-\x3b\x3d\x40-\x5b\x5d\x5f\x61-\x7a\x7c\x7e]")
_QUERY_UNSAFE = re.compile(rb"[^\x21\x23-\x3b\x3d\x3f-\x7e]")


def check(raw: bytes) -> str | Rejection:
    """The URL in a form that can be sent, or why it is refused.

    Surrounding blanks are dropped. A host without scheme (`example.com/page`)
    is taken as `//example.com/page`, never with a scheme that nobody wrote.
    """
    raw = raw.strip(b" \t\r\n")
    if len(raw) > MAX_URL_BYTES:
        return Rejection.TOO_LONG
    if _PLAIN.fullmatch(raw):
        return raw.decode("ascii")
    if _CONTROL.search(raw):
        return Rejection.CONTROL
    return _parse(raw)


def _parse(raw: bytes) -> str | Rejection:
    if raw.startswith(b"//"):
        return _with_host("//", raw[2:])
    if raw.startswith(b"/"):
        return encode_target(raw)
    if _BARE_HOST.match(raw):
        return _with_host("//", raw)
    scheme = _SCHEME.match(raw)
    if scheme is None:
        return Rejection.NOT_A_URL
    name = scheme[1].decode("ascii").lower()
    if name not in {"http", "https"}:
        return Rejection.SCHEME
    return _with_host(f"{name}://", raw[scheme.end() :]) if scheme[2] else Rejection.NOT_A_URL


def encode_target(target: bytes) -> str:
    """A path with query, encoded as browsers send it: escapes stay, the fragment goes."""
    path, mark, query = target.partition(b"#")[0].partition(b"?")
    encoded = _PATH_UNSAFE.sub(_percent, path) + mark + _QUERY_UNSAFE.sub(_percent, query)
    return encoded.decode("ascii")


def _percent(match: re.Match[bytes]) -> bytes:
    return b"%%%02X" % match[0][0]


def _with_host(prefix: str, rest: bytes) -> str | Rejection:
    split = _AUTHORITY.fullmatch(rest)
    authority, target = (split[1], split[2]) if split else (b"", b"")
    if b"@" in authority:
        return Rejection.CREDENTIALS
    host = _host(authority)
    if isinstance(host, Rejection):
        return host
    slash = b"" if target.startswith(b"/") else b"/"
    return prefix + host + encode_target(slash + target)


def _host(authority: bytes) -> str | Rejection:
    try:
        text = authority.decode()
    except UnicodeDecodeError:
        return Rejection.UNDECODABLE
    bracketed = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\](?::(\d*))?", text)
    try:
        if bracketed:
            name, port = ipv6(bracketed[1]), bracketed[2]
        else:
            name, _, port = text.partition(":")
            name = domain(name)
    except ValueError:
        return Rejection.NOT_A_URL
    if port and not (port.isdecimal() and port.isascii() and 0 < int(port) < 65_536):
        return Rejection.NOT_A_URL
    return f"{name}:{int(port)}" if port else name
