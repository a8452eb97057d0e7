"""Servers that answer wrongly: the target fails with its reason, the others go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.component.crawl_runs import warm
from tests.servers.misbehaviour import (
    close_at_once,
    cut_chunked,
    cut_short,
    drip,
    drip_head,
    endless,
    huge_headers,
    page,
    raw,
    reset,
    silence,
    stall,
)

if TYPE_CHECKING:
    from tests.servers.rogue import Behaviour, Rogue

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        pytest.param(drip(), "timeout", id="drips"),
        pytest.param(drip_head(), "timeout", id="drips its head"),
        pytest.param(silence(), "timeout", id="never answers"),
        pytest.param(stall(), "timeout", id="never ends"),
        pytest.param(cut_short(), "closed-early", id="closes before the length is reached"),
        pytest.param(cut_chunked(), "closed-early", id="closes before the last chunk"),
        pytest.param(close_at_once(), "closed-early", id="closes at once"),
        pytest.param(reset(), "closed-early", id="resets"),
        pytest.param(raw(b"\x00\xff\r\n\r\n"), "protocol", id="speaks garbage"),
        pytest.param(raw(b"HTTP/1.1 banana\r\n\r\n"), "protocol", id="has no status"),
        pytest.param(raw(b"SSH-2.0-OpenSSH_9.6\r\n"), "protocol", id="is no web server"),
        pytest.param(huge_headers(1_000_000), "protocol", id="has huge headers"),
        pytest.param(raw(OK + b"X: a\x00b\r\n\r\n"), "protocol", id="has a NUL in a header"),
        pytest.param(raw(CHUNKED + b"zz\r\nhello\r\n"), "protocol", id="chunks garbage"),
        pytest.param(
            raw(CHUNKED + b"ffffffffffffffffff\r\nhello\r\n"), "protocol", id="chunks too large"
        ),
        pytest.param(raw(OK + b"Content-Length: -1\r\n\r\n"), "protocol", id="has no length"),
        pytest.param(
            raw(OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
            "protocol",
            id="has two lengths",
        ),
        pytest.param(endless(), "too-large", id="announces 10 GB"),
        pytest.param(endless(announced=False), "too-large", id="sends 10 GB"),
    ],
)
async def test_a_misbehaving_page_fails_with_its_reason_and_the_others_go_on(
    rogue: Rogue, behaviour: Behaviour, reason: str
) -> None:
    rogue.on("/bad", behaviour)
    good = {f"/good/{number}": 200 for number in range(6)}
    for path in good:
        rogue.on(path, page())

    seen = await warm(
        [*list(good)[:3], "/bad", *list(good)[3:]],
        connect_to=rogue.node,
        retries=0,
        timeout_s=0.5,
        max_body_bytes=1_000_000,
        concurrency=2,
    )

    assert seen.results() == {**good, "/bad": reason}
    (failure,) = [call for call in seen.calls if call.reason]
    assert failure.detail
    assert "\n" not in failure.detail
    assert rogue.count("/bad") == 1


@pytest.mark.parametrize(
    ("response", "status"),
    [
        (
            b"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n",
            200,
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + OK + b"Content-Length: 0\r\n\r\n", 200),
        (b"HTTP/1.0 200\r\n\r\nbody until the end", 200),
        (b"HTTP/1.1 999 Strange\r\nContent-Length: 0\r\n\r\n", 999),
        (b"HTTP/1.1 204 None\r\n\r\n", 204),
        (b"HTTP/1.1 304 Same\r\n\r\n", 304),
    ],
)
async def test_an_unusual_answer_is_an_answer(rogue: Rogue, response: bytes, status: int) -> None:
    rogue.on("/", raw(response))
    call = (await warm(["/"], connect_to=rogue.node, retries=0)).only()
    assert (call.status, call.reason) == (status, None)
    assert call.fetch is not None
    assert "x-early" not in dict(call.fetch.headers)


async def test_a_trailer_is_no_header(rogue: Rogue) -> None:
    rogue.on(
        "/",
        raw(
            OK
            + b"Transfer-Encoding: chunked\r\nX-Folded: one\r\n  two\r\n\r\n"
            + b"2\r\nok\r\n0\r\nX-Cache: HIT\r\nSet-Cookie: a=b\r\n\r\n"
        ),
    )
    fetch = (await warm(["/"], connect_to=rogue.node, retries=0)).only().fetch
    assert fetch is not None
    assert fetch.headers == [("transfer-encoding", "chunked"), ("x-folded", "one two")]
    assert fetch.body == b"ok"


async def test_a_body_is_never_taken_for_an_answer_to_another_page(rogue: Rogue) -> None:
    rogue.on("/more", raw(OK + b"Content-Length: 2\r\n\r\nok" + OK + b"Content-Length: 0\r\n\r\n"))
    rogue.on("/good", page(b"good"))
    seen = await warm(["/more", "/good"], connect_to=rogue.node, concurrency=1)
    bodies = [call.fetch.body for call in seen.calls if call.fetch]
    assert bodies == [b"ok", b"good"]


async def test_no_more_of_a_body_is_taken_than_allowed(rogue: Rogue) -> None:
    rogue.on("/", endless(announced=False))
    call = (await warm(["/"], connect_to=rogue.node, max_body_bytes=1_000_000)).only()
    assert (call.reason, call.attempts) == ("too-large", 1)
    assert rogue.sent_bytes("/") < 30_000_000
