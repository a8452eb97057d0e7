"""The bytes of a sitemap file: unpacked, in UTF-8, within a size limit, with a first look at them.

Streams: holds one chunk at a time, whatever the file's size. Knows nothing of XML.
"""

from __future__ import annotations

import codecs
import re
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from warmer.sources.decompress import GZIP_MAGIC, ZSTD_MAGIC, decompressed
from warmer.sources.skipped import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK_BYTES = 65_536
_LOOK_BYTES = 4_096
_PACKED = (GZIP_MAGIC, ZSTD_MAGIC)
_LAYERS = 2  # a .gz file that the server compressed once more
_BLANK = b"\xef\xbb\xbf \t\r\n"  # the bytes of a UTF-8 BOM, and white space
_UTF16 = {
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}
# Possessive, so that a hostile prolog cannot make the search backtrack.
_PROLOG = rb"(?>\s+|<\?.*?\?>|<!--.*?-->)*+"
_HTML = re.compile(
    _PROLOG + rb"<(?:!doctype\s+html|html|head|body|title|meta|script|center|div|h1|p)\b",
    re.IGNORECASE | re.DOTALL,
)
# .NET writes this over UTF-8 bytes when it serialises into a string.
_CALLED_UTF16 = re.compile(rb"<\?xml[^>]{1,200}encoding=[\"']utf-16", re.IGNORECASE)


class RefusedError(Exception):
    """What was found instead of a sitemap; whoever knows the file's name puts it before."""


class Body:
    """The unpacked chunks of one file, to be iterated once, without leading BOM and white space.

    `head` is the beginning, empty if the file is. `encoding` overrides what an
    XML declaration says, None to believe it. Raises RefusedError, now or while
    iterating, once more than `max_bytes` came, packed or unpacked; SourceError
    for packed data that is damaged from the start.
    """

    def __init__(self, stream: BinaryIO, place: str, max_bytes: int) -> None:
        self._damage = Skipped()
        self.encoding: str | None = None
        source = iter(lambda: stream.read(_CHUNK_BYTES), b"")
        head, chunks = _look(_bounded(source, max_bytes))
        for _ in range(_LAYERS):
            if not head.startswith(_PACKED):
                break
            chunks = decompressed(chunks, place, self._damage)
            head, chunks = _look(_bounded(chunks, max_bytes))
        codec = _UTF16.get(head[:2])
        if codec is not None:
            texts = codecs.iterdecode(chunks, codec, "replace")
            head, chunks = _look(text.encode() for text in texts)
        if codec is not None or _CALLED_UTF16.match(head):
            self.encoding = "utf-8"
        self.head = head
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    @property
    def is_cut(self) -> bool:
        """Whether packed data ended early; known when the iteration is over."""
        return self._damage.total > 0

    @property
    def is_xml(self) -> bool:
        return self.head.startswith(b"<")

    @property
    def is_html(self) -> bool:
        return _HTML.match(self.head) is not None

    @property
    def is_binary(self) -> bool:
        return b"\0" in self.head or self.head.startswith(_PACKED)


def _bounded(chunks: Iterator[bytes], max_bytes: int) -> Iterator[bytes]:
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > max_bytes:
            raise RefusedError(
                f"is larger than {max_bytes:,} bytes unpacked, the limit for one sitemap file; "
                "split it under a sitemap index"
            )
        yield chunk


def _look(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the beginning without BOM and white space, and all chunks from there on."""
    head = b""
    for chunk in chunks:
        head = (head + chunk).lstrip(_BLANK)
        if len(head) >= _LOOK_BYTES:
            break
    return head, chain((head,) if head else (), chunks)
