from __future__ import annotations

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

FORM = (("Content-Type", "application/x-www-form-urlencoded"),)


def urls(text: str, skipped: Skipped | None = None) -> list[str]:
    return [each.url for each in requests_in("siege", text.encode(), skipped)]


def test_variables_are_filled_in_from_where_they_are_set() -> None:
    text = (
        "# a comment\r\nHOST=www.example.com\r\nROOT=http://$(HOST)\nhttp://${HOST}/a\n"
        "$(ROOT)/b\n$ROOT/c\nHOST=shop.example.com\nROOT/d\n$(ROOT)/e\n"
    )
    assert urls(text) == [
        "http://www.example.com/a",
        "http://www.example.com/b",
        "http://www.example.com/c",
        "//root/d",
        "http://shop.example.com/e",
    ]


def test_data_is_sent_as_a_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.txt").write_bytes(b"c=d")
    data = (
        b"http://h/a POST x=1&y=2 3\nh:8000/b POST <data.txt\nhttp://h/c PUT\nhttp://h/d POST <gone\n"
        b"http://h/e GET\nhttp://h/f DELETE\nhttp://h/POST\n"
    )
    skipped = Skipped()
    assert requests_in("siege", data, skipped) == [
        CapturedRequest(None, "POST", "http://h/a", FORM, b"x=1&y=2 3"),
        CapturedRequest(None, "POST", "//h:8000/b", FORM, b"c=d"),
        CapturedRequest(None, "PUT", "http://h/c"),
        CapturedRequest(None, "GET", "http://h/e"),
        CapturedRequest(None, "DELETE", "http://h/f"),
        CapturedRequest(None, "GET", "http://h/POST"),
    ]
    assert skipped.places() == {"body-file": "file:4"}


def test_the_environment_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    skipped = Skipped()
    assert urls("http://h/$(SECRET)\nhttp://h/?$filter=x\n", skipped) == ["http://h/?$filter=x"]
    assert skipped.as_dict() == {"undefined-variable": 1}


def test_a_variable_that_holds_itself_ends() -> None:
    skipped = Skipped()
    doubling = "A=" + "$(B)" * 500 + "\n" + "B=" + "$(A)" * 500 + "\nhttp://h/$(A)\n"
    assert urls("A=$(A)\nhttp://h/$(A)\nhttp://h/ok\n" + doubling, skipped) == ["http://h/ok"]
    assert skipped.as_dict() == {"undefined-variable": 2}


def test_pages_are_counted_and_posts_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "urls.txt"
    path.write_text("H=http://h\n$(H)/a\n$(H)/a\n$(H)/b POST x=1\n$(H)/a.png\n")
    skipped = Skipped()
    assert candidates_of(path, skipped) == [Candidate("http://h/a", 2.0)]
    assert skipped.as_dict() == {"not-get": 1, "static-file": 1}


@given(st.binary(max_size=300), st.integers(1, 60))
def test_any_bytes_are_read_or_counted(noise: bytes, size: int) -> None:
    data = noise + b"\nhttp://h/last\n"
    assert requests_in("siege", data, chunk_bytes=size)[-1].url == "http://h/last"


def test_hostile_lines_do_not_make_the_match_backtrack() -> None:
    skipped = Skipped()
    text = "a" + " " * 60_000 + "b\n" + "$(" * 30_000 + "\n" + "POST " * 12_000 + "\nhttp://h/\n"
    assert urls(text, skipped)[-1] == "http://h/"
