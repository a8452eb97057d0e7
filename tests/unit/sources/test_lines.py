from __future__ import annotations

import tracemalloc
from itertools import repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.sources.lines import MAX_LINE_BYTES, blocks, text_chunks
from warmer.sources.skipped import Skipped


def numbered(chunks: list[bytes], skipped: Skipped) -> list[tuple[int, bytes]]:
    found = []
    for block in blocks(iter(chunks), "a.log", skipped):
        found += list(enumerate(block.data.split(b"\n")[:-1], block.first))
    return found


@given(st.lists(st.text(alphabet="ab\n", max_size=8).map(str.encode)))
def test_lines_are_the_same_however_they_are_cut_into_chunks(chunks: list[bytes]) -> None:
    chunks = [chunk for chunk in chunks if chunk]
    text = b"".join(chunks)
    lines = text.removesuffix(b"\n").split(b"\n") if text else []
    assert numbered(chunks, Skipped()) == list(enumerate(lines, 1))


@pytest.mark.parametrize("size", [1000, 65_536, 300_000, 3_000_000])
def test_a_line_over_64_kib_is_skipped_and_the_others_keep_their_numbers(size: int) -> None:
    long = b"x" * (MAX_LINE_BYTES + 1)
    longest = b"y" * 1_000_000
    kept = b"z" * MAX_LINE_BYTES
    text = b"\n".join([b"one", long, b"three", kept, longest, long, b"seven", long])
    skipped = Skipped()
    chunks = [text[start : start + size] for start in range(0, len(text), size)]
    assert numbered(chunks, skipped) == [(1, b"one"), (3, b"three"), (4, kept), (7, b"seven")]
    assert skipped.as_dict() == {"line-too-long": 4}
    assert skipped.places() == {"line-too-long": "a.log:2"}


def test_a_line_without_end_is_not_held_in_memory() -> None:
    tracemalloc.start()
    assert list(blocks(repeat(b"x" * 100_000, 2000), "a.log", Skipped())) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


@given(st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n", b"bc\r"])))
def test_every_kind_of_line_end_becomes_a_newline(chunks: list[bytes]) -> None:
    text = b"".join(chunks)
    expected = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    assert b"".join(text_chunks(iter(chunks))) == expected


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_byte_order_marks_go_and_utf_16_becomes_utf_8(codec: str, size: int) -> None:
    data = "/café\r\n/b".encode(codec)
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    assert b"".join(text_chunks(iter(chunks))) == "/café\n/b".encode()


def test_invalid_utf_8_is_left_as_it_is() -> None:
    assert b"".join(text_chunks(iter([b"/caf\xe9\n"]))) == b"/caf\xe9\n"


def test_a_block_knows_how_many_lines_it_has() -> None:
    long = b"x" * (MAX_LINE_BYTES + 1) + b"\n"
    found = list(blocks(iter([b"a\nb\n" + long + b"c\n" + long, b"d"]), "a.log", Skipped()))
    assert [(block.data, block.first, block.lines) for block in found] == [
        (b"a\nb\n", 1, 2),
        (b"c\n", 4, 1),
        (b"d\n", 6, 1),
    ]
