"""Flushes and restarts of real cache servers are answered with the whole plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.component.intake_site import HeldSite
from warmer.daemon.flush_watch import FlushWatch
from warmer.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartMemcached, StartRedis


def watch(site: HeldSite, *urls: str) -> FlushWatch:
    return FlushWatch(site.reception, urls, every_s=1)


async def test_a_flush_of_redis_warms_the_whole_plan_once(
    site: HeldSite, start_redis: StartRedis
) -> None:
    server = start_redis()
    watched = watch(site, server.url)
    await watched.look()
    assert site.waiting() == []
    server.flush()
    await watched.look()
    await watched.look()
    (request,) = site.waiting()
    assert (request.everything, request.why) == (True, f"cache {server.node} was flushed")
    assert watched.health().ok


async def test_a_flush_of_memcached_is_seen(
    site: HeldSite, start_memcached: StartMemcached
) -> None:
    server = start_memcached()
    watched = watch(site, server.url)
    await watched.look()
    server.flush()
    await watched.look()
    assert [each.everything for each in site.waiting()] == [True]


async def test_a_restart_is_seen_when_the_server_is_back(
    site: HeldSite, start_redis: StartRedis
) -> None:
    server = start_redis()
    watched = watch(site, server.url)
    await watched.look()
    server.server.stop()
    await watched.look()
    assert not watched.health().ok
    assert site.waiting() == []
    start_redis(port=server.port)
    await watched.look()
    assert watched.health().ok
    assert [each.why for each in site.waiting()] == [
        f"cache {server.node} was restarted or replaced"
    ]


async def test_a_flush_that_cannot_be_kept_is_told_at_the_next_look(
    site: HeldSite, tmp_path: Path, start_redis: StartRedis
) -> None:
    server = start_redis()
    watched = watch(site, server.url)
    await watched.look()
    server.flush()
    whole = site.queue._file
    site.queue._file = HeldSite(tmp_path / "closed.db").queue._file
    site.queue._file.close()
    await watched.look()
    assert not watched.health().ok
    site.queue._file = whole
    await watched.look()
    assert [each.everything for each in site.waiting()] == [True]


def test_what_is_no_cache_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        watch(HeldSite(tmp_path / "w.db"), "http://x/")
