"""Any source that holds requests, as a stream of them: captures, logs, lists.

For whoever sends them again. What sources hold of credentials is dropped here, unless it
is asked for. Sitemaps and exports of analytics are no requests, and refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmer.errors import SourceError
from warmer.sources import gor, har, siege, vegeta
from warmer.sources.capture import CapturedRequest
from warmer.sources.lists import read_list
from warmer.sources.log_requests import logged_requests
from warmer.sources.opening import open_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.sources.files import Opened
    from warmer.sources.opening import Recognised
    from warmer.sources.recognise import Kind
    from warmer.sources.skipped import Skipped


@dataclass(frozen=True, slots=True)
class CapturedSource:
    """The requests of one source, in the order of its files; to be iterated once."""

    kind: Kind
    requests: Iterator[CapturedRequest]


def open_captured(
    spec: str,
    *,
    kind: str | None = None,
    log_format: str | None = None,
    keep_credentials: bool = False,
    skipped: Skipped,
) -> CapturedSource:
    """Open a path, a glob or `-`; what is left out is noted in `skipped`.

    Raises SourceError, here or while iterating, for what cannot be read.
    """
    source = open_files(spec, kind=kind, log_format=log_format, skipped=skipped)
    if source.kind in ("sitemap", "csv"):
        raise SourceError(
            f"{spec}: a {source.kind} holds no requests; expected a list, access log or capture."
        )
    requests = _requests(source, skipped, keep_credentials=keep_credentials)
    return CapturedSource(source.kind, requests)


def _requests(
    source: Recognised, skipped: Skipped, *, keep_credentials: bool
) -> Iterator[CapturedRequest]:
    for file in source.files:
        if source.kind == "access-log":
            yield from logged_requests(file, source.new_format, skipped)
        else:
            yield from capture_requests(
                source.kind, file, skipped, keep_credentials=keep_credentials
            )


def capture_requests(
    kind: Kind, file: Opened, skipped: Skipped, *, keep_credentials: bool
) -> Iterator[CapturedRequest]:
    """The requests of one file that is no log; a list's are GETs."""
    match kind:
        case "gor":
            return gor.requests(file, skipped, keep_credentials=keep_credentials)
        case "har":
            return har.requests(file, skipped, keep_credentials=keep_credentials)
        case "vegeta":
            return vegeta.requests(file, skipped, keep_credentials=keep_credentials)
        case "siege":
            return siege.requests(file, skipped)
    listed = read_list(file.chunks, file.place, skipped)
    return (CapturedRequest(None, "GET", each.url) for each in listed)
