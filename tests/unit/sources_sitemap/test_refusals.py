"""What bad input gets: one line that says what was found, or a count of what was skipped."""

from __future__ import annotations

import contextlib
import gzip
import resource
from io import BytesIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.sources_sitemap.reading import read
from warmer.errors import SourceError
from warmer.sources.sitemap import Entry, Limits, parse
from warmer.sources.skipped import Skipped

HTML_REFUSED = (
    "answered with an HTML page; expected a sitemap. Pages themselves go into a list,"
    " and discover: follows links from one"
)
LAUGHS = (
    '<!DOCTYPE urlset [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<urlset><url><loc>/&b;</loc></url></urlset>"
)
EXTERNAL = (
    '<!DOCTYPE urlset [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    "<urlset><url><loc>/&a;</loc></url></urlset>"
)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "is empty; expected a sitemap"),
        (" \r\n\ufeff", "is empty; expected a sitemap"),
        (gzip.compress(b"", mtime=0), "is empty; expected a sitemap"),
        (LAUGHS, "has a DOCTYPE; entities are refused"),
        (EXTERNAL, "has a DOCTYPE; entities are refused"),
        ("<?xml version='1.0'?><!--" + "x" * 5_000 + "-->" + LAUGHS,
         "has a DOCTYPE; entities are refused"),
        (LAUGHS.encode("utf-16"), "has a DOCTYPE; entities are refused"),
        ("<!DOCTYPE html><html><body>Log in", HTML_REFUSED),
        ("<?xml version='1.0'?>\n<!-- c -->\n<html lang=en><p>", HTML_REFUSED),
        ("<HTML><HEAD>", HTML_REFUSED),
        ("<x:html xmlns:x='http://www.w3.org/1999/xhtml'/>", HTML_REFUSED),
        ("<svg/>", "is XML with the root element <svg>; expected a sitemap (urlset, sitemapindex) or a feed (rss, rdf, feed)"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "is binary; expected a sitemap"),
        ("404 page not found", "has no URL in it; expected a sitemap, a feed, or a URL a line"),
        ('{"error": "nope"}', "has no URL in it; expected a sitemap, a feed, or a URL a line"),
    ],
)  # fmt: skip
def test_what_is_no_sitemap_is_refused_in_one_line(data: bytes | str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        read(data)
    assert str(caught.value) == f"s.xml: {message}"


def test_a_file_cut_off_keeps_its_entries_and_is_noted() -> None:
    data = "<urlset><url><loc>/a</loc></url><url><loc>/b</loc></url><url><loc>/c"
    assert read(data) == ([Entry("/a"), Entry("/b")], {"truncated": 1})


def test_a_file_cut_off_before_its_first_entry_is_refused() -> None:
    with pytest.raises(
        SourceError, match=r"^s\.xml: is cut off or not well-formed before its first entry"
    ):
        read("<urlset><url><loc>/a</loc>")


def test_an_unescaped_ampersand_ends_the_file_there() -> None:
    data = "<urlset><url><loc>/a</loc></url><url><loc>/b?c&d=1</loc></url></urlset>"
    assert read(data) == ([Entry("/a")], {"truncated": 1})


def test_gzip_data_cut_off_keeps_what_came_whole() -> None:
    data = b"".join(b"https://www.example.com/%d\n" % (n * n) for n in range(1_000))
    entries, skipped = read(gzip.compress(data, mtime=0)[:-200])
    assert skipped == {"truncated": 1}
    assert 0 < len(entries) < 1_000
    assert [entry.loc for entry in entries] == data.decode().split()[: len(entries)]


def test_gzip_data_without_anything_in_it_is_refused() -> None:
    with pytest.raises(SourceError, match=r"^s\.xml: damaged compressed file"):
        read(gzip.compress(b"<urlset/>")[:10])


def test_a_urlset_without_urls_is_no_error() -> None:
    assert read("<urlset></urlset>") == ([], {})


def test_urls_that_cannot_be_used_are_counted() -> None:
    long = "https://www.example.com/" + "x" * 8_192
    locs = ["/ok", "ftp://h/", "data:x", "https://", "b.html", "http://a:b@h/", long, ""]
    data = "".join(f"<url><loc>{loc}</loc></url>" for loc in locs)
    assert read(f"<urlset>{data}</urlset>") == (
        [Entry("/ok")],
        {"not-a-url": 2, "scheme": 2, "credentials-in-url": 1, "url-too-long": 1, "no-loc": 1},
    )


def test_a_text_line_of_a_megabyte_and_invalid_utf_8_are_counted() -> None:
    data = b"/a\n" + b"/" + b"x" * 1_000_000 + b"\nhttp://\xff/\n/b\n"
    assert read(data) == ([Entry("/a"), Entry("/b")], {"line-too-long": 1, "undecodable": 1})


@pytest.mark.parametrize("layers", [1, 2])
def test_a_gzip_bomb_stops_at_the_size_limit(layers: int) -> None:
    bomb = b"<urlset>" + b" " * 200_000_000
    for _ in range(layers):
        bomb = gzip.compress(bomb, 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(
        SourceError,
        match=r"^s\.xml: is larger than 1,000,000 bytes unpacked, the limit for one sitemap",
    ):
        read(bomb, Limits(file_bytes=1_000_000))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB


def test_a_file_larger_than_the_limit_yields_what_came_before_it() -> None:
    data = b"".join(b"<url><loc>/%d</loc></url>" % n for n in range(20_000))
    entries = parse(
        BytesIO(b"<urlset>" + data), limits=Limits(file_bytes=200_000), skipped=Skipped()
    )
    assert next(entries) == Entry("/0")
    with pytest.raises(SourceError, match="larger than 200,000 bytes"):
        list(entries)


def test_elements_that_nobody_expects_take_no_memory() -> None:
    data = b"<urlset><url><loc>/a</loc>" + b"<x/>" * 2_000_000 + b"</url></urlset>"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert read(data)[0] == [Entry("/a")]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB


@given(st.binary(max_size=300))
@example(b"\xff\xfe<\0a")
@example(b"\0<\0!")
@example(b"<" * 300)
@example(b"<?" + b"<?x?>" * 50)
def test_arbitrary_bytes_are_read_or_refused(data: bytes) -> None:
    messages = []
    for document in (data, b"<urlset><url><loc>/a</loc>" + data, gzip.compress(data)):
        skipped = Skipped()
        try:
            list(parse(BytesIO(document), limits=Limits(file_bytes=1_000), skipped=skipped))
        except SourceError as error:
            messages.append(str(error))
    assert all("\n" not in message for message in messages)


@given(st.integers(2, 60), st.integers(0, 255))
def test_a_damaged_gzip_file_is_read_or_refused(position: int, byte: int) -> None:
    packed = bytearray(gzip.compress(b"<urlset><url><loc>/a</loc></url></urlset>", mtime=0))
    packed[position % len(packed)] = byte
    with contextlib.suppress(SourceError):
        read(bytes(packed))
