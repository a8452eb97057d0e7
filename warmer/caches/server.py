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

    from warmer.model import Reading


@dataclass(frozen=True, slots=True)
class Entry:
    """A key that is in the cache: its size, and seconds to live (None: no expiry)."""

    size_bytes: int
    ttl_s: float | None


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
