"""Fixtures for real servers; each runs as long as what asked for it, on free ports.

A server that is not installed is an error that names its package, never a skip.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import hypothesis
import pytest

from tests.servers.django_site import DjangoSite, SiteOptions, running_site
from tests.servers.proxies import Proxy, running_nginx, running_varnish
from tests.servers.rogue import Rogue
from tests.servers.stores import (
    MemcachedServer,
    RedisServer,
    running_memcached,
    running_redis,
)

# A busy machine is no finding.
hypothesis.settings.register_profile(
    "shared-machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("shared-machine")

NewDirectory = Callable[[str], Path]


class StartRedis(Protocol):
    def __call__(self, *args: str, port: int | None = None) -> RedisServer: ...


class StartMemcached(Protocol):
    def __call__(self, *args: str, port: int | None = None) -> MemcachedServer: ...


class StartSite(Protocol):
    def __call__(
        self, options: SiteOptions, *, workers: int = 1, threads: int = 8
    ) -> DjangoSite: ...


class StartNginx(Protocol):
    def __call__(self, http: str, port: int | None = None) -> Proxy: ...


class StartVarnish(Protocol):
    def __call__(self, vcl: str, *args: str, port: int | None = None) -> Proxy: ...


@pytest.fixture(scope="session")
def _redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_server(_redis_process: RedisServer) -> RedisServer:
    """A Redis shared by this worker's tests, empty. Change no setting of it: `start_redis`."""
    _redis_process.flush()
    return _redis_process


@pytest.fixture(scope="session")
def _memcached_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MemcachedServer]:
    with running_memcached(tmp_path_factory.mktemp("memcached")) as server:
        yield server


@pytest.fixture
def memcached_server(_memcached_process: MemcachedServer) -> MemcachedServer:
    """A memcached shared by this worker's tests, empty."""
    _memcached_process.flush()
    return _memcached_process


@pytest.fixture
def started() -> Iterator[contextlib.ExitStack]:
    """What was started for one test; ended in reverse order, also when the test fails."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def new_directory(tmp_path: Path) -> NewDirectory:
    """Directories of this test alone, one a call."""
    numbers = itertools.count(1)
    return lambda name: tmp_path / f"{name}-{next(numbers)}"


@pytest.fixture
def start_redis(started: contextlib.ExitStack, new_directory: NewDirectory) -> StartRedis:
    """Starts a Redis of one's own, with redis-server's own options."""

    def start(*args: str, port: int | None = None) -> RedisServer:
        return started.enter_context(running_redis(new_directory("redis"), *args, port=port))

    return start


@pytest.fixture
def start_memcached(started: contextlib.ExitStack, new_directory: NewDirectory) -> StartMemcached:
    """Starts a memcached of one's own, with memcached's own options."""

    def start(*args: str, port: int | None = None) -> MemcachedServer:
        directory = new_directory("memcached")
        return started.enter_context(running_memcached(directory, *args, port=port))

    return start


@pytest.fixture
def start_site(started: contextlib.ExitStack, new_directory: NewDirectory) -> StartSite:
    """Starts the Django shop under gunicorn, set up as the options say."""

    def start(options: SiteOptions, *, workers: int = 1, threads: int = 8) -> DjangoSite:
        directory = new_directory("site")
        return started.enter_context(
            running_site(directory, options, workers=workers, threads=threads)
        )

    return start


@pytest.fixture
def start_nginx(started: contextlib.ExitStack, new_directory: NewDirectory) -> StartNginx:
    """Starts an nginx from the text of its `http` block; `@PORT@` and `@DIR@` are filled in."""

    def start(http: str, port: int | None = None) -> Proxy:
        return started.enter_context(running_nginx(new_directory("nginx"), http, port=port))

    return start


@pytest.fixture
def start_varnish(started: contextlib.ExitStack, new_directory: NewDirectory) -> StartVarnish:
    """Starts a Varnish from a whole VCL text."""

    def start(vcl: str, *args: str, port: int | None = None) -> Proxy:
        directory = new_directory("varnish")
        return started.enter_context(running_varnish(directory, vcl, *args, port=port))

    return start


@pytest.fixture
def rogue() -> Iterator[Rogue]:
    """A server that misbehaves as the test scripts it: `rogue.on("/path", drip())`."""
    server = Rogue()
    server.start()
    yield server
    server.stop()
