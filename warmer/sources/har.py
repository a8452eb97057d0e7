"""HAR 1.2 captures, as browsers and proxies save them: one JSON object with all requests.

Entries are cut out of the text one by one, for the bodies of the responses make such files
large; what follows a cut or a fault is counted, and what came before it is kept.
Source: the HAR 1.2 specification, `log.entries`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from warmer.errors import SourceError
from warmer.sources.capture import CapturedRequest, user_of, without_credentials
from warmer.sources.lines import text_chunks
from warmer.sources.log_request import LeftOut
from warmer.sources.urls import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.sources.files import Opened
    from warmer.sources.skipped import Skipped

MAX_ENTRY_BYTES = 64_000_000
MAX_PREFACE_BYTES = 64_000_000

_ENTRIES = re.compile(rb'"entries"\s*+:\s*+\[')
# A string that does not end yet matches as its quotation mark alone.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|["{}\[\]]', re.DOTALL)


class _Pair(msgspec.Struct):
    name: str = ""
    value: str = ""


class _Body(msgspec.Struct):
    text: str = ""
    params: tuple[_Pair, ...] = ()


class _Request(msgspec.Struct):
    method: str
    url: str
    headers: tuple[_Pair, ...] = ()
    postData: _Body | None = None  # noqa: N815 -- as the format spells it


class _Response(msgspec.Struct):
    status: int = 0


class _Entry(msgspec.Struct):
    request: _Request
    startedDateTime: str = ""  # noqa: N815 -- as the format spells it
    response: _Response | None = None


_decode = msgspec.json.Decoder(_Entry).decode


def requests(
    file: Opened, skipped: Skipped, *, keep_credentials: bool
) -> Iterator[CapturedRequest]:
    """Every request, in the order of the file, which need not be that of time.

    Raises SourceError if there is no list of entries in it.
    """
    for number, entry in enumerate(_entries(file, skipped), 1):
        found = _request(entry, keep_credentials=keep_credentials)
        if isinstance(found, CapturedRequest):
            yield found
        else:
            skipped.note(found, place=f"{file.place}: entry {number}")


def _entries(file: Opened, skipped: Skipped) -> Iterator[bytes]:
    cutter = _Cutter()
    for chunk in _behind_the_preface(file):
        yield from cutter.feed(chunk)
        if cutter.is_complete:
            return
        if cutter.is_broken or cutter.waiting_bytes > MAX_ENTRY_BYTES:
            break
    too_long = cutter.waiting_bytes > MAX_ENTRY_BYTES
    skipped.note(
        "entry-too-long" if too_long else "truncated", place=f"{file.place}: entry {cutter.number}"
    )


def _behind_the_preface(file: Opened) -> Iterator[bytes]:
    """The text from the first entry on; raises SourceError if there is no list of entries."""
    chunks = text_chunks(file.chunks)
    data = b""
    for chunk in chunks:
        data += chunk
        found = _ENTRIES.search(data)
        if found is not None:
            yield data[found.end() :]
            yield from chunks
            return
        if len(data) > MAX_PREFACE_BYTES:
            break
    raise SourceError(f"{file.place}: no HAR capture; expected a JSON object with log.entries.")


class _Cutter:
    """Cuts the objects out of a JSON list that comes in pieces; `number` is that of the next."""

    def __init__(self) -> None:
        self.number = 1
        self.is_complete = False
        self.is_broken = False
        self._data = b""
        self._position = 0
        self._depth = 0

    @property
    def waiting_bytes(self) -> int:
        return len(self._data)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The objects that end in this piece."""
        data = self._data + chunk
        start, position, depth = 0, self._position, self._depth
        while (token := _TOKEN.search(data, position)) and token[0] != b'"':
            position = token.end()
            mark = token[0]
            if mark in b"{[":
                start = token.start() if depth == 0 else start
                depth += 1
            elif mark in b"}]":
                depth -= 1
            if mark == b"}" and depth == 0:
                yield data[start:position]
                start = position
                self.number += 1
            if depth < 0:
                self.is_complete, self.is_broken = mark == b"]", mark == b"}"
                return
        # A string that has begun is looked at again when more of it is there.
        self._position = (token.start() if token else len(data)) - start
        self._data, self._depth = data[start:], depth


def _request(entry: bytes, *, keep_credentials: bool) -> CapturedRequest | str:
    try:
        found = _decode(entry)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return LeftOut.UNPARSABLE.value
    request = found.request
    url = check(request.url.encode(errors="replace"))
    if not isinstance(url, str):
        return str(url.value)
    # HTTP/2 has its request line among the headers, as `:path`.
    headers = [(each.name, each.value) for each in request.headers if each.name[:1] != ":"]
    status = found.response.status if found.response else None
    return CapturedRequest(
        _unix(found.startedDateTime),
        request.method.upper(),
        url,
        tuple(headers) if keep_credentials else without_credentials(headers),
        _body(request.postData),
        user_of(headers),
        status,
    )


def _unix(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _body(data: _Body | None) -> bytes:
    if data is None:
        return b""
    if data.text or not data.params:
        return data.text.encode(errors="replace")
    return urlencode([(each.name, each.value) for each in data.params]).encode()
