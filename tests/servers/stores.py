"""Real Redis and memcached servers, without persistence and without a password."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import redis
from pymemcache.client.base import Client as MemcachedClient

from tests.servers.process import HOST, Listening, replies, require, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class RedisServer(Listening):
    """A running redis-server; `url` names database 0."""

    @property
    def url(self) -> str:
        return self.database(0)

    def database(self, number: int) -> str:
        return f"redis://{self.host}:{self.port}/{number}"

    def client(self, db: int = 0) -> redis.Redis:
        """A client that returns bytes; the caller closes it or leaves it to the collector."""
        return redis.Redis(host=self.host, port=self.port, db=db)

    def connections(self) -> int:
        """How many were made until now, this look's included."""
        with self.client() as client:
            found: Any = client.info("stats")
        return int(found["total_connections_received"])

    def flush(self) -> None:
        with self.client() as client:
            client.flushall()


@dataclass(frozen=True, slots=True)
class MemcachedServer(Listening):
    """A running memcached."""

    @property
    def url(self) -> str:
        return f"memcached://{self.host}:{self.port}"

    def client(self) -> MemcachedClient:
        return MemcachedClient((self.host, self.port))

    def flush(self) -> None:
        client = self.client()
        # With noreply the next test could write before the flush is done.
        client.flush_all(noreply=False)
        client.close()


@contextlib.contextmanager
def running_redis(directory: Path, *args: str, port: int | None = None) -> Iterator[RedisServer]:
    """A redis-server; `args` as on its command line, a configuration file first if any."""
    binary = require("redis-server", package="redis-server")
    config, options = (args[:1], args[1:]) if args[:1] and args[0][0] != "-" else ((), args)

    def command(chosen: int) -> list[str]:
        address = ["--bind", HOST, "--port", str(chosen), "--dir", str(directory)]
        return [binary, *config, *address, "--save", "", "--appendonly", "no", *options]

    with running(
        command, directory=directory, answers=lambda at: replies(at, b"PING\r\n"), port=port
    ) as server:
        yield RedisServer(server)


@contextlib.contextmanager
def running_memcached(
    directory: Path, *args: str, port: int | None = None
) -> Iterator[MemcachedServer]:
    """A memcached with 64 MB; `args` as on its command line."""
    binary = require("memcached", package="memcached")
    # memcached refuses to run as root unless it is told so.
    user = ["-u", "root"] if os.geteuid() == 0 else []

    def command(chosen: int) -> list[str]:
        return [binary, "-l", HOST, "-p", str(chosen), "-U", "0", *user, "-v", *args]

    with running(
        command, directory=directory, answers=lambda at: replies(at, b"version\r\n"), port=port
    ) as server:
        yield MemcachedServer(server)
