"""vegeta's targets: `METHOD URL` with header lines and a body file, or a JSON object a line.

Has no time and no visitor in it. A target with a line that is no header is left out whole
and counted, for sent without it, it would be another request.
Source: vegeta, lib/targets.go and lib/target.schema.json.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from warmer.sources.body_file import BODY_FILE, read_body
from warmer.sources.capture import CapturedRequest, Headers, user_of, without_credentials
from warmer.sources.lines import blocks, text_chunks
from warmer.sources.log_request import LeftOut
from warmer.sources.urls import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.sources.files import Opened
    from warmer.sources.skipped import Skipped

_UNPARSABLE = LeftOut.UNPARSABLE.value
_TARGET = re.compile(rb"([A-Z]{3,20}) +(\S.*)")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:[ \t]*(\S.*)")


class _JsonTarget(msgspec.Struct):
    method: str
    url: str
    body: bytes | None = None  # base64 in the file
    header: dict[str, list[str]] | None = None


_decode = msgspec.json.Decoder(_JsonTarget).decode


class _Draft:
    """A target of the HTTP form, until the blank line or the next target ends it."""

    def __init__(self, method: bytes, url: bytes, number: int) -> None:
        self.number = number
        self._method = method
        self._url = url
        self._headers: list[tuple[str, str]] = []
        self._body: bytes = b""
        self._fault = ""

    def add(self, line: bytes) -> None:
        if line.startswith(b"@"):
            body = read_body(line[1:].strip().decode(errors="surrogateescape"))
            self._body = body or b""
            self._fault = self._fault or (BODY_FILE if body is None else "")
            return
        match = _HEADER.fullmatch(line)
        if match is None:
            self._fault = _UNPARSABLE
        else:
            self._headers.append((match[1].decode(), match[2].decode("latin-1")))

    def request(self, *, keep_credentials: bool) -> CapturedRequest | str:
        if self._fault:
            return self._fault
        return _request(
            self._method.decode(),
            self._url,
            self._headers,
            self._body,
            keep_credentials=keep_credentials,
        )


def requests(
    file: Opened, skipped: Skipped, *, keep_credentials: bool
) -> Iterator[CapturedRequest]:
    """Every target, in the order of the file."""
    draft: _Draft | None = None
    for number, line in _lines(file, skipped):
        start = _TARGET.fullmatch(line)
        if draft is not None and (start or not line):
            yield from _told(
                draft.request(keep_credentials=keep_credentials), draft.number, file, skipped
            )
            draft = None
        if start:
            draft = _Draft(start[1], start[2], number)
        elif line.startswith(b"{"):
            yield from _told(
                _of_json(line, keep_credentials=keep_credentials), number, file, skipped
            )
        elif draft is not None:
            draft.add(line)
        elif line and not line.startswith(b"#"):
            skipped.note(_UNPARSABLE, place=f"{file.place}:{number}")
    if draft is not None:
        yield from _told(
            draft.request(keep_credentials=keep_credentials), draft.number, file, skipped
        )


def _lines(file: Opened, skipped: Skipped) -> Iterator[tuple[int, bytes]]:
    for block in blocks(text_chunks(file.chunks), file.place, skipped):
        for number, line in enumerate(block.data[:-1].split(b"\n"), block.first):
            yield number, line.strip()


def _told(
    found: CapturedRequest | str, number: int, file: Opened, skipped: Skipped
) -> Iterator[CapturedRequest]:
    if isinstance(found, CapturedRequest):
        yield found
    else:
        skipped.note(found, place=f"{file.place}:{number}")


def _of_json(line: bytes, *, keep_credentials: bool) -> CapturedRequest | str:
    try:
        target = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _UNPARSABLE
    headers = [(name, value) for name, values in (target.header or {}).items() for value in values]
    url = target.url.encode(errors="replace")
    return _request(
        target.method.upper(), url, headers, target.body or b"", keep_credentials=keep_credentials
    )


def _request(
    method: str,
    raw_url: bytes,
    headers: list[tuple[str, str]],
    body: bytes,
    *,
    keep_credentials: bool,
) -> CapturedRequest | str:
    url = check(raw_url)
    if not isinstance(url, str):
        return url.value
    kept: Headers = tuple(headers) if keep_credentials else without_credentials(headers)
    return CapturedRequest(None, method, url, kept, body, user_of(headers))
