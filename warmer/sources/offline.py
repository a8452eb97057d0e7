"""Sources that are files: a path, glob or standard input opened as what its content says.

Access logs, CSV and lists become candidates here; sitemaps are handed on as
streams, for another room parses them. Nothing is fetched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast, get_args

from warmer.errors import SourceError
from warmer.sources.access_log import LogCounter
from warmer.sources.files import EXPECTED, STANDARD_INPUT, Opened, expand, opened
from warmer.sources.lines import text_chunks
from warmer.sources.lists import find_columns, read_csv, read_list
from warmer.sources.log_known import named_or_compiled
from warmer.sources.recognise import Kind, recognise, refuse_unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from warmer.model import Candidate
    from warmer.sources.log_formats import LogFormat
    from warmer.sources.skipped import Skipped


class NamedStream(NamedTuple):
    """A sitemap file, decompressed, and its name for messages; cannot be rewound."""

    place: str
    stream: BinaryIO


@dataclass(frozen=True, slots=True)
class OfflineSource:
    """A source of which the first bytes were looked at; to be iterated once.

    `observed`: the weights are traffic that was seen (logs, exports that count).
    `candidates` is empty for a sitemap, and `streams` is for everything else.
    """

    kind: Kind
    observed: bool
    candidates: Iterator[Candidate] = field(default_factory=lambda: iter(()))
    streams: Iterator[NamedStream] = field(default_factory=lambda: iter(()))


def open_source(
    spec: str, *, kind: str | None = None, log_format: str | None = None, skipped: Skipped
) -> OfflineSource:
    """Open a path, a glob or `-`; all files of a glob are one source of one kind.

    `kind` forces what the content would tell. `log_format` is a name (`combined`,
    `cloudfront`) or a LogFormat or log_format string, and means an access log.
    Raises SourceError, here or while iterating, for what cannot be read.
    """
    new_format = None if log_format is None else named_or_compiled(log_format)
    forced = _kind_of(spec, kind or ("access-log" if new_format else None))
    files = _files(expand(spec), skipped)
    first = next(files, None)
    if first is None:
        place = "standard input" if spec == STANDARD_INPUT else spec
        raise SourceError(f"{place}: empty; {EXPECTED}.")
    found: Kind = forced or recognise(first.head, first.place)
    alike = _alike(chain((first,), files), found, forced)
    if found == "sitemap":
        streams = (NamedStream(file.place, file.stream()) for file in alike)
        return OfflineSource(found, observed=False, streams=streams)
    if found == "access-log":
        candidates = _count(alike, new_format, skipped)
        return OfflineSource(found, observed=True, candidates=candidates)
    if found == "csv":
        columns = find_columns(b"".join(text_chunks(iter((first.head,)))))
        candidates = (
            candidate for file in alike for candidate in read_csv(file.chunks, file.place, skipped)
        )
        observed = columns is not None and columns.weight is not None
        return OfflineSource(found, observed=observed, candidates=candidates)
    candidates = (
        candidate for file in alike for candidate in read_list(file.chunks, file.place, skipped)
    )
    return OfflineSource(found, observed=False, candidates=candidates)


def _kind_of(spec: str, kind: str | None) -> Kind | None:
    if kind is None:
        return None
    for known in get_args(Kind):
        if kind == known:
            return cast("Kind", known)
    raise SourceError(
        f"{spec}: {kind} is no kind of file; expected one of {', '.join(get_args(Kind))}."
    )


def _files(paths: list[str], skipped: Skipped) -> Iterator[Opened]:
    """One open file at a time; empty ones, as rotation leaves them, are passed over."""
    for path in paths:
        with opened(path, skipped) as file:
            if file.head.strip():
                yield file
            elif len(paths) > 1:
                skipped.note("empty-file", place=file.place)


def _alike(files: Iterator[Opened], kind: Kind, forced: Kind | None) -> Iterator[Opened]:
    for file in files:
        if forced:
            refuse_unreadable(file.head, file.place)
        elif (other := recognise(file.head, file.place)) != kind:
            raise SourceError(
                f"{file.place}: recognised as {other}, the first file of this source as {kind}; "
                "expected files of one kind. Narrow the pattern, or force the kind."
            )
        yield file


def _count(
    files: Iterator[Opened], new_format: Callable[[], LogFormat] | None, skipped: Skipped
) -> Iterator[Candidate]:
    counter = LogCounter(skipped)
    for file in files:
        yield from counter.read(file, new_format)
    yield from counter.flush()
