"""Triggers from a real Redis stream: kept before they are acknowledged, malformed ones set aside."""

from __future__ import annotations

import asyncio
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from tests.component.intake_site import HeldSite
from tests.component.intake_stream import KEY, add, pending, reading, until
from warmer.daemon.stream import StreamIntake
from warmer.errors import ConfigError
from warmer.model import Trigger

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.stores import RedisServer


async def test_an_entry_becomes_a_trigger_and_is_acknowledged_after_its_run(
    site: HeldSite, redis_server: RedisServer
) -> None:
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
    site: HeldSite, redis_server: RedisServer
) -> None:
    add(redis_server.client(), "/p/1/")
    async with reading(site, redis_server.url):
        assert [each.urls for each in await site.requests(1)] == [("https://shop.example/p/1/",)]


async def test_what_was_not_acknowledged_is_taken_over_at_the_next_start(
    site: HeldSite, tmp_path: Path, redis_server: RedisServer
) -> None:
    client = redis_server.client()
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
    site: HeldSite, tmp_path: Path, redis_server: RedisServer
) -> None:
    client = redis_server.client()
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
    site: HeldSite, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    client = redis_server.client()
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
    site: HeldSite, redis_server: RedisServer
) -> None:
    client = redis_server.client()
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


async def test_ten_thousand_entries_in_a_burst_are_all_kept_and_memory_stays_flat(
    site: HeldSite, redis_server: RedisServer
) -> None:
    client = redis_server.client()
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


def test_a_cluster_is_refused_with_what_is_expected(site: HeldSite) -> None:
    async def start() -> None:
        StreamIntake(site.reception, "redis+cluster://127.0.0.1:1", "warmer:triggers")

    with pytest.raises(ConfigError, match="no stream is read there; expected redis://"):
        asyncio.run(start())
