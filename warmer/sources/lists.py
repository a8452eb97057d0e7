"""Plain lists (a URL or path a line) and CSV exports of analytics, as candidates.

Streams, a line at a time; a CSV record is one line. Does not guess: a line that is
no URL, or a weight that is no number (a total row), is counted as skipped.
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, NamedTuple

from warmer.errors import SourceError
from warmer.model import Candidate
from warmer.sources.lines import blocks, text_chunks
from warmer.sources.urls import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.sources.skipped import Skipped

# As analytics, search consoles and log reports head them; the first that is there wins.
# Compared in lower case with `_` and `-` as spaces.
URL_COLUMNS = (
    *("url", "page", "path", "page path", "landing page", "top pages", "address"),
    *("page path and screen class", "page path + query string", "page location", "page url"),
    *("landing page + query string",),
)
WEIGHT_COLUMNS = (
    *("hits", "views", "pageviews", "page views", "sessions", "count"),
    *("visits", "requests", "clicks"),
)
DELIMITERS = (",", "\t", ";")

# siege: `URL POST data`. Sending it as a GET would ask for a page that is not there.
_OTHER_METHOD = re.compile(rb"\S+[ \t]+(?:POST|PUT|PATCH|DELETE)\b")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_GROUPED_WITH_DOTS = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?")
_DECIMAL_COMMA = re.compile(r"\d+,\d+")
_NUMBER = re.compile(r"\d{1,15}(?:\.\d+)?")


class Columns(NamedTuple):
    """Where a CSV file has what; `weight` is None if no column counts anything."""

    delimiter: str
    url: int
    weight: int | None


def read_list(chunks: Iterator[bytes], place: str, skipped: Skipped) -> Iterator[Candidate]:
    """A candidate of weight 1 a line; `#` comments and blank lines are no lines."""
    for number, line in _lines(chunks, place, skipped):
        if _OTHER_METHOD.match(line):
            skipped.note("not-get", place=f"{place}:{number}")
            continue
        url = check(line)
        if isinstance(url, str):
            yield Candidate(url)
        else:
            skipped.note(url.value, place=f"{place}:{number}")


def find_columns(head: bytes) -> Columns | None:
    """The columns that the first line of `head` names, None if none of them is a URL's."""
    lines = (line.strip() for line in head.split(b"\n"))
    header = next((line for line in lines if line and not line.startswith(b"#")), b"")
    found: tuple[int, Columns] | None = None
    for delimiter in DELIMITERS:
        names = [
            re.sub(r"[\s_-]+", " ", name).strip().lower() for name in _cells(header, delimiter)
        ]
        url = next((names.index(name) for name in URL_COLUMNS if name in names), None)
        weight = next((names.index(name) for name in WEIGHT_COLUMNS if name in names), None)
        if url is not None and (found is None or len(names) > found[0]):
            found = (len(names), Columns(delimiter, url, weight))
    return found[1] if found else None


def read_csv(chunks: Iterator[bytes], place: str, skipped: Skipped) -> Iterator[Candidate]:
    """A candidate a row, with its weight, or 1 where no column counts anything.

    Raises SourceError if the header names no URL column.
    """
    columns: Columns | None = None
    for number, line in _lines(chunks, place, skipped):
        if columns is None:
            columns = find_columns(line)
            if columns is None:
                raise SourceError(
                    f"{place}:{number}: no URL column in the header; "
                    f"expected one of {', '.join(URL_COLUMNS[:5])}."
                )
            continue
        candidate = _row(line, columns)
        if isinstance(candidate, Candidate):
            yield candidate
        else:
            skipped.note(candidate, place=f"{place}:{number}")


def weight_of(text: str, *, comma_is_decimal: bool) -> float | None:
    """A count as spreadsheets write it (`1,234`, `1 234`, `12.5`); None if it is none.

    `comma_is_decimal`: the file comes from where 1.234 is a thousand and more.
    """
    text = re.sub(r"[\s']", "", text)
    if comma_is_decimal and (_GROUPED_WITH_DOTS.fullmatch(text) or _DECIMAL_COMMA.fullmatch(text)):
        text = text.replace(".", "").replace(",", ".")
    elif _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    return float(text) if text.isascii() and _NUMBER.fullmatch(text) else None


def _row(line: bytes, columns: Columns) -> Candidate | str:
    cells = _cells(line, columns.delimiter)
    if len(cells) <= max(columns.url, columns.weight or 0):
        return "unparsable"
    url = check(cells[columns.url].encode(errors="surrogateescape"))
    if not isinstance(url, str):
        return url.value
    if columns.weight is None:
        return Candidate(url)
    weight = weight_of(cells[columns.weight], comma_is_decimal=columns.delimiter == ";")
    return "weight" if weight is None else Candidate(url, weight)


def _cells(line: bytes, delimiter: str) -> list[str]:
    text = line.decode(errors="surrogateescape")
    return next(csv.reader([text], delimiter=delimiter, skipinitialspace=True), [])


def _lines(chunks: Iterator[bytes], place: str, skipped: Skipped) -> Iterator[tuple[int, bytes]]:
    for block in blocks(text_chunks(chunks), place, skipped):
        for number, line in enumerate(block.data[:-1].split(b"\n"), block.first):
            stripped = line.strip(b" \t")
            if stripped and not stripped.startswith(b"#"):
                yield number, line
