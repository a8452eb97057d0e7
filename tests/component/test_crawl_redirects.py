"""Redirects: followed within the site and recorded, refused out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.component.crawl_runs import HOST, warm
from tests.servers.misbehaviour import page, redirect

if TYPE_CHECKING:
    from tests.servers.rogue import Rogue


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location",
    [
        "/new",
        "new",
        "./new",
        f"http://{HOST}/new",
        f"//{HOST}/new",
        "/new#part",
        "HTTP://WWW.Example.COM:80/new",
    ],
)
async def test_a_redirect_within_the_site_is_followed(
    rogue: Rogue, status: int, location: str
) -> None:
    rogue.on("/old", redirect(location, status=f"{status} Elsewhere"))
    rogue.on("/new", page(b"new"))

    call = (await warm(["/old"], connect_to=rogue.node)).only()

    assert (call.path, call.status, call.final_url) == ("/old", 200, f"http://{HOST}/new")
    assert call.fetch is not None
    assert call.fetch.body == b"new"
    assert [request.target for request in rogue.requests()] == ["/old", "/new"]
    assert rogue.requests("/new")[0].headers["x-warmer-run"] == "run-1"


async def test_a_location_beyond_ascii_is_escaped_octet_by_octet(rogue: Rogue) -> None:
    location = "/café?a b".encode().decode("latin-1")
    rogue.on("/old", redirect(location))
    rogue.on("/caf%C3%A9?a%20b", page())

    call = (await warm(["/old"], connect_to=rogue.node)).only()

    assert (call.status, call.final_url) == (200, f"http://{HOST}/caf%C3%A9?a%20b")


@pytest.mark.parametrize("headers", [{}, {"Location": ""}])
async def test_a_redirect_to_nowhere_is_an_answer(rogue: Rogue, headers: dict[str, str]) -> None:
    rogue.on("/old", page(status="302 Found", headers=headers))
    call = (await warm(["/old"], connect_to=rogue.node)).only()
    assert (call.status, call.final_url) == (302, f"http://{HOST}/old")


@pytest.mark.parametrize(
    "location", ["http://[::1", "http://www.example.com:99999/", "http://www.example.com:x/"]
)
async def test_a_redirect_to_what_is_no_url_fails_the_target_alone(
    rogue: Rogue, location: str
) -> None:
    rogue.on("/old", redirect(location))
    rogue.on("/good", page())
    seen = await warm(["/old", "/good"], connect_to=rogue.node)
    assert seen.results() == {"/old": "protocol", "/good": 200}
    assert location in next(call.detail for call in seen.calls if call.reason)


@pytest.mark.parametrize(
    "location",
    [
        "http://elsewhere.example.com/",
        "https://example.com/",
        "//elsewhere.example.com/new",
        "http://www.example.com@elsewhere.example.com/",
        "ftp://www.example.com/new",
        "javascript://www.example.com/%0aalert(1)",
    ],
)
async def test_a_redirect_out_of_the_site_is_not_followed(rogue: Rogue, location: str) -> None:
    rogue.on("/old", redirect(location))
    rogue.on("/good", page())

    seen = await warm(["/old", "/good"], connect_to=rogue.node)

    assert seen.results() == {"/old": "redirect-offsite", "/good": 200}
    assert rogue.count() == 2


async def test_a_redirect_to_an_alias_of_the_site_is_followed(rogue: Rogue) -> None:
    rogue.on("/old", redirect("http://example.com/new"))
    rogue.on("/new", page())
    aliases = {"hosts": frozenset({HOST, "example.com"})}

    call = (await warm(["/old"], connect_to=rogue.node, origin=aliases)).only()

    assert (call.status, call.final_url) == (200, "http://example.com/new")
    assert rogue.requests("/new")[0].headers["host"] == "example.com"


async def test_credentials_in_a_location_are_left_out(rogue: Rogue) -> None:
    rogue.on("/old", redirect(f"http://eve:secret@{HOST}/new"))
    rogue.on("/new", page())
    call = (await warm(["/old"], connect_to=rogue.node)).only()
    assert (call.status, call.final_url) == (200, f"http://{HOST}/new")
    assert "authorization" not in rogue.requests("/new")[0].headers


@pytest.mark.parametrize(("length", "requests"), [(1, 1), (2, 2), (4, 4)])
async def test_a_circle_is_noticed_when_it_closes(rogue: Rogue, length: int, requests: int) -> None:
    for number in range(length):
        rogue.on(f"/{number}", redirect(f"/{(number + 1) % length}"))
    call = (await warm(["/0"], connect_to=rogue.node)).only()
    assert (call.reason, rogue.count()) == ("redirect-loop", requests)


@pytest.mark.parametrize(
    ("allowed", "result"), [(0, "redirect-limit"), (4, "redirect-limit"), (5, 200)]
)
async def test_no_more_redirects_are_followed_than_allowed(
    rogue: Rogue, allowed: int, result: int | str
) -> None:
    for number in range(5):
        rogue.on(f"/{number}", redirect(f"/{number + 1}"))
    rogue.on("/5", page())

    call = (await warm(["/0"], connect_to=rogue.node, max_redirects=allowed)).only()

    assert (call.reason or call.status) == result
    assert rogue.count() == allowed + 1


async def test_another_port_of_the_site_is_met_at_the_same_machine(rogue: Rogue) -> None:
    rogue.on("/old", redirect(f"http://{HOST}:{rogue.port}/new"))
    rogue.on("/new", page())

    call = (await warm(["/old"], connect_to=rogue.node)).only()

    assert (call.status, call.final_url) == (200, f"http://{HOST}:{rogue.port}/new")
    assert rogue.requests("/new")[0].headers["host"] == f"{HOST}:{rogue.port}"
