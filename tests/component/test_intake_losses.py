"""What a stream has lost before it was read is noticed, and answered with the whole plan."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.component.intake_site import HeldSite
from tests.component.intake_stream import KEY, add, pending, reading, until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.servers.stores import RedisServer


async def test_a_flushed_database_is_answered_with_the_whole_plan(
    site: HeldSite, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    client = redis_server.client()
    async with reading(site, redis_server.url):
        add(client, "/p/1/")
        await site.requests(1)
        client.flushdb()
        add(client, "/p/2/")
        found = await site.requests(3)
    assert [each.everything for each in found] == [False, True, False]
    assert found[1].why.startswith("stream: it was deleted or flushed")
    assert caplog.text.count("warming the whole plan") == 1


async def test_a_stream_deleted_while_nobody_read_is_answered_with_the_whole_plan(
    site: HeldSite, tmp_path: Path, redis_server: RedisServer
) -> None:
    client = redis_server.client()
    async with reading(site, redis_server.url):
        add(client, "/p/1/")
        await site.requests(1)
    client.delete(KEY)
    again = HeldSite(tmp_path / "w.db")
    async with reading(again, redis_server.url):
        found = await again.requests(2)
    assert [each.everything for each in found] == [False, True]


async def test_entries_trimmed_before_they_were_read_are_answered_with_the_whole_plan(
    site: HeldSite, redis_server: RedisServer
) -> None:
    client = redis_server.client()
    async with reading(site, redis_server.url):
        add(client, "/p/1/")
        await site.requests(1)
        site.run()
        await until(lambda: pending(client) == 0)
    for number in range(2, 6):
        add(client, f"/p/{number}/")
    client.xtrim(KEY, maxlen=2, approximate=False)
    async with reading(site, redis_server.url):
        found = await site.requests(3)
    assert [each.everything for each in found] == [True, False, False]
    assert found[0].why == "stream: it was trimmed before all of it was read"
    assert [each.urls[0][-5:] for each in found[1:]] == ["/p/4/", "/p/5/"]


async def test_what_is_trimmed_in_the_middle_of_a_burst_is_read_or_noticed(
    site: HeldSite, redis_server: RedisServer
) -> None:
    client = redis_server.client()
    async with reading(site, redis_server.url) as intake:
        await until(lambda: intake.health().ok)

        def burst() -> None:
            for start in range(0, 3_000, 50):
                pipeline = client.pipeline(transaction=False)
                for number in range(start, start + 50):
                    entry: Any = {"v": "1", "urls": f'["/p/{number}/"]'}
                    pipeline.xadd(KEY, entry, maxlen=20, approximate=False)
                pipeline.execute()

        await asyncio.to_thread(burst)
        last = "https://shop.example/p/2999/"
        await site.newest_names(last)
        read = len({url for request in site.everything() for url in request.urls})
        was_told = any(request.everything for request in site.everything())
    # The reader cannot keep up with that.
    assert read < 3_000
    assert was_told


async def test_entries_trimmed_after_they_were_read_warm_nothing(
    site: HeldSite, redis_server: RedisServer
) -> None:
    client = redis_server.client()
    async with reading(site, redis_server.url):
        for number in range(5):
            add(client, f"/p/{number}/")
        await site.requests(5)
        site.run()
        await until(lambda: pending(client) == 0)
        client.xtrim(KEY, maxlen=0, approximate=False)
        add(client, "/p/6/")
        assert [each.urls[0][-5:] for each in await site.requests(1)] == ["/p/6/"]


async def test_entries_trimmed_while_their_run_was_waited_for_are_in_the_queue_still(
    site: HeldSite, redis_server: RedisServer
) -> None:
    client = redis_server.client()
    async with reading(site, redis_server.url):
        add(client, "/p/1/")
        await site.requests(1)
        client.xtrim(KEY, maxlen=0, approximate=False)
        add(client, "/p/2/")
        found = await site.requests(2)
    assert [each.urls[0][-5:] for each in found] == ["/p/1/", "/p/2/"]
