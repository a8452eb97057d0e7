"""Whole lines out of chunks of bytes, in bounded memory.

A line over 64 KiB is skipped and counted as `line-too-long` without being held.
Blocks of many lines are the unit, because logs are matched a block at a time.
"""

from __future__ import annotations

import codecs
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.sources.skipped import Skipped

MAX_LINE_BYTES = 65_536


class Block(NamedTuple):
    """Whole lines, each ended by a newline; `first` is the number of the first, from 1.

    `lines` is how many there are: counting is a part of what reading a log costs.
    """

    data: bytes
    first: int
    lines: int


def blocks(chunks: Iterator[bytes], place: str, skipped: Skipped) -> Iterator[Block]:
    """Blocks of whole lines, each line at most 64 KiB; a newline is added to the last."""
    number = 1
    rest = b""
    dropping = False
    for chunk in chain(chunks, (b"",)):
        data = rest + chunk
        if not chunk and (rest or dropping):
            data += b"\n"  # the end: a line that nothing ended is a line
        if dropping:
            end = data.find(b"\n")
            if end < 0:
                rest = b""
                continue
            data = data[end + 1 :]
            number += 1
            dropping = False
        whole = data.rfind(b"\n") + 1
        rest = data[whole:]
        count = data.count(b"\n", 0, whole)
        yield from _without_long_lines(Block(data[:whole], number, count), place, skipped)
        number += count
        if len(rest) > MAX_LINE_BYTES:
            skipped.note("line-too-long", place=f"{place}:{number}")
            rest = b""
            dropping = True


def _without_long_lines(block: Block, place: str, skipped: Skipped) -> Iterator[Block]:
    """The block, cut around the lines that are too long."""
    data, first, lines = block
    start = checked = 0
    while checked < len(data):
        end = data.rfind(b"\n", checked, checked + MAX_LINE_BYTES + 1)
        if end >= 0:
            checked = end + 1
            continue
        before = data.count(b"\n", start, checked)
        if before:
            yield Block(data[start:checked], first, before)
        skipped.note("line-too-long", place=f"{place}:{first + before}")
        start = checked = data.index(b"\n", checked) + 1
        first += before + 1
        lines -= before + 1
    if checked > start:
        yield Block(data[start:checked] if start else data, first, lines)


def text_chunks(chunks: Iterator[bytes]) -> Iterator[bytes]:
    r"""UTF-8 without byte order mark, lines ended by \n, from what spreadsheets export.

    UTF-16 (by its byte order mark) is recoded; \r\n and \r become \n.
    Invalid UTF-8 is left as it is.
    """
    head = b""
    while len(head) < len(codecs.BOM_UTF8) and (chunk := next(chunks, b"")):
        head += chunk
    chunks = chain((head,) if head else (), chunks)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        chunks = (text.encode() for text in codecs.iterdecode(chunks, "utf-16", "replace"))
    elif head.startswith(codecs.BOM_UTF8):
        next(chunks)
        chunks = chain((head[len(codecs.BOM_UTF8) :],), chunks)
    return _newlines(chunks)


def _newlines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    pending = b""
    for chunk in chunks:
        data = pending + chunk
        # Whether \n follows is known with the next chunk only.
        pending = b"\r" if data.endswith(b"\r") else b""
        data = data[: len(data) - len(pending)]
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if data:
            yield data
    if pending:
        yield b"\n"
