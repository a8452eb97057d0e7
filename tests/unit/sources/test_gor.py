from __future__ import annotations

import gzip
import tracemalloc
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.sources.reading import candidates_of, captured, requests_in
from warmer.model import Candidate
from warmer.sources import capture_counter, gor
from warmer.sources.capture import CapturedRequest
from warmer.sources.skipped import Skipped

if TYPE_CHECKING:
    from pathlib import Path

MONKEYS = "\n🐵🙈🙉\n".encode()
BINARY = b"\n\x00\xff\r\n\r\n\xf0\x9f\x90\xb5"
# As `gor --input-raw :80 --output-file requests.gor` wrote them; from its own documentation.
DOCUMENTED = (
    b"1 d7123dasd913jfd21312dasdhas31 127345969\n"
    b"GET / HTTP/1.1\r\nHost: www.w3.org\r\nUser-Agent: Go 1.1 package http\r\n"
    b"Accept-Encoding: gzip\r\n\r\n" + MONKEYS
)


def record(
    target: str = "/",
    *headers: str,
    method: str = "GET",
    at_ns: int = 1_700_000_000_000_000_000,
    body: bytes = b"",
    kind: int = 1,
) -> bytes:
    lines = "".join(f"{line}\r\n" for line in ("Host: www.example.com", *headers))
    head = f"{kind} 932079936fa4306fc308d675 {at_ns} 0\n{method} {target} HTTP/1.1\r\n{lines}\r\n"
    return head.encode() + body + MONKEYS


def test_the_documented_example_is_read() -> None:
    assert requests_in("gor", DOCUMENTED) == [
        CapturedRequest(
            0.127345969,
            "GET",
            "//www.w3.org/",
            (("Host", "www.w3.org"), ("User-Agent", "Go 1.1 package http"),
             ("Accept-Encoding", "gzip")),
            b"",
            "Go 1.1 package http",
        )
    ]  # fmt: skip


@pytest.mark.parametrize("chunk_bytes", [1, 7, 100_000])
def test_records_are_whole_however_the_file_is_cut_into_chunks(chunk_bytes: int) -> None:
    data = (
        record("/a", at_ns=1_700_000_000_500_000_000)
        + record("/b?x=1", method="POST", body=BINARY)
        + b"2 932079936fa4306fc308d675 1700000000700000000 9\nHTTP/1.1 200 OK\r\n\r\nhi" + MONKEYS
        + record("/c", "Cookie: s=1", "X-Real-IP: 192.0.2.7", "User-Agent: A")
    )  # fmt: skip
    skipped = Skipped()
    found = requests_in("gor", data, skipped, chunk_bytes=chunk_bytes)
    assert [(each.at_s, each.method, each.url, each.user) for each in found] == [
        (1_700_000_000.5, "GET", "//www.example.com/a", None),
        (1_700_000_000.0, "POST", "//www.example.com/b?x=1", None),
        (1_700_000_000.0, "GET", "//www.example.com/c", "192.0.2.7 A"),
    ]
    assert found[1].body == BINARY
    assert skipped.as_dict() == {}


def test_credentials_are_dropped_unless_they_are_asked_for() -> None:
    data = record("/", "Cookie: sessionid=1", "Authorization: Basic eDp5", "Accept: text/html")
    names = [name for name, _ in requests_in("gor", data)[0].headers]
    assert names == ["Host", "Accept"]
    kept = requests_in("gor", data, keep_credentials=True)[0]
    assert ("Cookie", "sessionid=1") in kept.headers


def test_pages_are_counted_as_in_a_log(tmp_path: Path) -> None:
    path = tmp_path / "requests.gor"
    path.write_bytes(
        record("/a") * 3
        + record("/b")
        + record("/app.css?v=2") * 2
        + record("/a", method="POST", body=b"x=1")
        + record("/own", "User-Agent: Mozilla/5.0 (compatible; warmer/0.1.0)")
        + record("/shoes", "user-agent: leg-warmer/2")
        + record("/x", kind=2)
        + b"nonsense" + MONKEYS
        + record("/late").removesuffix(MONKEYS)
    )  # fmt: skip
    skipped = Skipped()
    assert candidates_of(path, skipped) == [
        Candidate("//www.example.com/a", 3.0),
        Candidate("//www.example.com/b", 1.0),
        Candidate("//www.example.com/shoes", 1.0),
    ]
    assert skipped.as_dict() == {
        "static-file": 2,
        "not-get": 1,
        "own-traffic": 1,
        "truncated": 1,
        "unparsable": 1,
    }
    assert skipped.places() == {
        "static-file": f"{path}: record 5",
        "not-get": f"{path}: record 7",
        "own-traffic": f"{path}: record 8",
        "unparsable": f"{path}: record 11",
        "truncated": f"{path}: record 12",
    }


