"""Each kind of sitemap and feed is recognised by its content."""

from __future__ import annotations

import gzip
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.sources_sitemap.reading import read
from warmer.sources.sitemap import Entry

URLSET = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
  <url><loc>https://www.example.com/</loc><lastmod>2026-11-01</lastmod><priority>1.0</priority></url>
  <url><loc> https://www.example.com/a?b=1&amp;c=2 </loc><changefreq>daily</changefreq></url>
</urlset>
"""
ENTRIES = [
    Entry("https://www.example.com/", 1.0, "2026-11-01"),
    Entry("https://www.example.com/a?b=1&c=2"),
]


def test_a_urlset_gives_its_urls_priorities_and_dates() -> None:
    assert read(URLSET) == (ENTRIES, {})


def test_the_weight_is_the_priority_and_a_half_where_there_is_none() -> None:
    assert [entry.weight for entry in read(URLSET)[0]] == [1.0, 0.5]


@pytest.mark.parametrize("priority", ["1.1", "-0.1", "nan", "inf", "high", "0,8", ""])
def test_a_priority_that_is_junk_or_out_of_range_counts_as_none(priority: str) -> None:
    entries, _ = read(f"<urlset><url><loc>/a</loc><priority>{priority}</priority></url></urlset>")
    assert entries == [Entry("/a", None)]
    assert entries[0].weight == 0.5


def test_an_index_gives_nested_entries() -> None:
    data = """<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
      <sitemap><loc>https://www.example.com/one.xml.gz</loc><lastmod>2026-01-02</lastmod></sitemap>
      <sitemap><loc>/two.xml</loc></sitemap></sitemapindex>"""
    assert read(data)[0] == [
        Entry("https://www.example.com/one.xml.gz", None, "2026-01-02", (), nested=True),
        Entry("/two.xml", None, None, (), nested=True),
    ]


@pytest.mark.parametrize(
    "declared",
    ["", ' xmlns="http://www.google.com/schemas/sitemap/0.84"', ' xmlns="urn:nonsense:x"'],
    ids=["absent", "old", "wrong"],
)
def test_a_namespace_that_is_absent_or_wrong_does_not_matter(declared: str) -> None:
    assert read(f"<urlset{declared}><url><loc>/a</loc></url></urlset>")[0] == [Entry("/a")]


def test_prefixed_elements_are_read() -> None:
    data = '<s:urlset xmlns:s="urn:s"><s:url><s:loc>/a</s:loc></s:url></s:urlset>'
    assert read(data)[0] == [Entry("/a")]


def test_alternates_are_listed_once_and_without_the_page_itself() -> None:
    data = """<urlset xmlns:xhtml="http://www.w3.org/1999/xhtml"><url><loc>/en/</loc>
      <xhtml:link rel="alternate" hreflang="en" href="/en/"/>
      <xhtml:link rel="alternate" hreflang="de" href="/de/"/>
      <xhtml:link rel="alternate" hreflang="x-default" href="/de/"/>
      <xhtml:link rel="canonical" href="/other/"/>
      <xhtml:link rel="alternate" hreflang="fr" href="javascript:x"/></url></urlset>"""
    assert read(data) == ([Entry("/en/", alternates=("/de/",))], {"scheme": 1})


def test_an_undeclared_xhtml_prefix_costs_nothing() -> None:
    data = """<urlset><url><loc>/en/</loc><xhtml:link rel="alternate" href="/de/"/></url>
      <url><loc>/b/</loc></url></urlset>"""
    assert read(data) == ([Entry("/en/", alternates=("/de/",)), Entry("/b/")], {})


def test_the_address_of_an_image_is_not_taken_for_a_page() -> None:
    data = """<urlset xmlns:i="urn:i"><url><i:image><i:loc>/cat.jpg</i:loc></i:image>
      <loc>/cat</loc></url></urlset>"""
    assert read(data)[0] == [Entry("/cat")]


def test_cdata_and_comments_are_read_through() -> None:
    data = "<urlset><!-- c --><url><loc><![CDATA[/a?b&c]]></loc></url></urlset>"
    assert read(data)[0] == [Entry("/a?b&c")]


def test_a_text_sitemap_has_a_url_a_line() -> None:
    data = "https://www.example.com/a\r\n\r\n  https://www.example.com/ü  \n/c"
    assert read(data) == (
        [
            Entry("https://www.example.com/a"),
            Entry("https://www.example.com/%C3%BC"),
            Entry("/c"),
        ],
        {},
    )


def test_rss_2_gives_the_links_of_its_items_and_not_of_the_channel() -> None:
    data = """<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>
      <title>t</title><link>https://www.example.com/</link>
      <atom:link href="https://www.example.com/feed" rel="self"/>
      <item><title>a</title><link>https://www.example.com/a</link>
        <pubDate>Mon, 02 Nov 2026 10:00:00 GMT</pubDate><guid>https://www.example.com/?p=1</guid></item>
      <item><guid>https://www.example.com/b</guid></item>
      <item><guid isPermaLink="false">https://www.example.com/?p=3</guid></item>
      </channel></rss>"""
    assert read(data) == (
        [
            Entry("https://www.example.com/a", None, "Mon, 02 Nov 2026 10:00:00 GMT"),
            Entry("https://www.example.com/b"),
        ],
        {"no-loc": 1},
    )


def test_rss_1_has_its_items_beside_the_channel() -> None:
    data = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
      xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
      <channel rdf:about="/c"><link>/c</link></channel>
      <item rdf:about="/a"><link>/a</link><dc:date>2026-11-01</dc:date></item></rdf:RDF>"""
    assert read(data)[0] == [Entry("/a", None, "2026-11-01")]


