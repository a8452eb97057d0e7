from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.sources.reading import candidates_of, requests_in
from warmer.model import Candidate
from warmer.sources.capture import CapturedRequest
from warmer.sources.skipped import Skipped

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

# The example of vegeta's README.
DOCUMENTED = b"""GET http://goku:9090/path/to/dragon?item=ball
X-Account-ID: 8675309

DELETE http://goku:9090/path/to/remove
Confirmation-Token: 90215
Authorization: Token DEADBEEF
"""


def test_the_documented_example_is_read() -> None:
    assert requests_in("vegeta", DOCUMENTED) == [
        CapturedRequest(
            None, "GET", "http://goku:9090/path/to/dragon?item=ball", (("X-Account-ID", "8675309"),)
        ),
        CapturedRequest(
            None, "DELETE", "http://goku:9090/path/to/remove", (("Confirmation-Token", "90215"),)
        ),
    ]
    kept = requests_in("vegeta", DOCUMENTED, keep_credentials=True)
    assert kept[1].headers[1] == ("Authorization", "Token DEADBEEF")


def test_bodies_come_from_files_beside_which_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "attack"
    directory.mkdir()
    monkeypatch.chdir(directory)
    (directory / "body.json").write_bytes(b'{"a": 1}')
    os.mkfifo(directory / "pipe")
    (tmp_path / "secret").write_bytes(b"no body of any request")
    (directory / "link").symlink_to(tmp_path / "secret")
    skipped = Skipped()
    data = b"".join(
        b"POST http://goku/%d\r\n@%s\r\n" % (number, name)
        for number, name in enumerate(
            [b"body.json", b"pipe", b"none", b"/dev/zero", b"a\0b", b"../secret", b"link"]
        )
    )
    found = requests_in("vegeta", data, skipped)
    assert [(each.url, each.body) for each in found] == [("http://goku/0", b'{"a": 1}')]
    assert skipped.as_dict() == {"body-file": 6}
    assert skipped.places() == {"body-file": "file:3"}


def test_targets_end_with_a_blank_line_or_with_the_next_target() -> None:
    data = b"# c\n\nGET http://a/\nGET http://b/\r\nX-A: 1\r\n\r\n\r\nGET http://c/\rX-B: 2"
    found = requests_in("vegeta", data)
    assert [(each.url, each.headers) for each in found] == [
        ("http://a/", ()),
        ("http://b/", (("X-A", "1"),)),
        ("http://c/", (("X-B", "2"),)),
    ]


def test_json_targets_are_read_with_all_their_header_values() -> None:
    target = {
        "method": "POST",
        "url": "https://goku/",
        "body": base64.b64encode(b"\x00\xff").decode(),
        "header": {"X-A": ["1", "2"], "Cookie": ["s=1"], "User-Agent": ["Mozilla/5.0"]},
    }
    data = json.dumps(target).encode() + b'\n\n{"method":"get","url":"https://goku/b"}'
    assert requests_in("vegeta", data) == [
        CapturedRequest(
            None, "POST", "https://goku/",
            (("X-A", "1"), ("X-A", "2"), ("User-Agent", "Mozilla/5.0")), b"\x00\xff", "Mozilla/5.0",
        ),
        CapturedRequest(None, "GET", "https://goku/b"),
    ]  # fmt: skip


def test_what_is_no_target_is_counted_by_reason() -> None:
    skipped = Skipped()
    data = (
        b"stray\nGET http://goku/a\nno header\n\nGET mailto:x\n\nGET http://goku/b\n: x\n\n"
        b'{"method":"GET"}\n{"url":5,"method":"GET"}\n{"method":"GET","url":"/","body":"%%"}\n'
        b"GET http://goku/" + b"x" * 1_000_000 + b"\n\nGET http://goku/c\n"
    )
    assert [each.url for each in requests_in("vegeta", data, skipped)] == ["http://goku/c"]
    assert skipped.as_dict() == {"unparsable": 6, "line-too-long": 1, "scheme": 1}
    assert skipped.places()["unparsable"] == "file:1"


def test_pages_are_counted_and_are_no_observed_traffic(tmp_path: Path) -> None:
    path = tmp_path / "targets.txt"
    path.write_bytes(b"GET http://goku/a\n" * 2 + DOCUMENTED)
    assert candidates_of(path) == [
        Candidate("http://goku/a", 2.0),
        Candidate("http://goku:9090/path/to/dragon?item=ball", 1.0),
    ]


@given(st.binary(max_size=300), st.integers(1, 60))
def test_any_bytes_are_read_or_counted(noise: bytes, size: int) -> None:
    data = noise + b"\n\nGET http://goku/last\n"
    found = requests_in("vegeta", data, chunk_bytes=size)
    assert found[-1].url == "http://goku/last"