def test_values_of_chosen_headers_tell_candidates_apart(tmp_path: Path) -> None:
    path = tmp_path / "requests.gor"
    path.write_bytes(
        record("/a", "accept-language: de ", "Cookie: s=1") * 2
        + record("/a", "Accept-Encoding: br", "Accept-Language: en")
        + record("/a")
    )
    assert candidates_of(path, vary=["Accept-Language"]) == [
        Candidate("//www.example.com/a", 2.0, (("accept-language", "de"),)),
        Candidate("//www.example.com/a", 1.0, (("accept-language", "en"),)),
        Candidate("//www.example.com/a", 1.0, (("accept-language", ""),)),
    ]


def test_chunks_are_one_source_in_order_plain_or_packed(tmp_path: Path) -> None:
    for number in (10, 2, 0):
        (tmp_path / f"requests_{number}.gor").write_bytes(record(f"/{number}"))
    (tmp_path / "requests_1.gor.gz").write_bytes(gzip.compress(record("/1")))
    (tmp_path / "requests_x.gor").write_bytes(record("/other"))
    for name in ("requests.gor", "requests_[0-9]*"):
        assert [each.url for each in captured(tmp_path / name)] == [
            "//www.example.com/0",
            "//www.example.com/1",
            "//www.example.com/2",
            "//www.example.com/10",
        ]


def test_a_file_that_is_there_is_no_name_of_chunks(tmp_path: Path) -> None:
    (tmp_path / "requests.gor").write_bytes(record("/whole"))
    (tmp_path / "requests_0.gor").write_bytes(record("/0"))
    found = captured(tmp_path / "requests.gor")
    assert [each.url for each in found] == ["//www.example.com/whole"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"1 id notatime 0\nGET / HTTP/1.1\r\n\r\n", "unparsable"),
        (b"1 id\nGET / HTTP/1.1\r\n\r\n", "unparsable"),
        (b"GET / HTTP/1.1\r\n\r\n", "unparsable"),
        (b"1 id 5 0\nGET /a\r\n\r\n", "unparsable"),
        (b"1 id 5 0\nGET ftp://x/ HTTP/1.1\r\n\r\n", "not-a-url"),
        (b"1 id 5 0\nGET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "credentials-in-url"),
        (b"1 id 5 0\nGET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", "control-character"),
    ],
)
def test_what_is_no_request_is_counted_by_reason(text: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "requests.gor"
    path.write_bytes(text + MONKEYS + record("/good"))
    sent, counted = Skipped(), Skipped()
    assert [each.url for each in captured(path, sent)] == ["//www.example.com/good"]
    assert [each.url for each in candidates_of(path, counted)] == ["//www.example.com/good"]
    assert sent.as_dict() == {reason: 1}
    assert counted.total == 1


def test_a_request_cut_short_does_not_swallow_the_next(tmp_path: Path) -> None:
    path = tmp_path / "requests.gor"
    whole = record("/next")
    for cut in (
        b"1 i 5 0\nGET /cut HTTP/1.1",
        b"1 i 5 0\nGET /cut HTTP/1.1\r\nHost: www.example.com",
    ):
        path.write_bytes(cut + MONKEYS + whole)
        assert [each.url.rpartition("/")[2] for each in captured(path)] == ["cut", "next"]
        assert [each.url.rpartition("/")[2] for each in candidates_of(path)] == ["cut", "next"]


def test_a_record_without_end_is_dropped_without_being_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gor, "MAX_RECORD_BYTES", 100_000)
    skipped = Skipped()
    big = record("/big", method="POST", body=b"x" * 5_000_000)
    data = record("/a") + big + record("/b") + big.removesuffix(MONKEYS)
    tracemalloc.start()
    try:
        found = requests_in("gor", data, skipped, chunk_bytes=10_000)
        assert [each.url for each in found] == ["//www.example.com/a", "//www.example.com/b"]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert skipped.places() == {"record-too-long": "file: record 2"}
    assert skipped.as_dict() == {"record-too-long": 2}
    assert peak < 12_000_000  # the data in pieces, once; not what is dropped


@given(st.binary(max_size=400), st.integers(1, 50))
def test_any_bytes_are_read_alike_by_both_readers(noise: bytes, size: int) -> None:
    data = record("/first") + noise + MONKEYS + record("/last", "Accept-Language: de")
    skipped = Skipped()
    urls = {each.url for each in requests_in("gor", data, skipped, chunk_bytes=size)}
    assert "//www.example.com/last" in urls
    reader = gor.KeyReader(["accept-language"])
    asked = reader.read(MONKEYS + data.removesuffix(MONKEYS))
    assert (b"GET", b"/last", b"", b"www.example.com", b"", b"de") in asked.keys
    assert asked.unparsable >= 0


def test_memory_does_not_grow_with_the_number_of_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture_counter, "MAX_PAGES", 1_000)
    path = tmp_path / "requests.gor"
    path.write_bytes(b"".join(record(f"/{number % 6_000}") for number in range(12_000)))
    found: Counter[str] = Counter()
    for candidate in candidates_of(path):
        found[candidate.url] += int(candidate.weight)
    assert len(found) == 6_000
    assert set(found.values()) == {2}
