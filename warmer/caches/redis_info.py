"""A Redis node's INFO as a Reading.

INFO is one command and counts itself in no hit counter; sections are not asked for one
by one, so that all figures are of one moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.exceptions import InvalidResponse

from warmer.caches.server import Reading

if TYPE_CHECKING:
    from warmer.caches.redis_connection import Node

# Commands after which warm pages are gone; SWAPDB puts another database in place.
_FLUSHES = ("cmdstat_flushdb", "cmdstat_flushall", "cmdstat_swapdb")

_GROWING = (
    "total_connections_received",
    "total_commands_processed",
    "total_net_input_bytes",
    "keyspace_hits",
    "keyspace_misses",
    "evicted_keys",
    "expired_keys",
)


def reading(node: Node) -> Reading:
    """One reading of a node, with the tally of our own look-ups in it.

    `resets` counts from our first reading of this node: Redis 6.2 does not count
    CONFIG RESETSTAT, and Redis 7 sets that count itself back to 1.
    """
    info: dict[str, Any] = node.client.info("all")
    counters = {name: info[name] for name in _GROWING if name in info}
    counters |= {name: stat["calls"] for name, stat in info.items() if name.startswith("cmdstat_")}
    try:
        hits, misses = counters["keyspace_hits"], counters["keyspace_misses"]
    except KeyError as error:
        msg = f"INFO tells no {error}"
        raise InvalidResponse(msg) from error
    identity = str(info.get("run_id", ""))
    # Its time in microseconds is another after every reset, though its count is 1 again.
    mark = str(info.get("cmdstat_config|resetstat"))
    return Reading(
        node=node.name,
        kind="redis",
        identity=identity,
        hits=hits,
        misses=misses,
        evictions=counters.get("evicted_keys", 0),
        connections=counters.get("total_connections_received", 0),
        resets=node.watch.look(identity, counters, mark),
        flushes=sum(counters.get(name, 0) for name in _FLUSHES),
        used_bytes=info.get("used_memory", 0),
        max_bytes=info.get("maxmemory") or None,
        policy=info.get("maxmemory_policy"),
        cpu_s=info.get("used_cpu_sys", 0.0) + info.get("used_cpu_user", 0.0),
        own_hits=node.own_hits,
        own_misses=node.own_misses,
    )
