"""Reads captures in tests: bytes in, requests or candidates and what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.sources.captured import capture_requests, open_captured
from warmer.sources.files import Opened
from warmer.sources.offline import open_source
from warmer.sources.skipped import Skipped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from warmer.model import Candidate
    from warmer.sources.capture import CapturedRequest
    from warmer.sources.recognise import Kind


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def requests_in(
    kind: Kind,
    data: bytes,
    skipped: Skipped | None = None,
    *,
    keep_credentials: bool = False,
    chunk_bytes: int = 262_144,
) -> list[CapturedRequest]:
    """The requests of a file of this kind, however it is cut into chunks."""
    file = Opened("file", data[:65_536], iter(pieces(data, chunk_bytes)))
    found = capture_requests(
        kind, file, Skipped() if skipped is None else skipped, keep_credentials=keep_credentials
    )
    return list(found)


def candidates_of(
    path: Path | str, skipped: Skipped | None = None, *, vary: Sequence[str] = ()
) -> list[Candidate]:
    source = open_source(str(path), vary=vary, skipped=Skipped() if skipped is None else skipped)
    return list(source.candidates)


def captured(path: Path | str, skipped: Skipped | None = None) -> list[CapturedRequest]:
    """As `replay` opens it."""
    opened = open_captured(str(path), skipped=Skipped() if skipped is None else skipped)
    return list(opened.requests)