def test_atom_gives_the_alternate_link_or_the_one_without_relation() -> None:
    data = """<feed xmlns="http://www.w3.org/2005/Atom"><link href="/" rel="alternate"/>
      <entry><link rel="edit" href="/edit"/><link rel="alternate" href="/a"/>
        <updated>2026-11-01T00:00:00Z</updated></entry>
      <entry><link href="/b"/><link rel="alternate" hreflang="de" href="/de/b"/></entry>
      <entry><id>urn:uuid:1</id></entry></feed>"""
    assert read(data) == (
        [Entry("/a", None, "2026-11-01T00:00:00Z"), Entry("/b", alternates=("/de/b",))],
        {"no-loc": 1},
    )


@pytest.mark.parametrize(
    "wrap",
    [
        gzip.compress,
        lambda data: gzip.compress(gzip.compress(data)),
        lambda data: gzip.compress(data) + bytes(100),
        lambda data: gzip.compress(data[:200]) + gzip.compress(data[200:]),
        lambda data: b"\xef\xbb\xbf \r\n\xef\xbb\xbf" + data,
        lambda data: b"\n" * 70_000 + data,
        lambda data: gzip.compress(b"\xef\xbb\xbf\n" + data),
        lambda data: data + b"\n\0junk",
        lambda data: data.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        lambda data: data.decode().replace("UTF-8", "UTF-16").encode("utf-16-le"),
        lambda data: data.decode().encode("utf-16-be"),
        lambda data: data.replace(b"UTF-8", b"utf-16"),
    ],
    ids=[
        "gzip", "gzip twice", "gzip, padded", "two gzip members", "two BOMs", "blank lines",
        "BOM in gzip", "junk behind the root", "UTF-16", "UTF-16LE without BOM",
        "UTF-16BE called UTF-8", "UTF-8 called UTF-16",
    ],
)  # fmt: skip
def test_wrapping_and_encoding_do_not_matter(wrap: object) -> None:
    assert callable(wrap)
    assert read(wrap(URLSET.encode())) == (ENTRIES, {})


URLS = st.text(st.sampled_from("abcXYZ019/-_.~?=&;+,'%"), max_size=40).map(
    lambda path: "https://www.example.com/p" + path
)
PRIORITIES = st.none() | st.integers(0, 10).map(lambda tenths: tenths / 10)


@given(st.lists(st.tuples(URLS, PRIORITIES), max_size=20), st.booleans())
def test_what_is_written_is_read_back(rows: list[tuple[str, float | None]], packed: bool) -> None:
    lines = [
        f"<url><loc>{escape(url)}</loc>"
        + ("" if priority is None else f"<priority>{priority}</priority>")
        + "</url>"
        for url, priority in rows
    ]
    data = f"<urlset>{''.join(lines)}</urlset>".encode()
    entries, skipped = read(gzip.compress(data) if packed else data)
    assert [(entry.loc, entry.priority) for entry in entries] == rows
    assert skipped == {}


@given(st.lists(URLS, min_size=1, max_size=20))
def test_a_text_sitemap_is_read_back(urls: list[str]) -> None:
    assert [entry.loc for entry in read("\n".join(urls))[0]] == urls
