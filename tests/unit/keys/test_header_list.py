"""Header lists are read as data; whatever could run code or grow is refused."""

from __future__ import annotations

import collections
import datetime as dt
import gzip
import io
import json
import lzma
import os
import pickle
import pickletools
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from warmer.caches.header_list import MAX_BYTES, HeaderListRefused, read_header_list

NAMES = ["HTTP_ACCEPT_ENCODING", "HTTP_COOKIE"]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("names", [[], ["HTTP_COOKIE"], NAMES, [f"HTTP_X_{n}" for n in range(60)]])
def test_every_pickle_protocol_is_read(protocol: int, names: list[str]) -> None:
    assert read_header_list(pickle.dumps(names, protocol)) == tuple(names)


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_of_the_python_pickler_are_read(protocol: int) -> None:
    file = io.BytesIO()
    pickle._Pickler(file, protocol).dump(NAMES)
    assert read_header_list(file.getvalue()) == tuple(NAMES)


@pytest.mark.parametrize(
    "pack", [zlib.compress, gzip.compress, lzma.compress, zstandard.ZstdCompressor().compress]
)
def test_packed_pickles_are_read(pack: Any) -> None:
    assert read_header_list(pack(pickle.dumps(NAMES, 5))) == tuple(NAMES)


def test_xz_as_django_redis_packs_it_is_read() -> None:
    assert read_header_list(lzma.compress(pickle.dumps(NAMES), preset=4)) == tuple(NAMES)


def test_json_and_msgpack_lists_are_read() -> None:
    assert read_header_list(json.dumps(NAMES).encode()) == tuple(NAMES)
    assert read_header_list(zlib.compress(json.dumps(NAMES).encode())) == tuple(NAMES)
    assert read_header_list(msgspec.msgpack.encode(NAMES)) == tuple(NAMES)
    assert read_header_list(b"[]") == ()
    assert read_header_list(b"\x90") == ()


class RunsCode:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("/this-must-not-be-made",)


def a_deep_list() -> bytes:
    return b"\x80\x04" + b"]" * 2000 + b"a" * 1999 + b"."


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(pickle.dumps(RunsCode()), id="reduce"),
        pytest.param(pickle.dumps([RunsCode()]), id="reduce in a list"),
        pytest.param(pickle.dumps(["HTTP_COOKIE", RunsCode()], 0), id="reduce, protocol 0"),
        pytest.param(b"cos\nsystem\n(S'true'\ntR.", id="global and reduce"),
        pytest.param(b"\x80\x04]\x8c\x02os\x8c\x06system\x93.", id="stack global"),
        pytest.param(b"(S'true'\nios\nsystem\n.", id="inst"),
        pytest.param(b"\x80\x02]\x82\x01.", id="extension registry"),
        pytest.param(b"\x80\x04]Pabc\n.", id="persistent id"),
        pytest.param(pickle.dumps([["HTTP_COOKIE"]]), id="nested list"),
        pytest.param(a_deep_list(), id="deeply nested list"),
        pytest.param(pickle.dumps([1]), id="int"),
        pytest.param(pickle.dumps([10**900]), id="long"),
        pytest.param(pickle.dumps([None]), id="none"),
        pytest.param(pickle.dumps([b"HTTP_COOKIE"]), id="bytes"),
        pytest.param(pickle.dumps(("HTTP_COOKIE",)), id="tuple"),
        pytest.param(pickle.dumps({"HTTP_COOKIE"}), id="set"),
        pytest.param(pickle.dumps({"HTTP_COOKIE": "HTTP_COOKIE"}), id="dict"),
        pytest.param(pickle.dumps("HTTP_COOKIE"), id="string"),
        pytest.param(pickle.dumps(collections.OrderedDict()), id="object"),
        pytest.param(pickle.dumps(dt.timedelta()), id="object of a C type"),
        pytest.param(pickle.dumps(["HTTP_COOKIE"] * 2), id="memo used again"),
        pytest.param(b"\x80\x02]r\xff\xff\xff\xff(X\x01\x00\x00\x00ae.", id="huge memo, bad name"),
        pytest.param(b"\x80\x04]\x8d\xff\xff\xff\xff\xff\xff\xff\x7fa.", id="huge string"),
        pytest.param(b"\x80\x02]X\xff\xff\xff\x7fa.", id="string longer than the value"),
        pytest.param(b"I" + b"9" * 4000 + b"\n.", id="very long number"),
        pytest.param(pickle.dumps(NAMES)[:-1], id="cut off"),
        pytest.param(pickle.dumps(NAMES) + b"x", id="more after the end"),
        pytest.param(pickle.dumps(NAMES) + pickle.dumps(RunsCode()), id="second pickle"),
        pytest.param(b"\x80\x02](X\x0b\x00\x00\x00HTTP_COOKIE.", id="list left open"),
        pytest.param(pickle.dumps(["Cookie"]), id="no HTTP_ name"),
        pytest.param(pickle.dumps(["HTTP_A" * 800]), id="over the cap"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>", id="a page"),
        pytest.param(b"17", id="number"),
        pytest.param(b'"HTTP_COOKIE"', id="JSON string"),
        pytest.param(b"[1]", id="JSON list of a number"),
        pytest.param(b"[" * 4000, id="deep JSON"),
        pytest.param(b"\x91" * 4000, id="deep msgpack"),
        pytest.param(b"\xdd\xff\xff\xff\xff", id="msgpack list said to be huge"),
        pytest.param(zlib.compress(b"[" + b" " * 3_000_000 + b"]"), id="zlib bomb"),
        pytest.param(gzip.compress(b" " * 3_000_000), id="gzip bomb"),
        pytest.param(lzma.compress(b" " * 3_000_000), id="xz bomb"),
        pytest.param(zstandard.compress(b" " * 3_000_000), id="zstd bomb"),
        pytest.param(zlib.compress(zlib.compress(pickle.dumps(NAMES))), id="packed twice"),
        pytest.param(zlib.compress(pickle.dumps(NAMES))[:-9], id="zlib, cut off"),
        pytest.param(lzma.compress(pickle.dumps(NAMES))[:20], id="xz, cut off"),
        pytest.param(zlib.compress(pickle.dumps(RunsCode())), id="packed reduce"),
    ],
)
def test_what_is_not_a_list_of_header_names_is_refused(raw: bytes) -> None:
    with pytest.raises(HeaderListRefused):
        read_header_list(raw)
    assert not Path("/this-must-not-be-made").exists()


