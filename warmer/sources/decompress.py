"""Chunks of a gzip or zstd file, decompressed as they come, recognised by magic bytes.

Compressed input is fed in small pieces, so that a decompression bomb never expands
to more than about 16 MB at once. A damaged or cut-off file ends where it is damaged:
what came before is kept and counted as `truncated`. File names are not looked at.
"""

from __future__ import annotations

import zlib
from itertools import chain
from typing import TYPE_CHECKING, Protocol

import zstandard

from warmer.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from warmer.sources.skipped import Skipped

GZIP_MAGIC = b"\x1f\x8b\x08"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
# 512 bytes of zstd are at most 128 blocks of 128 KB; 512 bytes of deflate, 0.5 MB.
PIECE_BYTES = 512
BATCH_BYTES = 131_072
# What `zstd --ultra -22` writes; longer windows cost memory that a log does not need.
ZSTD_WINDOW_BYTES = 1 << 27


class _Decoder(Protocol):
    """One member (gzip) or frame (zstd) of a compressed file."""

    def decompress(self, data: bytes, /) -> bytes: ...
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


def decompressed(chunks: Iterator[bytes], place: str, skipped: Skipped) -> Iterator[bytes]:
    """`chunks` as they are, or decompressed if they begin as gzip or zstd do.

    Raises SourceError if a compressed file is damaged before its first byte of content.
    """
    head = b""
    while len(head) < len(ZSTD_MAGIC) and (chunk := next(chunks, b"")):
        head += chunk
    whole = chain((head,) if head else (), chunks)
    for magic, new_decoder in ((GZIP_MAGIC, _gzip_decoder), (ZSTD_MAGIC, _zstd_decoder)):
        if head.startswith(magic):
            return _kept(_members(whole, magic, new_decoder), place, skipped)
    return whole


def _gzip_decoder() -> _Decoder:
    return zlib.decompressobj(wbits=31)


def _zstd_decoder() -> _Decoder:
    return zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES).decompressobj()


def _members(
    chunks: Iterator[bytes], magic: bytes, new_decoder: Callable[[], _Decoder]
) -> Iterator[bytes]:
    decoder = new_decoder()
    for data in _pieces(chunks):
        while data:
            if decoder.eof:
                # Rotation joins members; anything else behind one is padding.
                if not data.startswith(magic[: len(data)]):
                    return
                decoder = new_decoder()
            yield decoder.decompress(data)
            data = decoder.unused_data if decoder.eof else b""  # noqa: PLW2901 - eats the piece
    if not decoder.eof:
        raise EOFError("it ends too early")


def _kept(parts: Iterator[bytes], place: str, skipped: Skipped) -> Iterator[bytes]:
    """Small parts joined to chunks; whatever came before the damage, if there is any."""
    batch: list[bytes] = []
    size = 0
    came = False
    damage = ""
    try:
        for part in parts:
            batch.append(part)
            size += len(part)
            if size >= BATCH_BYTES:
                came = True
                yield b"".join(batch)
                batch, size = [], 0
    except (zlib.error, zstandard.ZstdError, EOFError) as error:
        damage = str(error)
    if size:
        yield b"".join(batch)
    elif damage and not came:
        raise SourceError(f"{place}: damaged compressed file ({damage}); expected a whole one.")
    if damage:
        skipped.note("truncated", place=place)


def _pieces(chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), PIECE_BYTES):
            yield chunk[start : start + PIECE_BYTES]
