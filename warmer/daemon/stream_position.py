"""Were entries lost that we never read? Pure but for `Position`, one small file.

A stream can be trimmed, flushed, evicted or restored from yesterday's backup, and says
nothing of it. Its own counters tell, and the last entry that we saw, kept on disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from warmer.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

EntryId = tuple[int, int]
"""Milliseconds and sequence number; later entries have greater ones."""
NONE: EntryId = (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLook:
    """One look at a stream and our group, taken at once; counts are None before Redis 7.

    `first` is None for an empty stream. `delivered` is the last entry that our group was
    given, `read` how many entries it was given, `added` how many the stream ever had.
    """

    length: int
    first: EntryId | None
    last: EntryId
    delivered: EntryId
    deleted: EntryId = NONE
    added: int | None = None
    read: int | None = None


def loss(look: StreamLook, seen: EntryId) -> str | None:
    """What happened to entries that we were never given; None if all are accounted for.

    `seen` is the last entry that is accounted for: read, or lost and told. Where the
    server has no counters, a loss is assumed rather than missed.
    """
    if look.last < seen:
        return "it is older than what was read of it: made anew, or restored"
    known = max(seen, look.delivered)
    if look.first is None:
        return "it was emptied before all of it was read" if look.last > known else None
    if look.deleted > known:
        return "entries were deleted from it before they were read"
    if look.first > known and not _only_read_ones_left(look):
        return "it was trimmed before all of it was read"
    return None


def parse_id(text: bytes) -> EntryId:
    """An entry's id as Redis writes it: `1700000000000-0`."""
    moment, _, number = text.partition(b"-")
    return int(moment), int(number or b"0")


def look_of(stream: Mapping[str, Any], group: Mapping[str, Any]) -> StreamLook:
    """A look from the answers of XINFO STREAM and XINFO GROUPS."""
    first = stream.get("first-entry")
    return StreamLook(
        length=stream["length"],
        first=parse_id(first[0]) if first else None,
        last=parse_id(stream["last-generated-id"]),
        delivered=parse_id(group["last-delivered-id"]),
        deleted=parse_id(stream.get("max-deleted-entry-id", b"0-0")),
        added=stream.get("entries-added"),
        read=group.get("entries-read"),
    )


class Position:
    """The last entry that is accounted for, in a file beside the store.

    That there is a file says that our group was there once: if it is gone, so are entries.
    """

    def __init__(self, store: Path, site: str, stream: str) -> None:
        """`stream` names the server and the key, without a password."""
        mark = hashlib.sha256(f"{site}\n{stream}".encode()).hexdigest()[:12]
        self.path = store.with_name(f"{store.name}.stream-{mark}")

    def read(self) -> EntryId | None:
        """None before the first time; NONE if the file holds no id."""
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be read: {error.strerror}") from error
        with contextlib.suppress(ValueError):
            return parse_id(text.strip())
        return NONE

    def write(self, seen: EntryId) -> None:
        """Whole or not at all; an older one than true costs a needless look, no entry."""
        beside = self.path.with_name(f"{self.path.name}.new")
        try:
            beside.write_text(f"{seen[0]}-{seen[1]}\n", encoding="ascii")
            os.replace(beside, self.path)  # noqa: PTH105 -- atomic, as its name says
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be written: {error.strerror}") from error


def _only_read_ones_left(look: StreamLook) -> bool:
    """Whether no more entries are gone than we were given."""
    if look.added is None:
        # Of a stream that was empty until now, an old server does not tell.
        return look.delivered == NONE
    return look.added - look.length <= (look.read or 0)
