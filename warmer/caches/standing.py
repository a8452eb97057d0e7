"""How a cache server stands before a launch: memory, policy, what it keeps, who gets in.

Reads INFO or `stats`, and CONFIG GET where it is allowed; changes nothing. Judges nothing.
Blocks: callers run it in a thread.
"""

# redis-py leaves half of its functions without types.
# mypy: allow-untyped-calls
from __future__ import annotations

import dataclasses
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from warmer.caches.memcached import MemcachedCache
from warmer.caches.memcached_protocol import MemcachedNode
from warmer.caches.redis import RedisCache
from warmer.caches.redis_connection import open_deployment
from warmer.caches.redis_errors import explained
from warmer.errors import ConfigError

if TYPE_CHECKING:
    from warmer.caches.address import CacheAddress
    from warmer.caches.redis_connection import Node
    from warmer.caches.server import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One node: `reading` has its memory, policy and evictions.

    `keeps` says in words what survives a restart, `write_error` why it refuses writes (None:
    it does not). `asks_login` is whether a stranger must log in. `address` is the IP address
    at which it was reached, None for a Unix socket. `binds` are the addresses that it listens
    on, None where it does not tell; `loopback_only` is whether it turns strangers from
    elsewhere away all the same (Redis's protected mode).
    """

    reading: Reading
    keeps: str
    write_error: str | None
    asks_login: bool
    address: str | None
    binds: tuple[str, ...] | None
    loopback_only: bool


def standings(address: CacheAddress) -> list[Standing]:
    """One for each node; raises UnreachableError or ConfigError in one line."""
    return _of_redis(address) if address.is_redis else _of_memcached(address)


def _of_redis(address: CacheAddress) -> list[Standing]:
    cache = RedisCache(address)
    deployment = open_deployment(address)
    try:
        readings = {reading.node: reading for reading in cache.readings()}
        asks_login = _asks_login(address)
        with explained(address):
            return [
                _of_redis_node(node, readings[node.name], asks_login=asks_login)
                for node in deployment.nodes()
                if node.name in readings
            ]
    finally:
        deployment.close()
        cache.close()


def _of_redis_node(node: Node, reading: Reading, *, asks_login: bool) -> Standing:
    info: dict[str, Any] = node.client.info("persistence")
    settings = _settings(node)
    binds = settings.get("bind")
    return Standing(
        reading=reading,
        keeps=_kept_by_redis(info, settings),
        write_error=_write_error(info, settings),
        asks_login=asks_login,
        address=_ip_of(node.name),
        # "-::1" is an address that may be missing; no address at all is every one.
        binds=None if binds is None else tuple(each.lstrip("-") for each in binds.split() or "*"),
        loopback_only=settings.get("protected-mode") == "yes",
    )


def _settings(node: Node) -> dict[str, str]:
    """What CONFIG GET tells; empty where it is forbidden or renamed, as with hosted Redis."""
    found: dict[str, str] = {}
    try:
        for name in ("bind", "protected-mode", "save", "stop-writes-on-bgsave-error"):
            answer: Any = node.client.config_get(name)
            found |= answer
    except ResponseError:
        return {}
    return found


def _kept_by_redis(info: dict[str, Any], settings: dict[str, str]) -> str:
    if info.get("aof_enabled"):
        return "append-only file"
    if "save" not in settings:
        return "no append-only file; whether snapshots are taken it does not tell"
    return "snapshots" if settings["save"] else "nothing"


def _write_error(info: dict[str, Any], settings: dict[str, str]) -> str | None:
    # Redis stops for a failed snapshot only where it takes them by itself.
    stops = settings.get("stop-writes-on-bgsave-error", "yes") == "yes" and settings.get(
        "save", "?"
    )
    if info.get("rdb_last_bgsave_status") == "err" and stops:
        return "its last snapshot failed"
    if info.get("aof_enabled") and info.get("aof_last_write_status") == "err":
        return "it cannot write its append-only file"
    return None


def _asks_login(address: CacheAddress) -> bool:
    """Whether a stranger is turned away; asked by being one, with INFO."""
    stranger = RedisCache(dataclasses.replace(address, username=None, password=None))
    try:
        stranger.readings()
    except ConfigError:
        return True
    else:
        return False
    finally:
        stranger.close()


def _of_memcached(address: CacheAddress) -> list[Standing]:
    cache = MemcachedCache(address)
    try:
        return [_of_memcached_node(address, reading) for reading in cache.readings()]
    finally:
        cache.close()


def _of_memcached_node(address: CacheAddress, reading: Reading) -> Standing:
    if address.path is not None:
        node = MemcachedNode(reading.node, address, address.path)
    else:
        host, _, port = reading.node.rpartition(":")
        node = MemcachedNode(reading.node, address, (host.strip("[]"), int(port)))
    try:
        settings = node.stats("settings")
    finally:
        node.close()
    by_socket = address.path is not None
    listens = () if by_socket else tuple(settings.get("inter", "NULL").split(","))
    return Standing(
        reading=reading,
        keeps="nothing",
        write_error=None,
        asks_login=False,
        address=None if by_socket else _ip_of(reading.node),
        binds=tuple("*" if each == "NULL" else each for each in listens),
        loopback_only=False,
    )


def _ip_of(node: str) -> str | None:
    """The IP address behind `host:port`; None for a socket's path, or where DNS knows none."""
    if node.startswith("/"):
        return None
    try:
        found = socket.getaddrinfo(node.rpartition(":")[0].strip("[]"), None)
    except OSError:
        return None
    return str(found[0][4][0])
