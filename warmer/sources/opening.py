"""Files of one source, opened as what their content says: all of a glob, of one kind.

Reads no more than their first bytes; what is in them is for the reader of that kind.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, cast, get_args

from warmer.errors import SourceError
from warmer.sources.files import EXPECTED, STANDARD_INPUT, Opened, expand, opened
from warmer.sources.log_known import named_or_compiled
from warmer.sources.recognise import Kind, recognise, refuse_unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from warmer.sources.log_formats import LogFormat
    from warmer.sources.skipped import Skipped


class Recognised(NamedTuple):
    """A source of which the first bytes were looked at; `files` are to be iterated once.

    `new_format` is the format of a log that somebody has named.
    """

    kind: Kind
    head: bytes
    files: Iterator[Opened]
    new_format: Callable[[], LogFormat] | None


def open_files(
    spec: str, *, kind: str | None, log_format: str | None, skipped: Skipped
) -> Recognised:
    """Open a path, a glob or `-`; `kind` forces what the content would tell.

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
    return Recognised(found, first.head, alike, new_format)


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
        if forced == "gor":  # may hold bodies of any bytes
            yield file
            continue
        if forced:
            refuse_unreadable(file.head, file.place)
        elif (other := recognise(file.head, file.place)) != kind:
            raise SourceError(
                f"{file.place}: recognised as {other}, the first file of this source as {kind}; "
                "expected files of one kind. Narrow the pattern, or force the kind."
            )
        yield file
