"""What verification asks of a cache server, whichever it is.

Redis (single, Sentinel, Cluster) and memcached implement this; the room that
derives keys knows nothing of either. All calls block: callers run them in a
thread. No call changes the cache, and none moves a page's place in its LRU
more than the protocol forces it to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Entry:
    """A key that is in the cache: its size, and seconds to live (None: no expiry)."""

    size_bytes: int
    ttl_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One look at one cache server's counters; counts, all clients together.

    Source: Redis INFO, memcached `stats`. `identity` changes when the server
    restarts; `resets` and `flushes` count commands that void a difference;
    `connections` falls when counters were reset; `cpu_s` is the processor time of
    the server since it started, in seconds. `own_hits`, `own_misses` are
    how often our own look-ups had moved the counters when this was read.
    """

    node: str
    kind: str
    identity: str
    hits: int
    misses: int
    evictions: int
    connections: int
    resets: int
    flushes: int
    used_bytes: int
    max_bytes: int | None
    policy: str | None
    cpu_s: float = 0.0
    own_hits: int = 0
    own_misses: int = 0


class CacheServer(Protocol):
    """One configured cache: a server, or the nodes that share its keys.

    Every method raises UnreachableError when a node does not answer; an
    unreachable server is never taken for an empty one.
    """

    @property
    def kind(self) -> str:
        """`redis` or `memcached`."""
        ...

    def entries(self, keys: Sequence[str]) -> list[Entry | None]:
        """Presence, size and TTL of each key, pipelined; None where absent or expired."""
        ...

    def values(self, keys: Sequence[str], max_bytes: int) -> list[bytes | None]:
        """Raw values, pipelined; None where absent, not a string, or over `max_bytes`.

        For header lists only. The value is never unpickled here.
        """
        ...

    def find(self, fragment: str, limit: int) -> tuple[list[str], bool]:
        """Keys that contain `fragment`; looks at about `limit` keys at most.

        The second value is False when the limit was reached before the end.
        """
        ...

    def count(self, match: str, limit: int) -> tuple[int, bool]:
        """How many keys match a glob (`*`, `?`, `[…]`); bounded as `find` is."""
        ...

    def readings(self) -> list[Reading]:
        """One reading a node, with our own tally of hits and misses in it."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...
