"""Bodies without their content codings, bounded whatever a body claims. Pure."""

from __future__ import annotations

import zlib

import brotli
import zstandard

_MAX_BODY_BYTES = 1 << 20
_MAX_CODINGS = 3
_ZSTD_MAX_WINDOW_BYTES = 1 << 23
"""What RFC 9659 lets a sender of `zstd` ask of a receiver."""


def decoded(body: bytes, content_encoding: str) -> bytes:
    """Return the body without its content codings; of coded ones, the first mebibyte."""
    codings = [coding.strip().lower() for coding in content_encoding.split(",")]
    if len(codings) > _MAX_CODINGS:
        return b""
    try:
        for coding in reversed(codings):  # the last was applied last
            if coding not in ("", "identity"):
                body = _DECODERS[coding](body)
    except (KeyError, zlib.error, brotli.error, zstandard.ZstdError):
        return b""
    return body


def _inflated(body: bytes) -> bytes:
    # RFC 9110 means zlib by deflate; some servers send the bare stream.
    bare = len(body) < 2 or body[0] & 0x0F != 8 or int.from_bytes(body[:2], "big") % 31
    return zlib.decompressobj(-15 if bare else 15).decompress(body, _MAX_BODY_BYTES)


def _gunzipped(body: bytes) -> bytes:
    return zlib.decompressobj(31).decompress(body, _MAX_BODY_BYTES)


def _from_brotli(body: bytes) -> bytes:
    text: bytes = brotli.Decompressor().process(body, output_buffer_limit=_MAX_BODY_BYTES)
    return text


def _from_zstd(body: bytes) -> bytes:
    reader = zstandard.ZstdDecompressor(max_window_size=_ZSTD_MAX_WINDOW_BYTES).stream_reader(body)
    return reader.read(_MAX_BODY_BYTES)


_DECODERS = {
    "gzip": _gunzipped,
    "x-gzip": _gunzipped,
    "deflate": _inflated,
    "br": _from_brotli,
    "zstd": _from_zstd,
}