def test_a_huge_memo_index_or_frame_costs_nothing() -> None:
    assert read_header_list(b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f].") == ()
    # Python's own unpickler would make a memo of 32 GiB for this one.
    raw = b"\x80\x02]r\xff\xff\xff\xffX\x0b\x00\x00\x00HTTP_COOKIEa."
    assert read_header_list(raw) == ("HTTP_COOKIE",)


def test_the_reason_names_what_was_found() -> None:
    with pytest.raises(HeaderListRefused, match="pickle opcode STACK_GLOBAL"):
        read_header_list(pickle.dumps([RunsCode()]))
    with pytest.raises(HeaderListRefused, match="5000 bytes, more than 4096"):
        read_header_list(b"x" * 5000)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for attempt in (raw, b"\x80\x04" + raw, b"]" + raw, b"(" + raw, b"[" + raw, b"\x78\x9c" + raw):
        try:
            names = read_header_list(attempt)
        except HeaderListRefused:
            continue
        assert all(name.startswith("HTTP_") for name in names)


OPCODES = [opcode.code.encode("latin-1") for opcode in pickletools.opcodes]


@given(st.lists(st.one_of(st.sampled_from(OPCODES), st.binary(max_size=6)), max_size=30))
def test_any_opcodes_are_read_or_refused(pieces: list[bytes]) -> None:
    raw = b"\x80\x04" + b"".join(pieces)
    try:
        names = read_header_list(raw)
    except HeaderListRefused:
        return
    try:
        # Python's slow unpickler: its memo is a dict, which huge indices do not fill.
        expected = pickle._Unpickler(io.BytesIO(raw)).load()
    except pickle.UnpicklingError:
        return  # lengths of frames, which say nothing about the list, are not held against it
    assert list(names) == expected


@given(st.lists(st.text(max_size=20).map(lambda text: "HTTP_" + text), max_size=40),
       st.integers(0, 5))  # fmt: skip
def test_any_list_of_names_comes_back_as_it_was(names: list[str], protocol: int) -> None:
    raw = pickle.dumps([*names], protocol)
    if len(raw) <= MAX_BYTES and len(set(map(id, names))) == len(names):
        assert read_header_list(raw) == tuple(names)
