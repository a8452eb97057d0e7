"""A Redis or a store that fails for a while loses no trigger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.component.intake_site import HeldSite
from tests.component.intake_stream import add, pending, reading, until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.conftest import StartRedis
    from tests.servers.stores import RedisServer


async def test_a_redis_that_is_down_at_the_start_is_waited_for(
    site: HeldSite, start_redis: StartRedis, caplog: pytest.LogCaptureFixture
) -> None:
    server = start_redis()
    server.server.stop()
    async with reading(site, server.url) as intake:
        await until(lambda: "Redis does not answer" in intake.health().detail)
        assert not intake.health().ok
        start_redis(port=server.port)
        await until(lambda: intake.health().ok)
        add(server.client(), "/p/1/")
        await site.requests(1)
    assert caplog.text.count("it is tried again until it works") == 1


async def test_a_redis_killed_in_the_middle_loses_no_entry(
    site: HeldSite, start_redis: StartRedis
) -> None:
    server = start_redis("--appendonly", "yes", "--appendfsync", "always")
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


async def test_a_store_that_cannot_be_written_leaves_entries_where_they_are(
    site: HeldSite, tmp_path: Path, redis_server: RedisServer
) -> None:
    client = redis_server.client()
    async with reading(site, redis_server.url) as intake:
        await until(lambda: intake.health().ok)
        site.queue.close()
        add(client, "/p/1/")
        await until(lambda: "cannot be" in intake.health().detail)
        assert pending(client) == 1
    again = HeldSite(tmp_path / "w.db")
    async with reading(again, redis_server.url):
        assert len(await again.requests(1)) == 1
