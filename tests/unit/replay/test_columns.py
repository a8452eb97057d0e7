from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from warmer.errors import ConfigError
from warmer.replay.columns import Columns, read_columns
from warmer.sources.urls import check

if TYPE_CHECKING:
    from pathlib import Path


def test_rows_are_taken_in_turn_by_the_requests_that_have_a_place() -> None:
    columns = Columns("f", ["slug", " page "], [["a b", "1"], ["ä/ö", "2"]])
    assert [
        columns.fill(url) for url in ("/p/${slug}?n=${page}", "/x", "/$", "/${slug}", "/${slug}")
    ] == [
        "/p/a%20b?n=1",
        "/x",
        "/$",
        "/%C3%A4%2F%C3%B6",
        "/a%20b",
    ]


def test_a_place_is_found_in_a_url_that_was_made_ready_to_be_sent() -> None:
    url = check(b"https://example.com/${slug}/?q=${slug}")
    assert url == "https://example.com/$%7Bslug%7D/?q=${slug}"
    assert Columns("f", ["slug"], [["x"]]).fill(url) == "https://example.com/x/?q=x"


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match=r'^f: no column "price"; expected one of slug, page$'):
        Columns("f", ["slug", "page"], [["a", "b"]]).fill("/${price}")


def test_a_file_has_a_header_and_rows_of_its_width(tmp_path: Path) -> None:
    path = tmp_path / "terms.csv"
    path.write_text('\ufeffterm,page\n"red, or blue",1\n\nshoes,2\n', encoding="utf-8")
    columns = read_columns(path)
    assert [columns.fill("/${term}") for _ in range(2)] == ["/red%2C%20or%20blue", "/shoes"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no rows"),
        (b"term\n", "no rows"),
        (b"a,b\n1\n", "row 2 has 1 cells; expected 2, as the header"),
        (b"a\n\xff\n", "expected a CSV file with a header"),
        (None, "No such file or directory; expected a CSV file with a header"),
    ],
)
def test_what_is_no_such_file_is_refused(
    content: bytes | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "terms.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        read_columns(path)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)
