"""Reads the header list that Django keeps beside each page, and runs nothing of it.

A cached pickle can run code when it is loaded, so none is loaded here: the
opcodes are listed, and any that does not make a list of strings refuses the value.
JSON and msgpack (django-redis) and zlib, gzip, xz and zstd around any of the three
are read too. Pages themselves are never read.
"""

from __future__ import annotations

import lzma
import pickletools
import re
import zlib
from typing import Final, NoReturn

import msgspec
import zstandard

MAX_BYTES: Final = 4096
"""Larger values are refused, before and after decompression; real ones have under 1 KiB."""

_XZ_MEMORY_BYTES = 16 * 2**20  # django-redis packs with preset 4, which needs 5 MiB
_ZSTD_WINDOW_BYTES = 8 * 2**20
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32

# What each way of packing begins with; none of them begins a pickle, JSON or msgpack list.
_GZIP = b"\x1f\x8b"
_ZLIB = b"\x78"
_XZ = b"\xfd7zXZ\x00"
_ZSTD = b"\x28\xb5\x2f\xfd"

# A pickle's opcodes as one letter each; "" marks bookkeeping (frames, and a memo for a
# second use of what was made, which a header list never makes).
_LETTERS = {
    "UNICODE": "s", "SHORT_BINUNICODE": "s", "BINUNICODE": "s",
    "EMPTY_LIST": "[", "MARK": "(", "LIST": "l", "APPEND": "a", "APPENDS": "e", "STOP": ".",
    "PROTO": "", "FRAME": "", "MEMOIZE": "", "PUT": "", "BINPUT": "", "LONG_BINPUT": "",
}  # fmt: skip
_LIST_OF_STRINGS = re.compile(r"(?:\[|\(l)(?:sa|\(s+e)*\.")


class HeaderListRefused(ValueError):  # noqa: N818 - a verdict on the value, not a fault of ours
    """The cached value is no list of header names; `str()` is the reason."""


def read_header_list(raw: bytes) -> tuple[str, ...]:
    """Return the `HTTP_*` names in the order in which Django hashes their values.

    Raises HeaderListRefused for anything but a list of such names of at most MAX_BYTES.
    """
    if len(raw) > MAX_BYTES:
        _refuse(f"{len(raw)} bytes, more than {MAX_BYTES}")
    plain = _unpacked(raw)
    names = _names(plain)
    for name in names:
        if not name.startswith("HTTP_"):
            _refuse(f"{name[:40]!r} is no HTTP_* name")
    return tuple(names)


def _unpacked(raw: bytes) -> bytes:
    try:
        if raw.startswith((_GZIP, _ZLIB)):
            plain = zlib.decompressobj(_GZIP_OR_ZLIB).decompress(raw, MAX_BYTES + 1)
        elif raw.startswith(_XZ):
            unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY_BYTES)
            plain = unpacker.decompress(raw, MAX_BYTES + 1)
        elif raw.startswith(_ZSTD):
            reader = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
            plain = reader.stream_reader(raw).read(MAX_BYTES + 1)
        else:
            return raw
    except (zlib.error, lzma.LZMAError, zstandard.ZstdError, EOFError) as error:
        _refuse(f"cannot be decompressed: {error}")
    if len(plain) > MAX_BYTES:
        _refuse(f"more than {MAX_BYTES} bytes when decompressed")
    return plain


def _names(plain: bytes) -> list[str]:
    if plain.startswith((b"\x80", b"(", b"]")):
        return _pickled_strings(plain)
    try:
        if plain.startswith(b"["):
            return msgspec.json.decode(plain, type=list[str])
        return msgspec.msgpack.decode(plain, type=list[str])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        _refuse(f"neither a pickle nor a JSON or msgpack list of strings: {error}")


def _pickled_strings(plain: bytes) -> list[str]:
    """Read a pickle of protocol 0 to 5 that makes one list of strings, without unpickling."""
    shape = ""
    strings: list[str] = []
    end = -1
    try:
        for opcode, argument, position in pickletools.genops(plain):
            letter = _LETTERS.get(opcode.name)
            if letter is None:
                _refuse(f"pickle opcode {opcode.name}, which no list of strings has")
            if letter == "s" and isinstance(argument, str):
                strings.append(argument)
            shape += letter
            end = position or 0
    except HeaderListRefused:
        raise
    except ValueError as error:
        _refuse(f"a broken pickle: {error}")
    if not _LIST_OF_STRINGS.fullmatch(shape) or end != len(plain) - 1:
        _refuse("a pickle that is not one list of strings")
    return strings


def _refuse(reason: str) -> NoReturn:
    raise HeaderListRefused(reason)
