"""Which looks at a stream show that entries are lost which nobody read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from warmer.daemon.stream_position import NONE, Position, StreamLook, look_of, loss, parse_id
from warmer.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path


def look(first: int | None, last: int, *, delivered: int, **counts: int | None) -> StreamLook:
    return StreamLook(
        length=counts.pop("length", 1) or 0,
        first=None if first is None else (first, 0),
        last=(last, 0),
        delivered=(delivered, 0),
        deleted=(counts.pop("deleted", 0) or 0, 0),
        added=counts.get("added"),
        read=counts.get("read"),
    )


def test_a_stream_of_which_all_was_read_has_lost_nothing() -> None:
    assert loss(look(1, 9, delivered=9), (9, 0)) is None


def test_entries_that_are_not_read_yet_are_not_lost() -> None:
    assert loss(look(1, 9, delivered=5), (5, 0)) is None


def test_entries_trimmed_after_they_were_read_are_not_lost() -> None:
    assert loss(look(5, 9, delivered=9), (9, 0)) is None


def test_entries_trimmed_before_they_were_read_are_lost() -> None:
    assert loss(look(8, 9, delivered=5), (5, 0)) == "it was trimmed before all of it was read"


def test_counters_tell_that_only_read_entries_were_trimmed() -> None:
    # Nine were added, two are left, seven were read.
    assert loss(look(8, 9, delivered=7, length=2, added=9, read=7), (7, 0)) is None


def test_counters_tell_that_one_unread_entry_was_trimmed() -> None:
    found = loss(look(8, 9, delivered=6, length=2, added=9, read=6), (6, 0))
    assert found == "it was trimmed before all of it was read"


def test_the_first_entries_of_an_empty_stream_are_not_lost() -> None:
    assert loss(look(8, 9, delivered=0, length=2, added=2), NONE) is None
    assert loss(look(8, 9, delivered=0, length=2), NONE) is None


def test_first_entries_that_were_trimmed_are_lost() -> None:
    found = loss(look(8, 9, delivered=0, length=2, added=3), NONE)
    assert found == "it was trimmed before all of it was read"


def test_a_deleted_entry_that_was_not_read_is_lost() -> None:
    found = loss(look(1, 9, delivered=5, deleted=7), (5, 0))
    assert found == "entries were deleted from it before they were read"


def test_a_deleted_entry_that_was_read_is_not_lost() -> None:
    assert loss(look(1, 9, delivered=9, deleted=7), (9, 0)) is None


def test_a_stream_emptied_before_it_was_read_has_lost_entries() -> None:
    found = loss(look(None, 9, delivered=5, length=0), (5, 0))
    assert found == "it was emptied before all of it was read"


def test_a_stream_emptied_after_it_was_read_has_not() -> None:
    assert loss(look(None, 9, delivered=9, length=0), (9, 0)) is None


def test_a_stream_that_is_older_than_what_we_read_was_restored() -> None:
    found = loss(look(1, 4, delivered=4), (9, 0))
    assert found == "it is older than what was read of it: made anew, or restored"


@pytest.mark.parametrize(
    "gap",
    [
        look(8, 9, delivered=5),
        look(None, 9, delivered=5, length=0),
        look(1, 9, delivered=5, deleted=7),
        look(1, 4, delivered=4),
    ],
)
def test_a_loss_that_was_answered_for_is_told_once(gap: StreamLook) -> None:
    assert loss(gap, (5, 0) if gap.last > (5, 0) else (9, 0)) is not None
    assert loss(gap, gap.last) is None


def test_the_answers_of_redis_are_read() -> None:
    stream = {
        "length": 2,
        "last-generated-id": b"1700000000009-1",
        "max-deleted-entry-id": b"0-0",
        "entries-added": 9,
        "first-entry": (b"1700000000008-0", {b"v": b"1"}),
    }
    group = {"last-delivered-id": b"1700000000007-0", "entries-read": 7}
    assert look_of(stream, group) == StreamLook(
        length=2,
        first=(1700000000008, 0),
        last=(1700000000009, 1),
        delivered=(1700000000007, 0),
        deleted=NONE,
        added=9,
        read=7,
    )


def test_a_redis_without_counters_is_read_too() -> None:
    found = look_of(
        {"length": 0, "last-generated-id": b"0-0", "first-entry": None},
        {"last-delivered-id": b"0-0"},
    )
    assert (found.added, found.read, found.first) == (None, None, None)


def test_ids_sort_as_numbers() -> None:
    assert parse_id(b"9-10") > parse_id(b"9-9") > parse_id(b"8-99")


def test_the_position_is_kept_on_disk(tmp_path: Path) -> None:
    store = tmp_path / "warmer.db"
    assert Position(store, "shop", "redis://h warmer:triggers").read() is None
    Position(store, "shop", "redis://h warmer:triggers").write((17, 3))
    assert Position(store, "shop", "redis://h warmer:triggers").read() == (17, 3)
    assert Position(store, "blog", "redis://h warmer:triggers").read() is None


def test_a_position_that_a_power_cut_emptied_still_says_that_there_was_one(tmp_path: Path) -> None:
    position = Position(tmp_path / "warmer.db", "shop", "stream")
    position.path.write_bytes(b"")
    assert position.read() == NONE


def test_a_position_that_cannot_be_written_is_an_error_of_the_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        Position(tmp_path / "none" / "warmer.db", "shop", "stream").write((1, 0))
