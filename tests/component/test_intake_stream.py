"""Triggers from a real Redis stream: none lost by kills, trims, flushes or malformed entries."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from tests.component.intake_site import LIMIT_S, HeldSite
from warmer.daemon.backoff import Backoff
from warmer.daemon.stream import StreamIntake
from warmer.errors import ConfigError
from warmer.model import Trigger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    import redis

    from tests.conftest import StartRedis
    from tests.servers.stores import RedisServer

KEY = "warmer:triggers"


@contextlib.asynccontextmanager
async def reading(site: HeldSite, url: str) -> AsyncIterator[StreamIntake]:
    backoff = Backoff(first_s=0.01, longest_s=0.05)
    intake = StreamIntake(site.reception, url, "warmer:triggers", backoff=backoff)
    task = asyncio.create_task(intake.run())
    try:
        yield intake
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not is_so():  # noqa: ASYNC110 -- another process, which tells nobody
            await asyncio.sleep(0.005)


def add(client: redis.Redis, *urls: str, **fields: str) -> str:
    entry: Any = {"v": "1", "urls": json.dumps(urls), "tags": "[]", "why": "save", "at": "17.5"}
    found: Any = client.xadd(KEY, entry | fields)
    return str(found.decode())


def pending(client: redis.Redis, site: str = "shop") -> int:
    found: Any = client.xpending(KEY, f"warmer:{site}")
    return int(found["pending"])


async def test_an_entry_becomes_a_trigger_and_is_acknowledged_after_its_run(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    site = HeldSite(tmp_path / "w.db")
    client = redis_server.client()
    async with reading(site, redis_server.url):
        add(client, "https://shop.example/p/7/", "/list/", why="save")
        (request,) = await site.requests(1)
        assert request.urls == ("https://shop.example/p/7/", "https://shop.example/list/")
        assert (request.trigger, request.why) == (Trigger.INVALIDATION, "save")
        assert pending(client) == 1
        assert site.run() == 1
        await until(lambda: pending(client) == 0)
    assert site.counts.since == [17.5]


async def test_entries_written_before_the_first_start_are_read(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    add(redis_server.client(), "/p/1/")
    site = HeldSite(tmp_path / "w.db")
    async with reading(site, redis_server.url):
        assert [each.urls for each in await site.requests(1)] == [("https://shop.example/p/1/",)]


async def test_what_was_not_acknowledged_is_taken_over_at_the_next_start(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    client = redis_server.client()
    site = HeldSite(tmp_path / "w.db")
    async with reading(site, redis_server.url):
        add(client, "/p/1/")
        await site.requests(1)
    # The machine is gone with its disk: another one starts with an empty store.
    heir = HeldSite(tmp_path / "other.db")
    async with reading(heir, redis_server.url):
        assert [each.urls for each in await heir.requests(1)] == [("https://shop.example/p/1/",)]
        heir.run()
        await until(lambda: pending(client) == 0)


async def test_an_entry_delivered_again_after_its_run_is_acknowledged_and_not_run_again(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    client = redis_server.client()
    site = HeldSite(tmp_path / "w.db")
    async with reading(site, redis_server.url):
        add(client, "/p/1/")
        await site.requests(1)
    # The run ends while nobody can acknowledge.
    assert site.run() == 1
    again = HeldSite(tmp_path / "w.db")
    async with reading(again, redis_server.url):
        await until(lambda: pending(client) == 0)
    assert again.waiting() == []


async def test_malformed_entries_are_set_aside_and_the_others_go_on(
    tmp_path: Path, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    client = redis_server.client()
    site = HeldSite(tmp_path / "w.db")
    async with reading(site, redis_server.url):
        add(client, "/p/1/")
        bad = add(client, urls="no json")
        client.xadd(KEY, {"hello": b"\xff\x00"})
        client.xadd(KEY, {"v": "1"})
        add(client, "/p/2/")
        found = await site.requests(2)
        assert [each.urls[0][-5:] for each in found] == ["/p/1/", "/p/2/"]
        await until(lambda: client.xlen(f"{KEY}:rejected") == 3)
        site.run()
        await until(lambda: pending(client) == 0)
    rejected: Any = client.xrange(f"{KEY}:rejected")
    assert rejected[0][1][b"rejected"].decode() == bad
    assert rejected[0][1][b"urls"] == b"no json"
    assert rejected[0][1][b"site"] == b"shop"
    assert [fields[b"reason"].decode().partition(":")[0] for _, fields in rejected] == [
        "urls",
        "v",
        "names nothing; expected urls, prefixes, tags or all",
    ]
    assert f"entry {bad} set aside: urls: " in caplog.text


async def test_tags_that_no_configuration_knows_are_left_out_not_refused(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    client = redis_server.client()
    site = HeldSite(tmp_path / "w.db")
    async with reading(site, redis_server.url):
        add(client, tags='["shop.product"]')
        add(client, "/p/1/", tags='["shop.product", "products"]')
        (request,) = await site.requests(1)
        assert (request.urls, request.tags) == (("https://shop.example/p/1/",), ("products",))
        site.run()
        await until(lambda: pending(client) == 0)
    assert client.exists(f"{KEY}:rejected") == 0


async def test_two_sites_on_one_stream_take_each_their_own(
    tmp_path: Path, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    client = redis_server.client()
    shop = HeldSite(tmp_path / "w.db")
    blog = HeldSite(tmp_path / "w.db", "blog", "https://blog.example")
    async with reading(shop, redis_server.url), reading(blog, redis_server.url):
        add(client, "https://shop.example/p/1/", "https://blog.example/a/")
        add(client, "https://blog.example/b/")
        add(client, "https://shop.example/last/")
        of_shop = await shop.requests(2)
        of_blog = await blog.requests(2)
        shop.run()
        blog.run()
        await until(lambda: pending(client, "shop") + pending(client, "blog") == 0)
    assert [each.urls for each in of_shop] == [
        ("https://shop.example/p/1/",),
        ("https://shop.example/last/",),
    ]
    assert [each.urls for each in of_blog] == [
        ("https://blog.example/a/",),
        ("https://blog.example/b/",),
    ]
    assert caplog.text.count("'blog.example' are not of site shop") == 1


async def test_a_flushed_database_is_answered_with_the_whole_plan(
    tmp_path: Path, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    client = redis_server.client()
    site = HeldSite(tmp_path / "w.db")
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
    tmp_path: Path, redis_server: RedisServer
) -> None:
    client = redis_server.client()
    site = HeldSite(tmp_path / "w.db")
    async with reading(site, redis_server.url):
        add(client, "/p/1/")
        await site.requests(1)
    client.delete(KEY)
    again = HeldSite(tmp_path / "w.db")
    async with reading(again, redis_server.url):
        found = await again.requests(2)
    assert [each.everything for each in found] == [False, True]


async def test_entries_trimmed_before_they_were_read_are_answered_with_the_whole_plan(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    client = redis_server.client()
    site = HeldSite(tmp_path / "w.db")
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
    tmp_path: Path, redis_server: RedisServer
) -> None:
    client = redis_server.client()
    site = HeldSite(tmp_path / "w.db")
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
        async with asyncio.timeout(LIMIT_S):
            while (newest := site.newest()) is None or newest.urls != (last,):  # noqa: ASYNC110 -- it tells of many
                await asyncio.sleep(0.01)
        read = len({url for request in site.everything() for url in request.urls})
        was_told = any(request.everything for request in site.everything())
    # The reader cannot keep up with that.
    assert read < 3_000
    assert was_told


async def test_entries_trimmed_after_they_were_read_warm_nothing(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    client = redis_server.client()
    site = HeldSite(tmp_path / "w.db")
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
    tmp_path: Path, redis_server: RedisServer
) -> None:
    client = redis_server.client()
    site = HeldSite(tmp_path / "w.db")
    async with reading(site, redis_server.url):
        add(client, "/p/1/")
        await site.requests(1)
        client.xtrim(KEY, maxlen=0, approximate=False)
        add(client, "/p/2/")
        found = await site.requests(2)
    assert [each.urls[0][-5:] for each in found] == ["/p/1/", "/p/2/"]


async def test_a_redis_that_is_down_at_the_start_is_waited_for(
    tmp_path: Path, start_redis: StartRedis, caplog: pytest.LogCaptureFixture
) -> None:
    server = start_redis()
    server.server.stop()
    site = HeldSite(tmp_path / "w.db")
    async with reading(site, server.url) as intake:
        await until(lambda: "Redis does not answer" in intake.health().detail)
        assert not intake.health().ok
        start_redis(port=server.port)
        await until(lambda: intake.health().ok)
        add(server.client(), "/p/1/")
        await site.requests(1)
    assert caplog.text.count("it is tried again until it works") == 1


async def test_a_redis_killed_in_the_middle_loses_no_entry(
    tmp_path: Path, start_redis: StartRedis
) -> None:
    server = start_redis("--appendonly", "yes", "--appendfsync", "always")
    site = HeldSite(tmp_path / "w.db")
    async with reading(site, server.url) as intake:
        for number in range(20):
            add(server.client(), f"/p/{number}/")
        await site.requests(20)
        server.server.process.kill()
        await until(lambda: not intake.health().ok)
        # The runs end meanwhile; nothing can be acknowledged.
        assert site.run() == 20
        directory = server.server.log.parent
        start_redis("--appendonly", "yes", "--dir", str(directory), port=server.port)
        await until(lambda: pending(server.client()) == 0)
        add(server.client(), "/p/20/")
        assert [each.urls[0][-6:] for each in await site.requests(1)] == ["/p/20/"]


async def test_ten_thousand_entries_in_a_burst_are_all_kept_and_memory_stays_flat(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    client = redis_server.client()
    site = HeldSite(tmp_path / "w.db")
    async with reading(site, redis_server.url) as intake:
        await until(lambda: intake.health().ok)
        tracemalloc.start()
        pipeline = client.pipeline(transaction=False)
        for number in range(10_000):
            pipeline.xadd(KEY, {"v": "1", "urls": f'["/p/{number}/"]', "at": "17.5"})
        await asyncio.to_thread(pipeline.execute)
        del pipeline
        await site.requests(10_000)
        assert "10000 entries" in intake.health().detail
        kept_bytes, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert site.run() == 10_000
        await until(lambda: pending(client) == 0)
        assert intake.health().detail.startswith("0 entries")
    # A number and an id for each until its run has ended.
    assert kept_bytes < 6_000_000


async def test_a_store_that_cannot_be_written_leaves_entries_where_they_are(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    client = redis_server.client()
    site = HeldSite(tmp_path / "w.db")
    async with reading(site, redis_server.url) as intake:
        await until(lambda: intake.health().ok)
        site.queue.close()
        add(client, "/p/1/")
        await until(lambda: "cannot be" in intake.health().detail)
        assert pending(client) == 1
    again = HeldSite(tmp_path / "w.db")
    async with reading(again, redis_server.url):
        assert len(await again.requests(1)) == 1


def test_a_cluster_is_refused_with_what_is_expected(tmp_path: Path) -> None:
    async def start() -> None:
        site = HeldSite(tmp_path / "w.db")
        StreamIntake(site.reception, "redis+cluster://127.0.0.1:1", "warmer:triggers")

    with pytest.raises(ConfigError, match="no stream is read there; expected redis://"):
        asyncio.run(start())


@pytest.fixture(autouse=True)
def _log_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
