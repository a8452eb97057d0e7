"""What is tried again, when, how often; counted by the server."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from tests.component.crawl_runs import HOST, Landing, Notebook, new_job, warm
from tests.servers.misbehaviour import (
    close_at_once,
    cut_short,
    in_turn,
    page,
    raw,
    redirect,
    reset,
    silence,
)
from tests.servers.process import free_port
from tests.servers.rogue import Rogue
from warmer.crawl.crawl import crawl

if TYPE_CHECKING:
    from tests.servers.rogue import Behaviour

BUSY = page(status="503 Service Unavailable")


def asks_for(seconds: str) -> Behaviour:
    return page(status="503 Service Unavailable", headers={"Retry-After": seconds})


@pytest.mark.parametrize(
    "first",
    [
        BUSY,
        page(status="429 Too Many Requests"),
        page(status="502 Bad Gateway"),
        close_at_once(),
        reset(),
        cut_short(),
    ],
)
async def test_what_may_pass_is_tried_again_and_counted(rogue: Rogue, first: Behaviour) -> None:
    rogue.on("/", in_turn(first, page()))
    call = (await warm(["/"], connect_to=rogue.node)).only()
    assert (call.status, call.attempts, rogue.count()) == (200, 2, 2)


@pytest.mark.parametrize("status", ["500 Internal Server Error", "404 Not Found", "401 No"])
async def test_what_will_not_pass_is_not_tried_again(rogue: Rogue, status: str) -> None:
    rogue.on("/", page(status=status))
    call = (await warm(["/"], connect_to=rogue.node)).only()
    assert (call.status, call.attempts, rogue.count()) == (int(status[:3]), 1, 1)


async def test_garbage_is_not_tried_again(rogue: Rogue) -> None:
    rogue.on("/", raw(b"\x00\xff garbage\r\n\r\n"))
    call = (await warm(["/"], connect_to=rogue.node)).only()
    assert (call.reason, call.attempts, rogue.count()) == ("protocol", 1, 1)


@pytest.mark.parametrize("retries", [0, 1, 3])
async def test_retries_end_and_the_last_answer_counts(rogue: Rogue, retries: int) -> None:
    rogue.on("/", BUSY)
    call = (await warm(["/"], connect_to=rogue.node, retries=retries)).only()
    assert (call.status, call.attempts, rogue.count()) == (503, retries + 1, retries + 1)


async def test_a_page_that_never_answers_fails_after_its_retries(rogue: Rogue) -> None:
    rogue.on("/", silence())
    seen = await warm(["/"], connect_to=rogue.node, retries=1, timeout_s=0.2)
    call = seen.only()
    assert (call.reason, call.attempts, rogue.count()) == ("timeout", 2, 2)
    assert "timed out" in call.detail


async def test_an_origin_that_comes_back_is_reached() -> None:
    port = free_port()
    notebook = Notebook()
    job = new_job(
        ["/"], connect_to=f"127.0.0.1:{port}", observer=notebook, retries=20, backoff_s=0.05
    )
    job.live = landing = Landing()
    crawling = asyncio.create_task(crawl(job))
    await landing.landed.wait()  # refused
    rogue = Rogue(port=port)
    rogue.on("/", page())
    rogue.start()
    await crawling
    rogue.stop()

    assert notebook.only().status == 200
    assert notebook.only().attempts >= 2


async def test_an_origin_that_stays_away_is_unreachable() -> None:
    seen = await warm(["/"], connect_to=f"127.0.0.1:{free_port()}", retries=1)
    call = seen.only()
    assert (call.reason, call.attempts) == ("connect", 2)
    assert "Could not connect" in call.detail


async def test_the_pause_the_origin_asks_for_in_seconds_is_kept(rogue: Rogue) -> None:
    rogue.on("/", in_turn(asks_for("1"), page()))
    call = (await warm(["/"], connect_to=rogue.node)).only()
    first, second = rogue.requests()
    assert (call.status, call.attempts) == (200, 2)
    assert second.at - first.at > 0.9


async def test_the_moment_the_origin_asks_for_is_waited_for(rogue: Rogue) -> None:
    # A date has whole seconds: two ahead is between one and two.
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2)
    rogue.on("/", in_turn(asks_for(format_datetime(moment, usegmt=True)), page()))
    call = (await warm(["/"], connect_to=rogue.node)).only()
    assert (call.status, call.attempts) == (200, 2)
    assert datetime.now(UTC) > moment


async def test_a_pause_longer_than_allowed_is_not_waited_for(rogue: Rogue) -> None:
    rogue.on("/", asks_for("61"))
    call = (await warm(["/"], connect_to=rogue.node)).only()
    assert (call.status, call.attempts, rogue.count()) == (503, 1, 1)


async def test_a_pause_that_cannot_be_read_leaves_our_own(rogue: Rogue) -> None:
    rogue.on("/", in_turn(asks_for("soon"), page()))
    call = (await warm(["/"], connect_to=rogue.node)).only()
    assert (call.status, call.attempts) == (200, 2)


async def test_a_target_that_waits_keeps_its_place(rogue: Rogue) -> None:
    rogue.on("/busy", in_turn(asks_for("1"), page()))
    rogue.on("/next", page())
    await warm(["/busy", "/next"], connect_to=rogue.node, concurrency=1)
    assert [seen.target for seen in rogue.requests()] == ["/busy", "/busy", "/next"]


async def test_a_stop_ends_a_wait_at_once_and_keeps_the_answer(rogue: Rogue) -> None:
    rogue.on("/", asks_for("60"))
    notebook = Notebook()
    job = new_job(["/", "/later"], connect_to=rogue.node, observer=notebook, concurrency=1)
    job.live = landing = Landing()
    crawling = asyncio.create_task(crawl(job))
    await landing.landed.wait()
    job.stop()
    await asyncio.wait_for(crawling, 5)

    call = notebook.only()
    assert (call.path, call.status, call.attempts) == ("/", 503, 1)
    assert rogue.count() == 1


async def test_a_kept_connection_that_dies_asks_for_the_page_again_and_says_so(
    rogue: Rogue,
) -> None:
    rogue.on("/first", page())
    rogue.on("/second", in_turn(close_at_once(), page()))

    seen = await warm(["/first", "/second"], connect_to=rogue.node, concurrency=1)

    assert [(call.status, call.attempts) for call in seen.calls] == [(200, 1), (200, 2)]
    assert (rogue.count("/first"), rogue.count("/second")) == (1, 2)


async def test_without_retries_a_page_is_asked_for_once_whatever_the_connection_does(
    rogue: Rogue,
) -> None:
    rogue.on("/first", page())
    rogue.on("/second", close_at_once())

    seen = await warm(["/first", "/second"], connect_to=rogue.node, concurrency=1, retries=0)

    assert seen.results() == {"/first": 200, "/second": "closed-early"}
    assert rogue.count("/second") == 1


async def test_attempts_add_up_over_a_redirect(rogue: Rogue) -> None:
    rogue.on("/old", in_turn(BUSY, redirect("/new")))
    rogue.on("/new", in_turn(BUSY, page()))
    call = (await warm(["/old"], connect_to=rogue.node)).only()
    assert (call.status, call.attempts, call.final_url) == (200, 3, f"http://{HOST}/new")
