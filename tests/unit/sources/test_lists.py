from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.errors import SourceError
from warmer.model import Candidate
from warmer.sources.lists import Columns, find_columns, read_csv, read_list, weight_of
from warmer.sources.skipped import Skipped


def listed(text: bytes, skipped: Skipped | None = None) -> list[str]:
    return [c.url for c in read_list(iter([text]), "urls.txt", skipped or Skipped())]


def rows(text: bytes, skipped: Skipped | None = None) -> list[tuple[str, float]]:
    found = read_csv(iter([text]), "urls.csv", skipped or Skipped())
    return [(candidate.url, candidate.weight) for candidate in found]


def test_a_list_holds_urls_paths_comments_and_blank_lines_with_any_line_end() -> None:
    text = b"\xef\xbb\xbf# top pages\r\nhttps://example.com/a\r\r\n   /b?c=d \t\n\n#/no\r//e.f/g"
    assert listed(text) == ["https://example.com/a", "/b?c=d", "//e.f/g"]


def test_a_listed_url_weighs_one() -> None:
    assert list(read_list(iter([b"/a\n"]), "-", Skipped())) == [Candidate("/a", 1.0)]


def test_bad_lines_are_counted_by_reason_with_the_place_of_the_first() -> None:
    skipped = Skipped()
    text = (
        b"/a\nftp://x/\nnonsense\nhttps://u:p@x.org/\n/b\x01\n/c\tjunk\n/d POST user=1\n"
        b"NAME=value\n/latin\xe9\nhttps://caf\xe9.example/\n/" + b"x" * 70_000 + b"\n"
    )
    assert listed(text, skipped) == ["/a", "/latin%E9"]
    assert skipped.as_dict() == {
        "control-character": 2,
        "not-a-url": 2,
        "credentials-in-url": 1,
        "line-too-long": 1,
        "not-get": 1,
        "scheme": 1,
        "undecodable": 1,
    }
    assert skipped.places()["not-a-url"] == "urls.txt:3"
    assert skipped.places()["line-too-long"] == "urls.txt:11"


@given(st.binary(max_size=200))
def test_no_bytes_crash_a_list_or_a_table(text: bytes) -> None:
    for url in listed(text):
        assert url.isascii()
    rows(b"url,hits\n" + text)


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        (b"url", Columns(",", 0, None)),
        (b"URL,Hits", Columns(",", 0, 1)),
        (b'"Page","Pageviews","Unique Pageviews"', Columns(",", 0, 1)),
        (b"# ---\n# Export\n\nPage path\tViews\n", Columns("\t", 0, 1)),
        (b"date;page_path;sessions", Columns(";", 1, 2)),
        (b"Landing page, Sessions", Columns(",", 0, 1)),
        (b"Top pages,Clicks,Impressions", Columns(",", 0, 1)),
        (b"sessions,hits,path", Columns(",", 2, 1)),
        (b"name,hits", None),
        (b"/page,/views", None),
        (b"", None),
    ],
)
def test_a_header_tells_the_columns(header: bytes, columns: Columns | None) -> None:
    assert find_columns(header) == columns


def test_a_table_gives_weights_and_leaves_out_total_rows() -> None:
    skipped = Skipped()
    text = (
        b"# Google Analytics\n\nPage,Pageviews,Bounce\n"
        b'/,"1,234,567",1\n/a,12,2\n"/b,c",3,3\nexample.com/d,4,4\n(other),5,5\n'
        b'Total,"2,000,000",\n,99,\n/e,n/a,\n/f\n/g,-1,\n'
    )
    assert rows(text, skipped) == [
        ("/", 1234567.0),
        ("/a", 12.0),
        ("/b,c", 3.0),
        ("//example.com/d", 4.0),
    ]
    assert skipped.as_dict() == {"not-a-url": 3, "weight": 2, "unparsable": 1}
    assert skipped.places()["not-a-url"] == "urls.csv:8"


def test_a_table_without_a_counting_column_weighs_each_row_one() -> None:
    assert rows(b"title\turl\nHome\t/\nCaf\xe9\t/caf\xe9\n") == [("/", 1.0), ("/caf%E9", 1.0)]


def test_a_table_for_excel_in_utf_16_is_read() -> None:
    assert rows("Seite\tURL\tHits\r\nStart\t/ä\t7\r\n".encode("utf-16")) == [("/%C3%A4", 7.0)]


def test_a_table_without_a_url_column_is_an_error() -> None:
    with pytest.raises(SourceError) as error:
        rows(b"name,hits\nx,1\n")
    assert str(error.value) == (
        "urls.csv:1: no URL column in the header; "
        "expected one of url, page, path, page path, landing page."
    )


@pytest.mark.parametrize(
    ("text", "comma_is_decimal", "weight"),
    [
        ("12", False, 12.0),
        (" 12.5 ", False, 12.5),
        ("1,234", False, 1234.0),
        ("1,234.5", False, 1234.5),
        ("1 234 567", False, 1234567.0),
        ("1\u202f234", False, 1234.0),
        ("1'234", False, 1234.0),
        ("0", False, 0.0),
        ("1.234", False, 1.234),
        ("1.234", True, 1234.0),
        ("1.234,5", True, 1234.5),
        ("12,5", True, 12.5),
        ("12,5", False, None),
        ("", False, None),
        ("-3", False, None),
        ("nan", False, None),
        ("1e400", False, None),
        ("٣", False, None),
        ("12%", False, None),
    ],
)
def test_a_weight_is_read_as_spreadsheets_write_it(
    text: str, *, comma_is_decimal: bool, weight: float | None
) -> None:
    assert weight_of(text, comma_is_decimal=comma_is_decimal) == weight
