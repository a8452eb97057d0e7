"""Reads a whole sitemap for tests to compare with a literal."""

from __future__ import annotations

from io import BytesIO

from warmer.sources.sitemap import Entry, Limits, parse
from warmer.sources.skipped import Skipped


def read(data: bytes | str, limits: Limits | None = None) -> tuple[list[Entry], dict[str, int]]:
    """Entries of a whole file, and what was skipped."""
    skipped = Skipped()
    stream = BytesIO(data.encode() if isinstance(data, str) else data)
    entries = list(parse(stream, limits=limits or Limits(), skipped=skipped, place="s.xml"))
    return entries, skipped.as_dict()
