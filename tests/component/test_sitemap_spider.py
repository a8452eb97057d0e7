"""The sitemap spider against a real server: what it fetches, hands on, counts and complains of."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import brotli
import pytest

from tests.component.spider_runs import run_by_libcurl, run_spider
from tests.servers.misbehaviour import page, redirect
from warmer.errors import SourceError, StoreError
from warmer.model import Candidate
from warmer.sources.sitemap import Limits

if TYPE_CHECKING:
    from tests.servers.rogue import Behaviour, Rogue


HTML_REFUSED = (
    "answered with an HTML page; expected a sitemap. Pages themselves go into a list,"
    " and discover: follows links from one"
)


def urlset(*locs: str) -> bytes:
    urls = "".join(f"<url><loc>{loc}</loc></url>" for loc in locs)
    return f"<urlset>{urls}</urlset>".encode()


def index(*locs: str) -> bytes:
    sitemaps = "".join(f"<sitemap><loc>{loc}</loc></sitemap>" for loc in locs)
    return f"<sitemapindex>{sitemaps}</sitemapindex>".encode()


async def test_an_index_of_packed_sitemaps_is_followed(rogue: Rogue) -> None:
    rogue.on("/sitemap.xml", page(index(f"{rogue.url}/1.xml.gz", f"{rogue.url}/2.xml")))
    rogue.on("/1.xml.gz", page(gzip.compress(urlset(f"{rogue.url}/a", f"{rogue.url}/b"))))
    rogue.on(
        "/2.xml",
        page(brotli.compress(urlset(f"{rogue.url}/c")), headers={"Content-Encoding": "br"}),
    )
    run = await run_spider("sitemap", f"{rogue.url}/sitemap.xml")
    assert sorted(run.weights) == ["/a", "/b", "/c"]
    assert (run.errors, run.skipped.as_dict()) == ([], {})


async def test_a_packed_file_that_is_packed_once_more_on_the_wire_is_read(rogue: Rogue) -> None:
    body = gzip.compress(gzip.compress(urlset("/a")))
    rogue.on("/sitemap.xml.gz", page(body, headers={"Content-Encoding": "gzip"}))
    run = await run_spider("sitemap", f"{rogue.url}/sitemap.xml.gz")
    assert run.weights == {"/a": 0.5}


async def test_packing_of_both_kinds_is_undone_through_libcurl_too(rogue: Rogue) -> None:
    rogue.on("/sitemap.xml", redirect("/index.xml"))
    body = gzip.compress(index("/1.xml.gz"))
    rogue.on("/index.xml", page(body, headers={"Content-Encoding": "gzip"}))
    rogue.on("/1.xml.gz", page(gzip.compress(urlset("/a"))))
    run = await run_by_libcurl("sitemap", f"{rogue.url}/sitemap.xml")
    assert (run.weights, run.errors) == ({"/a": 0.5}, [])


async def test_an_error_of_the_connection_says_so_in_the_word_of_the_report(rogue: Rogue) -> None:
    rogue.stop()
    run = await run_by_libcurl("sitemap", f"{rogue.url}/sitemap.xml")
    assert len(run.errors) == 1
    assert run.errors[0].startswith(f"{rogue.url}/sitemap.xml: cannot be fetched: connect: ")
    assert run.spider.unreachable == run.errors


async def test_indexes_that_name_each_other_are_read_once_each(rogue: Rogue) -> None:
    rogue.on("/a.xml", page(index("/b.xml", "/a.xml", "/urls.xml")))
    rogue.on("/b.xml", page(index("/a.xml", "/urls.xml")))
    rogue.on("/urls.xml", page(urlset("/p")))
    run = await run_spider("sitemap", f"{rogue.url}/a.xml")
    assert [c.url for c in run.candidates] == [f"{rogue.url}/p"]
    assert sorted(seen.target for seen in rogue.requests()) == ["/a.xml", "/b.xml", "/urls.xml"]


async def test_priorities_become_weights(rogue: Rogue) -> None:
    rogue.on(
        "/sitemap.xml",
        page(b"<urlset><url><loc>/a</loc><priority>0.9</priority></url>"
             b"<url><loc>/b</loc><priority>7</priority></url></urlset>"),
    )  # fmt: skip
    run = await run_spider("sitemap", f"{rogue.url}/sitemap.xml")
    assert run.weights == {"/a": 0.9, "/b": 0.5}


async def test_alternates_are_candidates_unless_unwanted(rogue: Rogue) -> None:
    body = (
        b'<urlset><url><loc>/en/</loc><priority>0.8</priority><xhtml:link rel="alternate" '
        b'hreflang="de" href="/de/"/></url></urlset>'
    )
    rogue.on("/sitemap.xml", page(body))
    wanted = await run_spider("sitemap", f"{rogue.url}/sitemap.xml")
    assert wanted.weights == {"/en/": 0.8, "/de/": 0.8}
    unwanted = await run_spider("sitemap", f"{rogue.url}/sitemap.xml", alternates=False)
    assert unwanted.weights == {"/en/": 0.8}


@pytest.mark.parametrize(
    "body",
    [
        b"<rss><channel><item><link>/a</link></item></channel></rss>",
        b"<feed><entry><link href='/a'/></entry></feed>",
        b"/a\n",
    ],
    ids=["RSS", "Atom", "text"],
)
async def test_feeds_and_text_sitemaps_are_read(rogue: Rogue, body: bytes) -> None:
    rogue.on("/source", page(body))
    assert (await run_spider("sitemap", f"{rogue.url}/source")).weights == {"/a": 0.5}


async def test_robots_txt_names_the_sitemaps(rogue: Rogue) -> None:
    text = (
        f"\ufeffUser-agent: *\nDisallow: /\nsitemap: {rogue.url}/one.xml\nSitemap: /two.xml # x\n"
    )
    rogue.on("/robots.txt", page(text.encode()))
    rogue.on("/one.xml", page(urlset("/a")))
    rogue.on("/two.xml", page(urlset("/b")))
    settings = {"ROBOTSTXT_OBEY": True}
    run = await run_spider("sitemap", f"{rogue.url}/robots.txt", settings=settings)
    assert sorted(run.weights) == ["/a", "/b"]
    assert rogue.count("/sitemap.xml") == 0


@pytest.mark.parametrize(
    "robots",
    [page(b"User-agent: *\n"), page(b"no", status="404 Not Found"),
     page(b"Sitemap: https://elsewhere.example/sitemap.xml")],
    ids=["names none", "absent", "names another host's"],
)  # fmt: skip
async def test_sitemap_xml_is_tried_where_robots_txt_names_none(
    rogue: Rogue, robots: Behaviour
) -> None:
    rogue.on("/robots.txt", robots)
    rogue.on("/sitemap.xml", page(urlset("/a")))
    run = await run_spider("sitemap", f"{rogue.url}/robots.txt")
    assert (run.weights, run.errors) == ({"/a": 0.5}, [])
    assert run.spider.notes[0].endswith(f"read {rogue.url}/sitemap.xml instead")


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        (page(b"<!doctype html><p>Log in"), HTML_REFUSED),
        (page(b"gone", status="404 Not Found"), "answered 404; expected a sitemap. Name its own URL, robots:, a list of pages, or discover:/"),
        (page(b"no", status="401 Unauthorized"),
         "answered 401; expected a sitemap. Set crawl.basic_auth, or an Authorization header"),
        (page(b""), "is empty; expected a sitemap"),
        (page(b'<!DOCTYPE x [<!ENTITY a "b">]><urlset><url><loc>/&a;</loc></url></urlset>'),
         "has a DOCTYPE; entities are refused"),
        (page(gzip.compress(b"<urlset>" + bytes(b" " * 300_000))),
         "is larger than 100,000 bytes unpacked, the limit for one sitemap file; split it under a sitemap index"),
        (page(b"<urlset/>"), "has no URL in it; expected at least one"),
        (redirect("/s"), "redirects in a circle, or more than 5 times"),
        (redirect("https://elsewhere.example/s"),
         "redirects to another host, https://elsewhere.example/s; expected 127.0.0.1"),
    ],
    ids=["HTML", "404", "401", "empty", "entities", "bomb", "no URLs", "circle", "away"],
)  # fmt: skip
async def test_a_start_sitemap_that_cannot_be_read_is_an_error_of_one_line(
    rogue: Rogue, behaviour: Behaviour, message: str
) -> None:
    rogue.on("/s", behaviour)
    run = await run_spider("sitemap", f"{rogue.url}/s", limits=Limits(file_bytes=100_000))
    assert run.errors == [f"{rogue.url}/s: {message}"]
    assert (run.candidates, run.spider.unreachable) == ([], [])


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_what_is_too_large_on_the_wire_names_the_limit(rogue: Rogue, encoding: str) -> None:
    body = b"<urlset>" + b" " * 300_000
    packed = gzip.compress(body) if encoding == "gzip" else body
    rogue.on("/s", page(packed, headers={"Content-Encoding": encoding}))
    run = await run_spider("sitemap", f"{rogue.url}/s", limits=Limits(file_bytes=100_000))
    assert len(run.errors) == 1
    assert run.errors[0].startswith(f"{rogue.url}/s: ")
    assert "100000" in run.errors[0]
    assert run.spider.unreachable == []


async def test_a_server_that_is_not_there_is_unreachable(rogue: Rogue) -> None:
    rogue.stop()
    run = await run_spider("sitemap", f"{rogue.url}/sitemap.xml")
    assert len(run.errors) == 1
    assert run.errors[0].startswith(f"{rogue.url}/sitemap.xml: cannot be fetched: ")
    assert "\n" not in run.errors[0]
    assert run.spider.unreachable == run.errors


@pytest.mark.parametrize(
    ("status", "cure"),
    [
        ("429 Too Many Requests", ""),
        ("500 Internal Server Error", ". Look into the site's log"),
        ("503 Service Unavailable", ". Look into the site's log"),
    ],
)
async def test_a_site_that_is_broken_or_wants_to_be_left_alone_may_be_asked_again_later(
    rogue: Rogue, status: str, cure: str
) -> None:
    rogue.on("/sitemap.xml", page(b"", status=status))
    run = await run_by_libcurl("sitemap", f"{rogue.url}/sitemap.xml")
    assert run.errors == [
        f"{rogue.url}/sitemap.xml: answered {status[:3]}; expected a sitemap{cure}"
    ]
    assert run.spider.unreachable == run.errors


async def test_a_nested_sitemap_that_fails_does_not_stop_the_others(rogue: Rogue) -> None:
    rogue.on("/sitemap.xml", page(index("/gone.xml", "/login.xml", "/good.xml", "/cut.xml")))
    rogue.on("/login.xml", page(b"<html>"))
    rogue.on("/good.xml", page(urlset("/a")))
    rogue.on("/cut.xml", page(urlset("/b", "/c")[:-20]))
    run = await run_spider("sitemap", f"{rogue.url}/sitemap.xml")
    assert sorted(run.weights) == ["/a", "/b"]
    assert sorted(run.errors) == [
        f"{rogue.url}/gone.xml: answered 404; expected a sitemap",
        f"{rogue.url}/login.xml: {HTML_REFUSED}",
    ]
    assert run.skipped.as_dict() == {"truncated": 1}


async def test_redirects_within_the_site_are_followed(rogue: Rogue) -> None:
    rogue.on("/sitemap.xml", redirect("/sitemap_index.xml"))
    rogue.on("/posts.xml", page(urlset("/a")))
    rogue.on("/sitemap_index.xml", page(index("/posts.xml")))
    run = await run_spider("sitemap", f"{rogue.url}/sitemap.xml")
    assert (run.weights, run.errors) == ({"/a": 0.5}, [])


async def test_other_hosts_are_counted_and_left_alone(rogue: Rogue) -> None:
    rogue.on("/sitemap.xml", page(index("https://elsewhere.example/s.xml", "/mine.xml")))
    rogue.on("/mine.xml", page(urlset("/a", "https://elsewhere.example/b", "//cdn.example/c")))
    run = await run_spider("sitemap", f"{rogue.url}/sitemap.xml")
    assert (run.weights, run.errors) == ({"/a": 0.5}, [])
    assert run.skipped.as_dict() == {"other-host": 3}


async def test_a_sitemap_of_another_host_alone_says_what_to_do(rogue: Rogue) -> None:
    rogue.on("/sitemap.xml", page(urlset("https://www.example.com/a", "https://www.example.com/b")))
    run = await run_spider("sitemap", f"{rogue.url}/sitemap.xml")
    assert run.errors == [
        (
            f"{rogue.url}/sitemap.xml: names other hosts only, such as https://www.example.com/a; "
            "expected 127.0.0.1. Name further hosts of the site with --alias or in plan.aliases"
        )
    ]


async def test_an_error_behind_a_redirect_says_where_that_led(rogue: Rogue) -> None:
    rogue.on("/sitemap.xml", redirect("/login/"))
    rogue.on("/login/", page(b"", status="401 Unauthorized"))
    run = await run_spider("sitemap", f"{rogue.url}/sitemap.xml")
    assert run.errors == [
        (
            f"{rogue.url}/sitemap.xml, which redirects to {rogue.url}/login/: answered 401;"
            " expected a sitemap. Set crawl.basic_auth, or an Authorization header"
        )
    ]


async def test_a_further_host_belongs_to_the_site(rogue: Rogue) -> None:
    rogue.on("/sitemap.xml", page(urlset("https://WWW.example.com/a")))
    run = await run_spider("sitemap", f"{rogue.url}/sitemap.xml", aliases=["www.example.com:443"])
    assert run.candidates == [Candidate("https://www.example.com/a", 0.5)]


async def test_depth_number_of_files_and_number_of_urls_are_limited(rogue: Rogue) -> None:
    rogue.on("/0.xml", page(index("/1.xml")))
    rogue.on("/1.xml", page(index("/2.xml", "/urls.xml", "/more.xml")))
    rogue.on("/2.xml", page(index("/3.xml")))
    rogue.on("/urls.xml", page(urlset("/a", "/b", "/c")))
    rogue.on("/more.xml", page(urlset("/d")))
    run = await run_spider("sitemap", f"{rogue.url}/0.xml", limits=Limits(depth=2))
    assert sorted(run.weights) == ["/a", "/b", "/c", "/d"]
    assert run.skipped.as_dict() == {"too-deep": 1}
    run = await run_spider("sitemap", f"{rogue.url}/0.xml", limits=Limits(files=4))
    assert sorted(run.weights) == ["/a", "/b", "/c"]
    assert run.skipped.as_dict() == {"too-many-files": 2}
    run = await run_spider("sitemap", f"{rogue.url}/urls.xml", limits=Limits(urls=2))
    assert sorted(run.weights) == ["/a", "/b"]
    assert run.spider.notes == [f"{rogue.url}/urls.xml: stopped at 2 URLs, the limit"]


async def test_more_entries_than_the_protocol_allows_are_read_and_noted(rogue: Rogue) -> None:
    rogue.on("/sitemap.xml", page(urlset(*(f"/{n}" for n in range(50_001)))))
    run = await run_spider("sitemap", f"{rogue.url}/sitemap.xml")
    assert len(run.candidates) == 50_001
    assert run.spider.notes == [
        (
            f"{rogue.url}/sitemap.xml: has 50,001 entries, all of them read; the sitemap protocol "
            "allows 50,000, and search engines may leave out the rest"
        )
    ]


async def test_what_the_sink_raises_ends_the_crawl_and_is_kept(rogue: Rogue) -> None:
    def full(candidate: Candidate) -> None:
        raise StoreError(f"no room for {candidate.url}")

    rogue.on("/sitemap.xml", page(urlset("/a", "/b")))
    run = await run_spider("sitemap", f"{rogue.url}/sitemap.xml", sink=full)
    assert isinstance(run.spider.failure, StoreError)
    assert str(run.spider.failure) == f"no room for {rogue.url}/a"


@pytest.mark.parametrize("url", ["/sitemap.xml", "ftp://h/s.xml", "http://a:b@h/", "http://[x]/"])
async def test_a_start_url_that_cannot_be_fetched_is_refused(url: str) -> None:
    with pytest.raises(SourceError, match="cannot be fetched; expected an absolute http"):
        await run_spider("sitemap", url)
