"""Sources that are files: a path, glob or standard input opened as what its content says.

Access logs, captures, CSV and lists become candidates here; sitemaps are handed on as
streams, for another room parses them. Nothing is fetched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from warmer.sources.access_log import LogCounter
from warmer.sources.capture_counter import CaptureCounter
from warmer.sources.captured import capture_requests
from warmer.sources.lines import text_chunks
from warmer.sources.lists import find_columns, read_csv, read_list
from warmer.sources.opening import open_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from warmer.model import Candidate
    from warmer.sources.files import Opened
    from warmer.sources.log_formats import LogFormat
    from warmer.sources.opening import Recognised
    from warmer.sources.recognise import Kind
    from warmer.sources.skipped import Skipped


class NamedStream(NamedTuple):
    """A sitemap file, decompressed, and its name for messages; cannot be rewound."""

    place: str
    stream: BinaryIO


@dataclass(frozen=True, slots=True)
class OfflineSource:
    """A source of which the first bytes were looked at; to be iterated once.

    `observed`: the weights are traffic that was seen (logs, captures, exports that count).
    `candidates` is empty for a sitemap, and `streams` is for everything else.
    """

    kind: Kind
    observed: bool
    candidates: Iterator[Candidate] = field(default_factory=lambda: iter(()))
    streams: Iterator[NamedStream] = field(default_factory=lambda: iter(()))


def open_source(
    spec: str,
    *,
    kind: str | None = None,
    log_format: str | None = None,
    vary: Sequence[str] = (),
    skipped: Skipped,
) -> OfflineSource:
    """Open a path, a glob or `-`; all files of a glob are one source of one kind.

    `kind` forces what the content would tell. `log_format` is a name (`combined`,
    `cloudfront`) or a LogFormat or log_format string, and means an access log. `vary` are
    request headers whose values tell the candidates of a capture apart. Raises SourceError,
    here or while iterating, for what cannot be read.
    """
    source = open_files(spec, kind=kind, log_format=log_format, skipped=skipped)
    files = source.files
    match source.kind:
        case "sitemap":
            streams = (NamedStream(file.place, file.stream()) for file in files)
            return OfflineSource("sitemap", observed=False, streams=streams)
        case "access-log":
            counted = _count(files, source.new_format, skipped)
            return OfflineSource("access-log", observed=True, candidates=counted)
        case "csv":
            columns = find_columns(b"".join(text_chunks(iter((source.head,)))))
            rows = (each for file in files for each in read_csv(file.chunks, file.place, skipped))
            observed = columns is not None and columns.weight is not None
            return OfflineSource("csv", observed=observed, candidates=rows)
        case "list" | "wget":
            lines = (each for file in files for each in read_list(file.chunks, file.place, skipped))
            return OfflineSource(source.kind, observed=False, candidates=lines)
    # What vegeta and siege read was written by hand; the others saw visitors.
    observed = source.kind in ("gor", "har")
    asked = _count_capture(source, [name.lower() for name in vary], skipped)
    return OfflineSource(source.kind, observed=observed, candidates=asked)


def _count(
    files: Iterator[Opened], new_format: Callable[[], LogFormat] | None, skipped: Skipped
) -> Iterator[Candidate]:
    counter = LogCounter(skipped)
    for file in files:
        yield from counter.read(file, new_format)
    yield from counter.flush()


def _count_capture(
    source: Recognised, vary: Sequence[str], skipped: Skipped
) -> Iterator[Candidate]:
    counter = CaptureCounter(vary, skipped)
    for file in source.files:
        if source.kind == "gor":
            yield from counter.read_gor(file)
            continue
        # Credentials count only where `vary` names them, and are in no candidate otherwise.
        found = capture_requests(source.kind, file, skipped, keep_credentials=True)
        yield from counter.read_requests(found, file.place)
    yield from counter.flush()
