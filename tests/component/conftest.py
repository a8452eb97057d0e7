"""What several tests of components start from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.component.crawl_runs import HOST
from tests.component.intake_site import HeldSite
from tests.component.planted_entries import Entries
from tests.servers.certificates import Authority
from tests.sites.newsroom.driver import Newsroom
from tests.sites.newsroom.pages import BASE
from warmer.caches.open import open_cache

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.certificates import Certificate
    from tests.servers.stores import RedisServer
    from warmer.caches.server import CacheServer


@pytest.fixture
def site(tmp_path: Path) -> HeldSite:
    """A site with an empty queue, at `w.db`, whose runs end when the test says so."""
    return HeldSite(tmp_path / "w.db")


@pytest.fixture
def cache(redis_server: RedisServer) -> Iterator[CacheServer]:
    """The Redis that is shared and empty, as a run asks it."""
    opened = open_cache(redis_server.url)
    yield opened
    opened.close()


@pytest.fixture
def entries(redis_server: RedisServer) -> Entries:
    """Puts entries into the Redis that is shared and empty."""
    return Entries(redis_server.client())


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def certificate(authority: Authority) -> Certificate:
    """Of the host of which crawls are."""
    return authority.issue(HOST)


@pytest.fixture
def rooms(tmp_path: Path) -> Iterator[Any]:
    """Opens the newsroom with settings of the app: `rooms(stream=…)`."""
    opened: list[Newsroom] = []

    def start(**warmer: Any) -> Newsroom:
        opened.append(Newsroom(tmp_path, {"WARMER": {"base_url": BASE, **warmer}}).migrate())
        return opened[-1]

    yield start
    for room in opened:
        room.close()


@pytest.fixture
def environments(pytestconfig: pytest.Config) -> Path:
    """Where releases are kept: WARMER_DJANGO_VERSIONS names it, else pytest's cache has it."""
    kept = os.environ.get("WARMER_DJANGO_VERSIONS")
    directory = Path(kept) if kept else pytestconfig.cache.mkdir("django-versions")
    directory.mkdir(parents=True, exist_ok=True)
    return directory
