"""robots.txt, where it is to be obeyed: read once, by way of the same machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.component.crawl_runs import HOST, warm
from tests.servers.misbehaviour import close_at_once, in_turn, page, raw, redirect

if TYPE_CHECKING:
    from tests.servers.rogue import Behaviour, Rogue

PAGES = ["/open", "/open/2", "/closed/1", "/closed/2", "/open/3"]
RULES = b"User-agent: other\nDisallow: /\n\nUser-agent: warmer\nDisallow: /closed/\n"
FORBIDDEN = {
    "/open": 200,
    "/open/2": 200,
    "/closed/1": "robots",
    "/closed/2": "robots",
    "/open/3": 200,
}


@pytest.fixture
def site(rogue: Rogue) -> Rogue:
    for path in PAGES:
        rogue.on(path, page())
    return rogue


async def test_forbidden_pages_are_not_asked_for(site: Rogue) -> None:
    site.on("/robots.txt", page(RULES))

    seen = await warm(PAGES, connect_to=site.node, robots=True)

    assert seen.results() == FORBIDDEN
    assert {call.detail for call in seen.calls if call.reason} == {"robots.txt forbids it"}
    asked = [request.target for request in site.requests()]
    assert asked[0] == "/robots.txt"
    assert sorted(asked[1:]) == ["/open", "/open/2", "/open/3"]
    headers = site.requests("/robots.txt")[0].headers
    assert headers["host"] == HOST
    assert headers["user-agent"] == "Mozilla/5.0 (compatible; warmer/0.1.0)"
    assert headers["x-warmer-run"] == "run-1"
    assert "accept-encoding" not in headers


async def test_robots_txt_is_not_asked_for_unless_it_is_to_be_obeyed(site: Rogue) -> None:
    site.on("/robots.txt", page(RULES))
    seen = await warm(PAGES, connect_to=site.node)
    assert seen.results() == dict.fromkeys(PAGES, 200)
    assert site.count("/robots.txt") == 0


@pytest.mark.parametrize(
    "rules",
    [
        page(b"not here", status="404 Not Found"),
        page(b"User-agent: *\nDisallow: /", status="403 Forbidden"),
        page(b""),
        page(b"\x00\xff\xfe garbage: \n: :\nDisallow"),
    ],
)
async def test_without_rules_everything_is_allowed(site: Rogue, rules: Behaviour) -> None:
    site.on("/robots.txt", rules)
    seen = await warm(PAGES, connect_to=site.node, robots=True)
    assert seen.results() == dict.fromkeys(PAGES, 200)


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        (page(status="500 Internal Server Error"), "status 500"),
        (page(status="503 Service Unavailable"), "status 503"),
        (close_at_once(), "closed-early: "),
        (raw(b"garbage"), "protocol: "),
        (redirect("http://elsewhere.example.com/robots.txt"), "redirect-offsite: "),
    ],
)
async def test_rules_that_cannot_be_read_forbid_everything(
    site: Rogue, rules: Behaviour, why: str
) -> None:
    site.on("/robots.txt", rules)
    seen = await warm(PAGES, connect_to=site.node, robots=True, retries=0)
    assert seen.results() == dict.fromkeys(PAGES, "robots")
    assert all(call.detail.startswith(f"robots.txt cannot be read: {why}") for call in seen.calls)
    assert site.count() == 1


async def test_rules_are_found_after_a_redirect_and_a_retry(site: Rogue) -> None:
    busy = page(status="503 Service Unavailable")
    site.on("/robots.txt", in_turn(busy, redirect("/rules/robots.txt")))
    site.on("/rules/robots.txt", page(RULES))
    seen = await warm(PAGES, connect_to=site.node, robots=True)
    assert seen.results() == FORBIDDEN
    assert (site.count("/robots.txt"), site.count("/rules/robots.txt")) == (2, 1)


async def test_a_redirect_to_a_forbidden_page_is_not_followed(site: Rogue) -> None:
    site.on("/robots.txt", page(RULES))
    site.on("/open", redirect("/closed/1"))
    seen = await warm(["/open"], connect_to=site.node, robots=True)
    assert seen.results() == {"/open": "robots"}
    assert site.count("/closed/1") == 0
