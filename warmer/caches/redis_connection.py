"""Connections to Redis in its three deployments; raises what redis-py raises.

Single server, the master that Sentinels name, or the primaries of a Cluster. Nothing
is tried twice behind our back: a look-up that is repeated moves the hit counters twice.
"""

# redis-py leaves half of its functions without types.
# mypy: allow-untyped-calls
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.crc import key_slot
from redis.exceptions import ClusterDownError, MovedError
from redis.retry import Retry
from redis.sentinel import Sentinel

from warmer.caches.address import CacheAddress, Scheme
from warmer.caches.counter_watch import CounterWatch
from warmer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CONNECT_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 5.0


@dataclass(slots=True, eq=False)
class Node:
    """One server that holds keys, with the tally of what our look-ups moved there."""

    name: str
    client: redis.Redis
    own_hits: int = 0
    own_misses: int = 0
    watch: CounterWatch = field(default_factory=CounterWatch)


class Deployment(Protocol):
    """Which node holds which key."""

    def nodes(self) -> list[Node]:
        """Every node that holds keys, as things stand now."""
        ...

    def place(self, keys: Sequence[bytes], which: Iterable[int]) -> dict[Node, list[int]]:
        """The indexes in `which` of `keys`, by the node that holds the key."""
        ...

    def node_at(self, host: str, port: int) -> Node:
        """The node that another one redirected us to."""
        ...

    def look_again(self) -> None:
        """Learn anew which node holds what."""
        ...

    def close(self) -> None: ...


def open_deployment(address: CacheAddress) -> Deployment:
    """The deployment behind an address; connects with its first use."""
    if address.scheme is Scheme.REDIS_CLUSTER:
        return _Cluster(address)
    if address.scheme is Scheme.REDIS_SENTINEL:
        return _Watched(address)
    return _Single(address)


def _options(address: CacheAddress) -> dict[str, Any]:
    # RESP2 is what Redis 6.2, 7 and their look-alikes all speak.
    return {
        "username": address.username,
        "password": address.password,
        "protocol": 2,
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "socket_timeout": READ_TIMEOUT_S,
        "retry": Retry(NoBackoff(), 0),
    }


class _Single:
    """One server, by TCP, TLS or a Unix socket."""

    def __init__(self, address: CacheAddress) -> None:
        options = _options(address) | {"db": address.database}
        if address.path is not None:
            name = address.path
            options["unix_socket_path"] = address.path
        else:
            host, port = address.nodes[0]
            name = _name(host, port)
            options |= {"host": host, "port": port}
        if address.scheme is Scheme.REDIS_TLS:
            options |= {"ssl": True, "ssl_ca_certs": address.ca_file}
            if address.ca_file is not None and not Path(address.ca_file).is_file():
                msg = (
                    f"cache {address.redacted()}: no file {address.ca_file}; "
                    "expected the certificate of the authority, as PEM"
                )
                raise ConfigError(msg)
        self._node = Node(name, redis.Redis(**options))
        self._whole = False

    def nodes(self) -> list[Node]:
        if not self._whole:
            self._refuse_a_part()
            self._whole = True
        return [self._node]

    def place(self, keys: Sequence[bytes], which: Iterable[int]) -> dict[Node, list[int]]:
        del keys
        return {self.nodes()[0]: list(which)}

    def node_at(self, host: str, port: int) -> Node:
        raise MovedError(f"0 {host}:{port}")

    def look_again(self) -> None:
        raise MovedError("0 :0")

    def close(self) -> None:
        self._node.client.close()

    def _refuse_a_part(self) -> None:
        # A node of a cluster answers SCAN and INFO without a word about the others.
        client = self._node.client
        if client.info("cluster").get("cluster_enabled"):
            state = client.execute_command("CLUSTER INFO")
            if int(state["cluster_size"]) != 1:
                self.look_again()


class _Watched:
    """The master that the Sentinels name; a failover changes its name and identity."""

    def __init__(self, address: CacheAddress) -> None:
        options = _options(address)
        self._master_name = address.master_name or ""
        self._sentinel = Sentinel(list(address.nodes), **options, db=address.database)
        self._node = Node(self._master_name, self._sentinel.master_for(self._master_name))

    def nodes(self) -> list[Node]:
        name = _name(*self._sentinel.discover_master(self._master_name))
        if name != self._node.name:
            # Connections to a master of yesterday may live on; it is a replica now.
            self._node.client.connection_pool.disconnect()
            self._node.name = name
        return [self._node]

    def place(self, keys: Sequence[bytes], which: Iterable[int]) -> dict[Node, list[int]]:
        del keys
        return {self._node: list(which)}

    def node_at(self, host: str, port: int) -> Node:
        raise MovedError(f"0 {host}:{port}")

    def look_again(self) -> None:
        raise MovedError("0 :0")

    def close(self) -> None:
        self._node.client.close()
        for sentinel in self._sentinel.sentinels:
            sentinel.close()


class _Cluster:
    """The primaries of a Redis Cluster."""

    def __init__(self, address: CacheAddress) -> None:
        self._address = address
        self._connected: RedisCluster | None = None
        self._nodes: dict[str, Node] = {}

    def nodes(self) -> list[Node]:
        return [self._node(node) for node in self._cluster.get_primaries()]

    def place(self, keys: Sequence[bytes], which: Iterable[int]) -> dict[Node, list[int]]:
        placed: dict[Node, list[int]] = {}
        slots = self._cluster.nodes_manager.slots_cache
        for index in which:
            primary = slots[key_slot(keys[index])][0]
            placed.setdefault(self._node(primary), []).append(index)
        return placed

    def node_at(self, host: str, port: int) -> Node:
        node = self._cluster.get_node(host=host, port=port)
        if node is None:
            self.look_again()
            node = self._cluster.get_node(host=host, port=port)
        if node is None:
            raise ClusterDownError(f"redirected to {_name(host, port)}, which is unknown")
        return self._node(node)

    def look_again(self) -> None:
        self._cluster.nodes_manager.initialize()

    def close(self) -> None:
        if self._connected is not None:
            self._connected.close()

    @property
    def _cluster(self) -> RedisCluster:
        if self._connected is None:
            seeds = [ClusterNode(host, port) for host, port in self._address.nodes]
            self._connected = RedisCluster(startup_nodes=seeds, **_options(self._address))
        return self._connected

    def _node(self, node: ClusterNode) -> Node:
        known = self._nodes.get(node.name)
        if known is None:
            known = Node(node.name, self._cluster.get_redis_connection(node))
            self._nodes[node.name] = known
        return known


def _name(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
