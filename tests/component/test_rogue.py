"""The misbehaving server misbehaves as its behaviours say, seen from a plain socket."""

from __future__ import annotations

import http.client
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.servers import misbehaviour

if TYPE_CHECKING:
    from tests.servers.rogue import Behaviour, Rogue


def get(rogue: Rogue, path: str, timeout: float = 10) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(rogue.host, rogue.port, timeout=timeout)
    connection.request("GET", path, headers={"Host": "www.example.test"})
    return connection.getresponse()


def test_requests_are_recorded_with_their_headers(rogue: Rogue) -> None:
    rogue.on("/a?b=1", misbehaviour.page(b"hello"))
    assert get(rogue, "/a?b=1").read() == b"hello"
    (request,) = rogue.requests("/a?b=1")
    assert (request.method, request.headers["host"]) == ("GET", "www.example.test")


def test_a_path_without_a_behaviour_is_not_found(rogue: Rogue) -> None:
    assert get(rogue, "/nothing").status == 404


def test_one_connection_carries_several_requests(rogue: Rogue) -> None:
    rogue.on("/", misbehaviour.page())
    connection = http.client.HTTPConnection(rogue.host, rogue.port)
    for _ in range(3):
        connection.request("GET", "/")
        connection.getresponse().read()
    assert (rogue.count("/"), rogue.connections) == (3, 1)


def test_a_held_request_waits_for_the_release(rogue: Rogue) -> None:
    rogue.on("/p/7", misbehaviour.page(b"late"))
    with ThreadPoolExecutor() as pool:
        with rogue.hold("/p/7") as held:
            visit = pool.submit(lambda: get(rogue, "/p/7").read())
            held.wait_until_arrived()
            assert not visit.done()
        assert visit.result() == b"late"


async def test_a_held_request_can_be_awaited(rogue: Rogue) -> None:
    rogue.on("/p/7", misbehaviour.page(b"late"))
    with ThreadPoolExecutor() as pool:
        async with rogue.hold("/p/7") as held:
            visit = pool.submit(lambda: get(rogue, "/p/7").read())
            await held.arrived()
            assert rogue.peak_in_flight == 1
        assert visit.result() == b"late"


def test_behaviours_in_turn_end_with_the_last(rogue: Rogue) -> None:
    busy = misbehaviour.page(status="503 Service Unavailable", headers={"Retry-After": "1"})
    rogue.on("/", misbehaviour.in_turn(busy, misbehaviour.page()))
    assert [get(rogue, "/").status for _ in range(3)] == [503, 200, 200]


@pytest.mark.parametrize("behaviour", [misbehaviour.cut_short(), misbehaviour.cut_chunked()])
def test_a_body_cut_short_is_seen_as_incomplete(rogue: Rogue, behaviour: Behaviour) -> None:
    rogue.on("/", behaviour)
    with pytest.raises(http.client.IncompleteRead):
        get(rogue, "/").read()


@pytest.mark.parametrize("behaviour", [misbehaviour.drip(), misbehaviour.stall()])
def test_a_body_that_never_ends_starts(rogue: Rogue, behaviour: Behaviour) -> None:
    rogue.on("/", behaviour)
    assert get(rogue, "/").read(1) != b""


def test_a_request_that_is_never_answered_runs_into_the_timeout(rogue: Rogue) -> None:
    rogue.on("/", misbehaviour.silence())
    with pytest.raises(TimeoutError):
        get(rogue, "/", timeout=0.1)
    assert rogue.count("/") == 1


def test_a_head_that_drips_goes_on_without_an_end(rogue: Rogue) -> None:
    rogue.on("/", misbehaviour.drip_head(0.001))
    with socket.create_connection((rogue.host, rogue.port)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with connection.makefile("rb") as stream:
            assert stream.read(60) == b"HTTP/1.1 200 OK\r\nX-Slow: ".ljust(60, b"x")


@pytest.mark.parametrize("announced", [True, False])
def test_an_endless_body_stops_when_the_client_leaves(rogue: Rogue, *, announced: bool) -> None:
    rogue.on("/", misbehaviour.endless(announced=announced))
    response = get(rogue, "/")
    assert len(response.read(5_000_000)) == 5_000_000
    response.close()
    assert 1_000_000 <= rogue.sent_bytes("/") < 100_000_000


def test_garbage_in_place_of_a_status_line_is_garbage(rogue: Rogue) -> None:
    rogue.on("/", misbehaviour.raw(b"\x00\xff garbage\r\n\r\n"))
    with pytest.raises(http.client.BadStatusLine):
        get(rogue, "/")


def test_huge_headers_are_too_huge_for_the_standard_library(rogue: Rogue) -> None:
    rogue.on("/", misbehaviour.huge_headers())
    with pytest.raises(http.client.HTTPException, match="more than 100 headers"):
        get(rogue, "/")


def test_a_connection_closed_in_place_of_an_answer(rogue: Rogue) -> None:
    rogue.on("/", misbehaviour.close_at_once())
    with pytest.raises(http.client.RemoteDisconnected):
        get(rogue, "/")


def test_a_connection_reset_in_place_of_an_answer(rogue: Rogue) -> None:
    rogue.on("/", misbehaviour.reset())
    with pytest.raises(ConnectionResetError, match="reset by peer"):
        get(rogue, "/")


def test_a_redirect_names_where_to_go(rogue: Rogue) -> None:
    rogue.on("/loop", misbehaviour.redirect("/loop"))
    response = get(rogue, "/loop")
    assert (response.status, response.headers["Location"]) == (302, "/loop")
