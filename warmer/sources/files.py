"""Files of a source, opened as streams of decompressed chunks with their first bytes in view.

A path, a glob or `-` (standard input). Nothing is read whole, and nothing is rewound:
the bytes that were looked at are handed on. What cannot be opened is a SourceError.
"""

from __future__ import annotations

import glob
import io
import os
import re
import sys
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from warmer.errors import SourceError
from warmer.sources.decompress import decompressed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import WriteableBuffer

    from warmer.sources.skipped import Skipped

STANDARD_INPUT = "-"
CHUNK_BYTES = 262_144
HEAD_BYTES = 65_536
EXPECTED = "expected a list, sitemap, access log or capture"
_SITE_HINT = " A site is named by a URL, such as https://www.example.com/sitemap.xml"
_SETTINGS = "a site's TOML file is no source; it is named by -c, as in `warmer crawl -c"
_HOST = re.compile(r"(?:[\w-]+\.)+([a-z]{2,})(?::\d+)?(?:/.*)?")
_SUFFIXES = frozenset({"csv", "gor", "gz", "har", "json", "jsonl", "log", "list", "lst", "tsv", "txt", "urls",
                       "xml", "zst"})  # fmt: skip


class Opened(NamedTuple):
    """One file: its name for messages, its first 64 KiB, and all of its chunks."""

    place: str
    head: bytes
    chunks: Iterator[bytes]

    def stream(self) -> BinaryIO:
        """The content as a binary file, which cannot be rewound."""
        return io.BufferedReader(_ChunkReader(self.chunks), CHUNK_BYTES)


def expand(spec: str) -> list[str]:
    """The files a path or glob stands for, in the order of their numbers (.2 before .10).

    A file whose name is the pattern itself wins over the pattern. `name.gor` that is not
    there stands for its chunks `name_0.gor`, `name_1.gor`, as GoReplay writes it. Raises
    SourceError if there is none.
    """
    if spec == STANDARD_INPUT or os.path.lexists(spec):
        return [spec]
    if not glob.has_magic(spec):
        return _chunks(Path(spec)) or [spec]
    # Path.glob takes no absolute pattern.
    matches = glob.glob(spec, recursive=True)  # noqa: PTH207 - see above
    found = [path for path in matches if not Path(path).is_dir()]
    if not found:
        raise SourceError(f"{spec}: no file matches this pattern; {EXPECTED}.")
    return sorted(found, key=_natural)


def _chunks(path: Path) -> list[str]:
    """`name_N.gor` or `name_N.gor.gz` beside a file of this name, in order."""
    stem, dot, suffix = path.name.partition(".")
    if not stem or not dot or "\0" in path.name or not path.parent.is_dir():
        return []
    name = re.compile(re.escape(stem) + r"_[0-9]+" + re.escape(dot + suffix) + r"(?:\.gz)?")
    beside = [str(each) for each in path.parent.iterdir() if name.fullmatch(each.name)]
    return sorted(beside, key=_natural)


def _natural(path: str) -> list[tuple[int, str]]:
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]+)", path)
    ]


@contextmanager
def opened(path: str, skipped: Skipped) -> Iterator[Opened]:
    """Open one file; raises SourceError, here or while reading, if it cannot be read."""
    place = "standard input" if path == STANDARD_INPUT else path
    if path.endswith(".toml"):  # as with `warmer check`, which takes it without -c
        raise SourceError(f"{place}: {_SETTINGS} {place}`")
    try:
        file = _raw(path)
    except (OSError, ValueError) as error:
        hint = _SITE_HINT if isinstance(error, FileNotFoundError) and _names_a_site(path) else ""
        raise SourceError(f"{place}: {_reason(error)}; {EXPECTED}.{hint}") from None
    try:
        # Twice, for servers compress sitemap.xml.gz once more, and people save that.
        once = decompressed(_read(file, place), place, skipped)
        chunks = decompressed(once, place, skipped)
        head = b""
        while len(head) < HEAD_BYTES and (chunk := next(chunks, b"")):
            head += chunk
        yield Opened(place, head[:HEAD_BYTES], chain((head,) if head else (), chunks))
    finally:
        if path != STANDARD_INPUT:
            file.close()


def _names_a_site(path: str) -> bool:
    found = _HOST.fullmatch(path)
    return found is not None and found[1] not in _SUFFIXES


def _raw(path: str) -> BinaryIO | io.FileIO:
    if path == STANDARD_INPUT:
        if sys.stdin is None:
            raise ValueError("it is closed")
        return sys.stdin.buffer
    return Path(path).open("rb", buffering=0)


def _read(file: BinaryIO | io.FileIO, place: str) -> Iterator[bytes]:
    try:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
    except OSError as error:
        raise SourceError(f"{place}: {_reason(error)}; {EXPECTED}.") from None


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)


class _ChunkReader(io.RawIOBase):
    """A raw binary file over chunks, for parsers that want to call `read`."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        if not self._rest:
            self._rest = memoryview(next(self._chunks, b""))
        target = memoryview(buffer).cast("B")
        count = min(len(target), len(self._rest))
        target[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
