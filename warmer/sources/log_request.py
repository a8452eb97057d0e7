"""What one logged request says: a page that people ask for, or why it is none. Pure."""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from warmer.sources.urls import Rejection, check

# Served from disk or object storage, not from a page cache; documents to download
# included. XML, JSON and text stay: feeds, sitemaps and APIs are cached as pages are.
STATIC_EXTENSIONS = frozenset(
    b"css js mjs map wasm"
    b" png jpg jpeg gif webp avif svg ico bmp"
    b" woff woff2 ttf otf eot"
    b" mp4 webm mov m4a mp3 ogg wav"
    b" pdf zip gz tgz exe dmg".split()
)
COUNTED_STATUSES = (b"200", b"304")


class LeftOut(Enum):
    """Why a line of a log is not counted; the value is the reason that `Skipped` counts."""

    NOT_HTTP = "not-http"
    NOT_GET = "not-get"
    STATUS = "status"
    STATIC = "static-file"
    DOUBLE_SLASH = "double-slash"
    OWN_TRAFFIC = "own-traffic"
    UNPARSABLE = "unparsable"


class Request(NamedTuple):
    """One logged request, unescaped; empty where the log does not tell.

    `target` is a path with query or an absolute URL. `scheme` is set only where
    the log knows what the visitor used.
    """

    method: bytes
    target: bytes
    status: bytes
    host: bytes = b""
    scheme: bytes = b""


_LINE = re.compile(rb"([A-Za-z][A-Za-z-]{0,30}) +(\S.*?)(?: +HTTP/[0-9.]+)? *", re.DOTALL)
_ABSOLUTE = re.compile(rb"(https?)://([^/?#]*)(.*)", re.DOTALL | re.IGNORECASE)
_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|u00([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
# nginx's catch-all server is called `_`.
_NO_HOST = (b"", b"-", b"_")


def judge(request: Request) -> str | LeftOut | Rejection:
    """The URL that was asked for, or why this request counts for nothing.

    A path, `//host/path` where the log names the virtual host, or an absolute
    URL where it knows the scheme as well. The scheme of an absolute request
    target is not believed: Varnish writes http whatever the visitor used.
    """
    if not request.method or not request.target:
        return LeftOut.NOT_HTTP
    if request.method != b"GET":
        return LeftOut.NOT_GET
    if request.status not in COUNTED_STATUSES:
        return LeftOut.STATUS
    if is_static(request.target):
        return LeftOut.STATIC
    return url_of(request.scheme, request.host, request.target)


def url_of(scheme: bytes, host: bytes, target: bytes) -> str | LeftOut | Rejection:
    """The URL of a request target (RFC 9112, 3.2) under a host, whatever it is a request for.

    `scheme` is empty where nobody knows it.
    """
    if not target.startswith(b"/"):
        absolute = _ABSOLUTE.fullmatch(target)
        if absolute is None:
            return Rejection.NOT_A_URL
        host = absolute[2]
        target = absolute[3] if absolute[3].startswith(b"/") else b"/" + absolute[3]
    if host in _NO_HOST:
        # Without a host before it, `//path` would name one.
        return LeftOut.DOUBLE_SLASH if target.startswith(b"//") else check(target)
    prefix = scheme + b"://" if scheme in {b"http", b"https"} else b"//"
    return check(prefix + host + target)


def is_static(target: bytes) -> bool:
    """Whether a path, with or without a query, ends as files do that no page cache keeps."""
    path = target.partition(b"?")[0].partition(b"#")[0]
    extension = path.rpartition(b".")[2].partition(b";")[0]
    return extension.lower() in STATIC_EXTENSIONS


def split_line(line: bytes) -> tuple[bytes, bytes]:
    """Method and target of a request line; both empty if it is none (TLS, port scans, 408)."""
    words = line.split(b" ")
    if len(words) == 3 and words[0] == b"GET" and words[2].startswith(b"HTTP/"):
        return b"GET", words[1]
    match = _LINE.fullmatch(line)
    return (match[1], match[2]) if match else (b"", b"")


def scheme_of(target: bytes) -> bytes:
    """The scheme of an absolute target, in lower case, or b""."""
    match = _ABSOLUTE.match(target)
    return match[1].lower() if match else b""


def unescape(value: bytes) -> bytes:
    r"""What a server wrote as `\"`, `\\`, `\n`, `\x22` (Apache, nginx) or `\u0022` (JSON)."""
    return _ESCAPE.sub(_character, value) if b"\\" in value else value


def _character(match: re.Match[bytes]) -> bytes:
    digits = match[1] or match[2]
    if digits:
        return bytes.fromhex(digits.decode("ascii"))
    return _LETTERS.get(match[3], match[3])
