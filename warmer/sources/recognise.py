"""What kind of source a file is, by its first bytes. Pure.

Names are not looked at. What is no source at all (a picture, a web page) is a
SourceError that says what was seen.
"""

from __future__ import annotations

import re
from typing import Literal

from warmer.errors import SourceError
from warmer.sources.files import EXPECTED
from warmer.sources.gor import MONKEYS
from warmer.sources.lines import text_chunks
from warmer.sources.lists import find_columns
from warmer.sources.log_known import detect
from warmer.sources.siege import is_siege

Kind = Literal[
    "sitemap", "csv", "access-log", "list", "gor", "har", "vegeta", "siege", "wget"
]  # fmt: skip

_MAGIC = (
    (b"\x7fELF", "an ELF program"),
    (b"MZ\x90", "a Windows program"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"RIFF", "a WebP picture or other media"),
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a zip archive (or xlsx, docx)"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x1f\x8b", "a gzip file inside a compressed file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file inside a compressed file"),
)
_NOT_TEXT = bytes(byte for byte in range(32) if byte not in b"\t\n\r\f\x1b") + b"\x7f"
_PROLOGUE = re.compile(rb"\s*+(?:<\?xml[^>]*+>\s*+|<!--(?:[^-]++|-(?!->))*+-->\s*+)*+")
_SITEMAP = re.compile(rb"<(?:[\w.-]+:)?(?:urlset|sitemapindex|rss|feed|RDF)\b")
_HTML = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|title|meta|script|div|h1|p)\b", re.IGNORECASE
)
_HAR = re.compile(rb'\s*+\{\s*+"log"\s*+:\s*+\{')
_HAR_KEYS = (b'"entries"', b'"creator"', b'"pages"')
_BLANK = rb"(?:[ \t]*+(?:#[^\n]*+)?\n)*+"
_VEGETA = re.compile(
    _BLANK + rb"(?:(?:GET|HEAD|POST|PUT|PATCH|OPTIONS|DELETE) +(?:https?://|/)\S*+[ \t]*+(?:\n|$)"
    rb'|\{[^\n]*"url"\s*+:)'
)
_GOR_HEAD = re.compile(rb"[123] \S++ \d++(?: [^\n]*+)?\n")


def recognise(head: bytes, place: str) -> Kind:
    """The kind of a file that begins with `head` (its first 64 KiB, decompressed).

    Raises SourceError as `refuse_unreadable` does, and for HTML, other XML
    and other JSON.
    """
    if MONKEYS in head or _GOR_HEAD.match(head):
        return "gor"  # before anything else, for it may hold bodies of any bytes
    refuse_unreadable(head, place)
    text = b"".join(text_chunks(iter((head,))))
    content = text[_end_of_prologue(text) :]
    if content.startswith(b"<"):
        return _xml(content, place)
    found = _of_requests(text)
    if found is not None:
        return found
    if content.startswith((b"{", b"[")) and not content.startswith(b"[::"):
        raise SourceError(f"{place}: JSON, but not lines of an access log; {EXPECTED}.")
    if find_columns(text):
        return "csv"
    return "siege" if is_siege(text) else "list"


def refuse_unreadable(head: bytes, place: str) -> None:
    """Raise SourceError if a file that begins with `head` is empty or binary."""
    if not head.strip():
        raise SourceError(f"{place}: empty; {EXPECTED}.")
    seen = next((name for magic, name in _MAGIC if head.startswith(magic)), None)
    if head[257:262] == b"ustar":
        seen = "a tar archive"
    text = b"".join(text_chunks(iter((head,))))
    strange = len(text) - len(text.translate(None, _NOT_TEXT))
    if seen is None and (b"\x00" in text or strange > len(text) // 10):
        seen = "no text"
    if seen is not None:
        raise SourceError(f"{place}: binary, {seen}; {EXPECTED}.")


def _end_of_prologue(text: bytes) -> int:
    prologue = _PROLOGUE.match(text)
    return prologue.end() if prologue else 0


def _of_requests(text: bytes) -> Kind | None:
    """Captures and logs, which hold requests."""
    if _HAR.match(text) and any(key in text for key in _HAR_KEYS):
        return "har"
    if _VEGETA.match(text) and b'"status"' not in text[:4096]:
        return "vegeta"
    return None if detect(text) is None else "access-log"


def _xml(content: bytes, place: str) -> Kind:
    if _HTML.match(content):
        raise SourceError(f"{place}: an HTML page, not a sitemap or list; {EXPECTED}.")
    # Behind a DOCTYPE or a long comment: the sitemap parser says what is wrong with it.
    if _SITEMAP.match(content) or content.startswith(b"<!"):
        return "sitemap"
    raise SourceError(f"{place}: XML, but no sitemap or feed; {EXPECTED}.")
