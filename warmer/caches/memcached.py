"""memcached as a cache server to verify in: presence, TTLs, header lists, counters.

Never writes. One caller at a time: a reading during a look-up would miss a part of its
tally. Which of several nodes holds a key is decided by the client, not by the servers:
`pymemcache` predicts it as Django's PyMemcacheCache does, for which the nodes must be
written as in its LOCATION; a copy on another node, which no client asks for any more, is
not seen. `any` asks every node, for other clients (pylibmc): there such a stale copy
passes for present, so of several copies the one that expires first is told.
"""

from __future__ import annotations

import contextlib
import fnmatch
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from pymemcache.client.rendezvous import RendezvousHash

from warmer.caches.memcached_protocol import MemcachedNode, MetadumpRefusedError, can_exist
from warmer.caches.server import Reading
from warmer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from warmer.caches.address import CacheAddress
    from warmer.caches.server import Entry

# `me` counts the item's header (at most 56 bytes), its key and two line ends with the value.
_OVERHEAD_BYTES = 64

_GROWING = (
    "total_connections",
    "total_items",
    "cmd_get",
    "cmd_set",
    "cmd_touch",
    "cmd_meta",
    "get_hits",
    "get_misses",
    "bytes_read",
    "evictions",
)


class MemcachedCache:
    """One memcached, or the nodes over which a client spreads its keys; see CacheServer."""

    kind = "memcached"

    def __init__(self, address: CacheAddress) -> None:
        """Open nothing yet; the first question connects."""
        self._address = address
        if address.path is not None:
            self._nodes = [MemcachedNode(address.path, address, address.path)]
        else:
            self._nodes = [MemcachedNode(_name(*at), address, at) for at in address.nodes]
        self._hasher = None
        if address.placement == "pymemcache" and len(self._nodes) > 1:
            # Without brackets, unlike what people are shown: so pymemcache names IPv6 nodes.
            self._named = dict(
                zip((f"{host}:{port}" for host, port in address.nodes), self._nodes, strict=True)
            )
            self._hasher = RendezvousHash(list(self._named))

    def entries(self, keys: Sequence[str]) -> list[Entry | None]:
        """Presence, size in memory and TTL in whole seconds of each key."""
        return [held[1] if held else None for held in self._held(keys)]

    def values(self, keys: Sequence[str], max_bytes: int) -> list[bytes | None]:
        """Raw values; None where absent or over `max_bytes`."""
        values: list[bytes | None] = [None] * len(keys)
        wanted: dict[MemcachedNode, list[int]] = {}
        encoded = [_encoded(key) for key in keys]
        for index, held in enumerate(self._held(keys)):
            if held and held[1].size_bytes <= max_bytes + len(encoded[index]) + _OVERHEAD_BYTES:
                wanted.setdefault(held[0], []).append(index)
        for node, indexes in wanted.items():
            answers = node.values([encoded[index] for index in indexes])
            for index, value in zip(indexes, answers, strict=True):
                if value is not None and len(value) <= max_bytes:
                    values[index] = value
        return values

    def find(self, fragment: str, limit: int) -> tuple[list[str], bool]:
        """Keys that contain `fragment`, and whether all keys were looked at."""
        return self._dump(limit, lambda key: fragment in key)

    def count(self, match: str, limit: int) -> tuple[int, bool]:
        """How many keys match a glob, and whether all keys were looked at."""
        pattern = re.compile(fnmatch.translate(match.replace("[^", "[!")))
        found, complete = self._dump(limit, lambda key: pattern.match(key) is not None)
        return len(found), complete

    def readings(self) -> list[Reading]:
        """One reading of each node."""
        return [self._reading(node) for node in self._nodes]

    def close(self) -> None:
        """Close every connection."""
        for node in self._nodes:
            node.close()

    def _held(self, keys: Sequence[str]) -> list[tuple[MemcachedNode, Entry] | None]:
        """The node and the entry of each key that is there."""
        held: list[tuple[MemcachedNode, Entry] | None] = [None] * len(keys)
        asked: dict[MemcachedNode, list[tuple[int, bytes]]] = {}
        for index, key in enumerate(keys):
            encoded = _encoded(key)
            if can_exist(encoded):
                for node in self._holders(key):
                    asked.setdefault(node, []).append((index, encoded))
        for node, questions in asked.items():
            answers = node.entries([encoded for _, encoded in questions])
            for (index, _), entry in zip(questions, answers, strict=True):
                other = held[index]
                if entry and (other is None or _expires_first(entry, other[1])):
                    held[index] = (node, entry)
        return held

    def _holders(self, key: str) -> list[MemcachedNode]:
        """The nodes where a key may rightly be: one, but for the placement `any`."""
        if self._hasher is None:
            return self._nodes
        return [self._named[self._hasher.get_node(key)]]

    def _dump(self, limit: int, wanted: Callable[[str], bool]) -> tuple[list[str], bool]:
        """Wanted keys among about `limit` of all nodes, each once; whether that was all."""
        found: dict[str, None] = {}
        complete = True
        left = limit
        for position, node in enumerate(self._nodes):
            # A node of few keys leaves its share to the nodes after it.
            share = left // (len(self._nodes) - position)
            looked = 0
            with contextlib.closing(node.metadump()) as quoted_keys:
                try:
                    for quoted in quoted_keys:
                        if looked == share:
                            complete = False
                            break
                        looked += 1
                        key = unquote_to_bytes(quoted).decode("utf-8", "surrogateescape")
                        if wanted(key) and node in self._holders(key):
                            found[key] = None
                except MetadumpRefusedError:
                    complete = False
            left -= looked
        return list(found), complete

    def _reading(self, node: MemcachedNode) -> Reading:
        stats = node.stats()
        settings = node.stats("settings")
        try:
            identity = f"{stats['pid']}@{int(stats['time']) - int(stats['uptime'])}"
            counters = {name: int(stats[name]) for name in _GROWING if name in stats}
            return Reading(
                node=node.name,
                kind=self.kind,
                identity=identity,
                hits=counters["get_hits"],
                misses=counters["get_misses"],
                evictions=counters["evictions"],
                connections=counters["total_connections"],
                resets=node.watch.look(identity, counters),
                flushes=int(stats["cmd_flush"]),
                used_bytes=int(stats["bytes"]),
                max_bytes=int(stats["limit_maxbytes"]) or None,
                policy="lru" if settings.get("evictions", "on") == "on" else "no eviction",
                cpu_s=float(stats["rusage_user"]) + float(stats["rusage_system"]),
                own_hits=node.own_hits,
                own_misses=node.own_misses,
            )
        except (KeyError, ValueError) as error:
            msg = (
                f"cache {self._address.redacted()}: `stats` of {node.name} tells no {error}; "
                "expected memcached 1.6 or newer"
            )
            raise ConfigError(msg) from error


def _encoded(key: str) -> bytes:
    # What `find` could not decode comes back as the bytes that it was.
    return key.encode("utf-8", "surrogateescape")


def _expires_first(entry: Entry, other: Entry) -> bool:
    return entry.ttl_s is not None and (other.ttl_s is None or entry.ttl_s < other.ttl_s)


def _name(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
