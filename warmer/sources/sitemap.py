"""Sitemaps, sitemap indexes, text sitemaps and feeds as a stream of entries, told apart by content.

Reads one open file; fetches nothing and follows nothing: nested sitemaps come
back as entries marked so. Refuses what is larger than a limit, XML with a
DOCTYPE, HTML, and anything in which there is no entry to be found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from warmer.errors import SourceError
from warmer.sources.lines import blocks, text_chunks
from warmer.sources.sitemap_body import Body, RefusedError
from warmer.sources.sitemap_xml import HTML_REFUSED, Entry, entries_of_xml
from warmer.sources.urls import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.sources.skipped import Skipped

__all__ = ["PROTOCOL_ENTRIES", "Entry", "Limits", "parse"]

PROTOCOL_ENTRIES = 50_000
"""Entries a file may have (sitemaps.org). Larger files are read all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one sitemap source may make us read.

    `file_bytes` bounds each file, packed and unpacked (sitemaps.org: 50 MB).
    `depth` is how many indexes may stand above a sitemap, `files` how many
    files are fetched, `urls` how many candidates are taken (None: all).
    """

    file_bytes: int = 52_428_800
    depth: int = 3
    files: int = 1_000
    urls: int | None = None


def parse(
    stream: BinaryIO, *, limits: Limits, skipped: Skipped, place: str = "sitemap"
) -> Iterator[Entry]:
    """Yield the entries of one file: urlset, index, text, RSS 0.9x to 2.0, Atom; also gz or zst.

    `place`, the file's name or URL, begins each error. Counted as skipped: the
    reasons of `urls.check`, `no-loc`, `line-too-long`, and `truncated` (once,
    when the file breaks off after an entry). Raises SourceError while iterating.
    A well-formed file without entries is none: Django lists empty sections.
    """
    try:
        yield from _entries(stream, place, limits, skipped)
    except RefusedError as refused:
        raise SourceError(f"{place}: {refused}") from refused


def _entries(stream: BinaryIO, place: str, limits: Limits, skipped: Skipped) -> Iterator[Entry]:
    body = Body(stream, place, limits.file_bytes)
    if not body.head:
        raise RefusedError("is empty; expected a sitemap")
    if body.is_html:
        raise RefusedError(HTML_REFUSED)
    if body.is_xml:
        return entries_of_xml(body, skipped)
    if body.is_binary:
        raise RefusedError("is binary; expected a sitemap")
    return _entries_of_text(body, place, skipped)


def _entries_of_text(body: Body, place: str, skipped: Skipped) -> Iterator[Entry]:
    """One entry a line; the last of cut-off data is left out, for it may be half a URL."""
    last = None
    for block in blocks(text_chunks(iter(body)), place, skipped):
        for line in filter(None, map(bytes.strip, block.data.split(b"\n"))):
            url = check(line)
            if isinstance(url, str):
                if last is not None:
                    yield last
                last = Entry(url)
            else:
                skipped.note(url.value)
    if last is None:
        raise RefusedError("has no URL in it; expected a sitemap, a feed, or a URL a line")
    if body.is_cut:
        skipped.note("truncated")
    else:
        yield last
