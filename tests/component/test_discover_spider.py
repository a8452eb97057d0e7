"""Discovery against a real server: what it visits, what it leaves alone, what it hands on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.component.spider_runs import run_by_libcurl, run_spider
from tests.servers.misbehaviour import page, redirect
from warmer.errors import StoreError

if TYPE_CHECKING:
    from tests.servers.rogue import Behaviour, Rogue
    from warmer.model import Candidate


def html(*hrefs: str, head: str = "") -> Behaviour:
    links = "".join(f'<p><a href="{href}">x</a>' for href in hrefs)
    body = f"<!doctype html><html><head>{head}</head><body>{links}</body></html>"
    return page(body.encode(), headers={"Content-Type": "text/html; charset=utf-8"})


def visited(rogue: Rogue) -> list[str]:
    return [seen.target for seen in rogue.requests()]


async def test_links_are_followed_to_the_depth_and_weighed_by_the_pages_that_link(
    rogue: Rogue,
) -> None:
    rogue.on("/", html("/a", "b?x=1", "/a#part", "/a"))
    rogue.on("/a", html("/", "/b?x=1", "/c"))
    rogue.on("/b?x=1", html("/", "/c"))
    rogue.on("/c", html("/too/deep", "/a"))
    run = await run_spider("discover", f"{rogue.url}/")
    assert run.weights == {"/": 2.0, "/a": 2.0, "/b?x=1": 2.0, "/c": 2.0}
    assert sorted(visited(rogue)) == ["/", "/a", "/b?x=1", "/c"]
    assert {seen.method for seen in rogue.requests()} == {"GET"}
    assert run.errors == []


async def test_a_page_is_as_deep_as_its_shortest_way(rogue: Rogue) -> None:
    rogue.on("/", html("/slow", "/quick"))
    rogue.on("/quick", html("/far"))
    rogue.on("/far", html("/end"))
    rogue.on("/slow", html("/end", "/far"))
    rogue.on("/end", html())
    async with rogue.hold("/slow") as slow:
        start = run_spider("discover", f"{rogue.url}", depth=2)
        running = asyncio.ensure_future(start)
        await slow.arrived()
    run = await running
    assert run.weights == {"/": 1.0, "/slow": 1.0, "/quick": 1.0, "/far": 2.0, "/end": 2.0}


async def test_depth_0_visits_the_start_alone(rogue: Rogue) -> None:
    rogue.on("/", html("/a"))
    rogue.on("/start", html("/a", "/"))
    run = await run_spider("discover", f"{rogue.url}/", f"{rogue.url}/start", depth=0)
    assert run.weights == {"/": 1.0, "/start": 1.0}


async def test_what_must_not_be_followed_is_left_alone(rogue: Rogue) -> None:
    body = b"""<a href="/logout">x</a><a href="/admin/">x</a><a href="/p/1/delete">x</a>
      <a href="/?add-to-cart=1">x</a><a href="/style.css">x</a><a href="https://elsewhere.example/">x</a>
      <a href="mailto:a@b.example">x</a><a href="javascript:void(0)">x</a>
      <a href="/login" rel="external nofollow">x</a><a>x</a><a href="">x</a><a href="#top">x</a>
      <a href="http://[bad/">x</a><area href="/map">"""
    rogue.on("/", page(body, headers={"Content-Type": "text/html"}))
    rogue.on("/map", html())
    run = await run_spider("discover", f"{rogue.url}/")
    assert sorted(run.weights) == ["/", "/map"]
    assert visited(rogue) == ["/", "/map"]
    assert run.skipped.as_dict() == {
        "action": 4,
        "nofollow": 1,
        "not-a-url": 1,
        "other-host": 1,
        "static-file": 1,
    }


async def test_only_pages_that_answer_200_are_handed_on(rogue: Rogue) -> None:
    rogue.on("/", html("/gone", "/feed", "/closed"))
    rogue.on("/feed", page(b'<a href="/hidden">', headers={"Content-Type": "text/plain"}))
    rogue.on("/closed", lambda exchange: exchange.reset())
    run = await run_spider("discover", f"{rogue.url}/")
    assert sorted(run.weights) == ["/", "/feed"]
    assert run.skipped.as_dict() == {"not-fetched": 1, "status-404": 1}
    assert run.errors == []


async def test_redirects_count_for_where_they_lead(rogue: Rogue) -> None:
    rogue.on("/", html("/old", "/older", "/new", "/away", "/circle"))
    rogue.on("/older", redirect("/old"))
    rogue.on("/old", redirect("new"))
    rogue.on("/new", html("/old"))
    rogue.on("/away", redirect("https://elsewhere.example/"))
    rogue.on("/circle", redirect("/circle"))
    run = await run_spider("discover", f"{rogue.url}/", depth=1)
    assert run.weights == {"/": 1.0, "/new": 4.0}
    assert rogue.count("/circle") == 1


async def test_an_endless_chain_of_redirects_is_left(rogue: Rogue) -> None:
    rogue.on("/", html("/r0"))
    for number in range(20):
        rogue.on(f"/r{number}", redirect(f"/r{number + 1}"))
    run = await run_spider("discover", f"{rogue.url}/")
    assert list(run.weights) == ["/"]
    assert visited(rogue) == ["/", "/r0", "/r1", "/r2", "/r3", "/r4", "/r5"]


async def test_discovery_works_through_libcurl_too(rogue: Rogue) -> None:
    rogue.on("/", html("/old"))
    rogue.on("/old", redirect("/new"))
    rogue.on("/new", html("/"))
    run = await run_by_libcurl("discover", f"{rogue.url}/")
    assert (run.weights, run.errors) == ({"/": 1.0, "/new": 1.0}, [])


async def test_base_href_is_respected(rogue: Rogue) -> None:
    rogue.on("/", html("page", head=f'<base href="{rogue.url}/shop/">'))
    rogue.on("/shop/page", html())
    run = await run_spider("discover", f"{rogue.url}/")
    assert sorted(run.weights) == ["/", "/shop/page"]


async def test_a_canonical_url_stands_for_pages_that_differ_in_the_query_alone(
    rogue: Rogue,
) -> None:
    rogue.on("/", html("/p?ref=home", "/p?ref=menu", "/other"))
    rogue.on("/p?ref=home", html(head='<link rel="canonical" href="/p">'))
    rogue.on("/p?ref=menu", html(head='<link rel="canonical" href="/p">'))
    rogue.on("/p", html(head='<link rel="canonical" href="/p">'))
    rogue.on("/other", html(head='<link rel="canonical" href="/">'))
    run = await run_spider("discover", f"{rogue.url}/", depth=1)
    assert run.weights == {"/": 1.0, "/other": 1.0, "/p": 2.0}


async def test_canonical_urls_in_a_circle_or_broken_lose_no_page(rogue: Rogue) -> None:
    rogue.on("/", html("/p?a", "/q?a"))
    rogue.on("/p?a", html(head='<link rel="canonical" href="/p?b">'))
    rogue.on("/p?b", html(head='<link rel="canonical" href="/p?a">'))
    rogue.on("/q?a", html(head='<link rel="canonical" href="/q">'))
    run = await run_spider("discover", f"{rogue.url}/")
    assert run.weights == {"/": 1.0, "/p?a": 1.0, "/p?b": 1.0, "/q?a": 1.0}


async def test_queries_of_one_path_do_not_multiply_without_end(rogue: Rogue) -> None:
    rogue.on("/", html(*(f"/search?page={n}" for n in range(30))))
    for n in range(30):
        rogue.on(f"/search?page={n}", html())
    run = await run_spider("discover", f"{rogue.url}/")
    assert len(run.weights) == 21
    assert run.skipped.as_dict() == {"query-variants": 10}


async def test_the_limit_bounds_what_is_fetched(rogue: Rogue) -> None:
    rogue.on("/", html(*(f"/{n}" for n in range(300))))
    for n in range(300):
        rogue.on(f"/{n}", html("/", *(f"/{m}" for m in range(300))))
    run = await run_spider("discover", f"{rogue.url}/", limit=100)
    assert (len(run.weights), rogue.count()) == (100, 100)
    assert run.weights["/"] == 99.0
    assert run.spider.notes == ["discovery knows 100 URLs, its limit, and took no more"]


async def test_robots_txt_is_obeyed_when_asked_to(rogue: Rogue) -> None:
    rogue.on("/robots.txt", page(b"User-agent: *\nDisallow: /private"))
    rogue.on("/", html("/private", "/public"))
    rogue.on("/private", html())
    rogue.on("/public", html())
    run = await run_spider("discover", f"{rogue.url}/", settings={"ROBOTSTXT_OBEY": True})
    assert sorted(run.weights) == ["/", "/public"]
    assert rogue.count("/private") == 0
    run = await run_spider("discover", f"{rogue.url}/")
    assert sorted(run.weights) == ["/", "/private", "/public"]


async def test_a_start_url_that_fails_is_an_error(rogue: Rogue) -> None:
    rogue.on("/away", redirect("https://elsewhere.example/"))
    run = await run_spider("discover", f"{rogue.url}/gone", f"{rogue.url}/away")
    assert sorted(run.errors) == [
        f"{rogue.url}/away: redirects to https://elsewhere.example/; expected a page of 127.0.0.1",
        f"{rogue.url}/gone: answered 404; expected a page",
    ]
    assert run.spider.unreachable == []
    rogue.on("/broken", page(b"", status="500 Internal Server Error"))
    run = await run_spider("discover", f"{rogue.url}/broken")
    assert run.errors == [f"{rogue.url}/broken: answered 500; expected a page"]
    assert run.spider.unreachable == run.errors
    rogue.stop()
    run = await run_spider("discover", f"{rogue.url}/")
    assert len(run.errors) == 1
    assert run.spider.unreachable == run.errors
    assert run.errors[0].startswith(f"{rogue.url}/: cannot be fetched: ")


async def test_what_the_sink_raises_is_kept(rogue: Rogue) -> None:
    def full(candidate: Candidate) -> None:
        raise StoreError(f"no room for {candidate.url}")

    rogue.on("/", html())
    run = await run_spider("discover", f"{rogue.url}/", sink=full)
    assert isinstance(run.spider.failure, StoreError)
