"""siege's urls.txt: a URL a line, `NAME=value` for `$(NAME)`, `URL POST data`, `URL POST <file`.

Variables are those of the file alone: siege looks into the environment as well, which may
hold secrets. Has no time, no header and no visitor in it.
Source: siege, src/cfg.c, src/eval.c and src/url.c.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from warmer.sources.body_file import BODY_FILE, read_body
from warmer.sources.capture import CapturedRequest, Headers
from warmer.sources.lines import blocks, text_chunks
from warmer.sources.urls import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.sources.files import Opened
    from warmer.sources.skipped import Skipped

MAX_LINE_BYTES = 65_536
UNDEFINED = "undefined-variable"
_MAX_DEPTH = 10
_ASSIGNMENT = re.compile(rb"([A-Za-z0-9_]+)=[ \t=]*(.*)")
_REFERENCE = re.compile(rb"\$(?:\((\w+)\)|\{(\w+)\}|(\w+))")
_SENDING = re.compile(rb"[ \t](POST|PUT)(?=[ \t]|$)")
_OTHER = re.compile(rb"(\S++)[ \t]+(GET|HEAD|DELETE|PATCH|OPTIONS)")
_HAS_PLACE = re.compile(rb"/|[A-Za-z][A-Za-z0-9+.-]*:(?!\d)")
_FORM: Headers = (("Content-Type", "application/x-www-form-urlencoded"),)


def requests(file: Opened, skipped: Skipped) -> Iterator[CapturedRequest]:
    """Every line that is a request, in the order of the file."""
    variables: dict[bytes, bytes] = {}
    for block in blocks(text_chunks(file.chunks), file.place, skipped):
        for number, raw in enumerate(block.data[:-1].split(b"\n"), block.first):
            line = raw.strip()
            if not line or line.startswith(b"#"):
                continue
            assignment = _ASSIGNMENT.fullmatch(line)
            if assignment:
                variables[assignment[1]] = assignment[2].strip()
                continue
            filled = _filled(line, variables)
            found = UNDEFINED if filled is None else _request(filled)
            if isinstance(found, CapturedRequest):
                yield found
            else:
                skipped.note(found, place=f"{file.place}:{number}")


def is_siege(text: bytes) -> bool:
    """Whether lines of this are what siege alone understands: variables, or data to be sent."""
    lines = [line.strip() for line in text.split(b"\n")]
    return any(
        _ASSIGNMENT.fullmatch(line) or _SENDING.search(line)
        for line in lines
        if not line.startswith(b"#")
    )


def _filled(line: bytes, variables: dict[bytes, bytes]) -> bytes | None:
    """The line with its variables filled in; None if one is not known, or holds itself.

    A name without parentheses that is no variable stays: `?$filter=` is a query.
    """
    for _ in range(_MAX_DEPTH):
        found = [
            match for match in _REFERENCE.finditer(line) if not match[3] or match[3] in variables
        ]
        if not found:
            return line
        names = [match[1] or match[2] or match[3] for match in found]
        if not variables.keys() >= set(names):
            return None
        if len(line) + sum(len(variables[name]) for name in names) > MAX_LINE_BYTES:
            return None
        line = _REFERENCE.sub(
            lambda match: variables.get(match[1] or match[2] or match[3], match[0]), line
        )
    return None


def _request(line: bytes) -> CapturedRequest | str:
    method, raw_url, data = b"GET", line, b""
    if sending := _SENDING.search(line):
        raw_url, method = line[: sending.start()].rstrip(), sending[1]
        data = line[sending.end() :].strip()
    elif other := _OTHER.fullmatch(line):
        raw_url, method = other[1], other[2]
    # A line without a scheme begins with a host.
    url = check(raw_url if _HAS_PLACE.match(raw_url) else b"//" + raw_url)
    if not isinstance(url, str):
        return url.value
    if not data.startswith(b"<"):
        return CapturedRequest(None, method.decode(), url, _FORM if data else (), data)
    body = read_body(data[1:].strip().decode(errors="surrogateescape"))
    return BODY_FILE if body is None else CapturedRequest(None, method.decode(), url, _FORM, body)
