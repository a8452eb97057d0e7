"""Redis as a cache server to verify in: presence, TTLs, header lists, counters.

Never writes and never issues CONFIG. Every look-up of ours that moves the server's hit
counters is tallied per node, so that a difference of two readings can leave it out.
One caller at a time: a reading during a look-up would miss a part of its tally.
"""

# redis-py leaves half of its functions without types.
# mypy: allow-untyped-calls
from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    NoPermissionError,
    RedisError,
    ResponseError,
)

from warmer.caches.redis_connection import Node, open_deployment
from warmer.caches.redis_errors import explained
from warmer.caches.redis_info import reading
from warmer.caches.server import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from warmer.caches.address import CacheAddress
    from warmer.caches.server import Reading

BATCH_KEYS = 2_000
SCAN_COUNT = 1_000
# A slot that moves on while we follow it; more than this is a cluster at odds with itself.
REDIRECTS = 5

_Command = tuple[str | bytes, ...]

_ABSENT_MS = -2
_NO_EXPIRY_MS = -1
# MEMORY USAGE counts the key and the allocator's rounding (at most a quarter) with the value.
_OVERHEAD_BYTES = 512


class RedisCache:
    """A Redis server, the master of a Sentinel group, or a Cluster; see CacheServer."""

    kind = "redis"

    def __init__(self, address: CacheAddress) -> None:
        """Open nothing yet; the first question connects."""
        self._address = address
        self._deployment = open_deployment(address)
        self._tells_usage = True

    def entries(self, keys: Sequence[str]) -> list[Entry | None]:
        """Presence, size and TTL of each key; 10,000 keys take about 0.1 s.

        The size is what the entry takes in memory, as MEMORY USAGE counts it, or the
        length of the string on a server without that command.
        """
        entries: list[Entry | None] = [None] * len(keys)
        with explained(self._address):
            for start, batch in _batches(keys):
                sizes = self._sizes(batch)
                there = [index for index, size in enumerate(sizes) if size is not None]
                for index, ttl_ms in zip(there, self._ttls_ms(batch, there), strict=True):
                    # A key that expired, but is not reaped yet, has a size and no TTL.
                    if ttl_ms != _ABSENT_MS:
                        ttl_s = None if ttl_ms == _NO_EXPIRY_MS else ttl_ms / 1000
                        entries[start + index] = Entry(sizes[index] or 0, ttl_s)
        return entries

    def values(self, keys: Sequence[str], max_bytes: int) -> list[bytes | None]:
        """Raw values; None where absent, not a string, or over `max_bytes`."""
        values: list[bytes | None] = [None] * len(keys)
        with explained(self._address):
            for start, batch in _batches(keys):
                small = [
                    index
                    for index, size in enumerate(self._sizes(batch))
                    if size is not None
                    and size <= 2 * (max_bytes + len(batch[index])) + _OVERHEAD_BYTES
                ]
                for index, (node, value) in zip(small, self._ask(batch, small, "GET"), strict=True):
                    if value is None:
                        node.own_misses += 1
                        continue
                    node.own_hits += 1
                    if isinstance(value, bytes) and len(value) <= max_bytes:
                        values[start + index] = value
        return values

    def find(self, fragment: str, limit: int) -> tuple[list[str], bool]:
        """Keys that contain `fragment`, and whether all keys were looked at."""
        escaped = re.sub(r"([*?\[\]\\])", r"\\\1", fragment)
        found: dict[bytes, None] = {}
        with explained(self._address):
            complete = self._scan(
                f"*{escaped}*", limit, lambda seen: found.update(dict.fromkeys(seen))
            )
        return [key.decode("utf-8", "surrogateescape") for key in found], complete

    def count(self, match: str, limit: int) -> tuple[int, bool]:
        """How many keys match a glob, and whether all keys were looked at."""
        # SCAN may give a key twice; hashes are a tenth of the keys' memory.
        found: set[int] = set()
        with explained(self._address):
            complete = self._scan(
                match.replace("[!", "[^"), limit, lambda seen: found.update(map(hash, seen))
            )
        return len(found), complete

    def readings(self) -> list[Reading]:
        """One reading of each node: the server, the master, or every primary."""
        with explained(self._address):
            return [reading(node) for node in self._deployment.nodes()]

    def close(self) -> None:
        """Close every connection."""
        self._deployment.close()

    def _sizes(self, keys: Sequence[bytes]) -> list[int | None]:
        """Bytes of each key's entry; None where absent. Expired keys may still show."""
        everything = range(len(keys))
        if self._tells_usage:
            try:
                return [size for _, size in self._ask(keys, everything, "MEMORY", "USAGE")]
            except ResponseError as error:
                if not isinstance(error, NoPermissionError) and "unknown" not in str(error):
                    raise
                self._tells_usage = False
        # TYPE would not do instead: it has no size, and STRLEN has no absence.
        ttls_ms = self._ttls_ms(keys, everything)
        there = [index for index, ttl_ms in enumerate(ttls_ms) if ttl_ms != _ABSENT_MS]
        sizes: list[int | None] = [None] * len(keys)
        for index, (node, length) in zip(there, self._ask(keys, there, "STRLEN"), strict=True):
            node.own_hits += 1
            sizes[index] = length if isinstance(length, int) else 0
        return sizes

    def _ttls_ms(self, keys: Sequence[bytes], which: Iterable[int]) -> list[int]:
        ttls_ms = []
        for node, ttl_ms in self._ask(keys, which, "PTTL"):
            if ttl_ms == _ABSENT_MS:
                node.own_misses += 1
            else:
                node.own_hits += 1
            ttls_ms.append(ttl_ms)
        return ttls_ms

    def _ask(
        self, keys: Sequence[bytes], which: Iterable[int], *command: str
    ) -> list[tuple[Node, Any]]:
        """The answer to `command key` for each key in `which`, with the node that gave it.

        WRONGTYPE is an answer, and given as an exception; other errors are raised.
        Redirections of a Cluster move no counter and are followed.
        """
        which = list(which)
        answers: dict[int, tuple[Node, Any]] = {}
        left = which
        for _ in range(REDIRECTS):
            for node, indexes in self._deployment.place(keys, left).items():
                asked: list[_Command] = [(*command, keys[index]) for index in indexes]
                for index, answer in zip(indexes, _pipelined(node, asked), strict=True):
                    answers[index] = (node, answer)
            left = self._follow(keys, which, command, answers)
            if not left:
                break
            self._deployment.look_again()
        else:
            raise ClusterDownError(f"{len(left)} keys moved {REDIRECTS} times while asked for")
        _raise_refusal(answers.values())
        return [answers[index] for index in which]

    def _follow(
        self,
        keys: Sequence[bytes],
        which: Iterable[int],
        command: tuple[str, ...],
        answers: dict[int, tuple[Node, Any]],
    ) -> list[int]:
        """Ask anew where ASK points; the indexes whose slot has MOVED are given back."""
        moved = []
        for index in which:
            node, answer = answers[index]
            if isinstance(answer, MovedError):
                moved.append(index)
            elif isinstance(answer, AskError):
                node = self._deployment.node_at(answer.host, answer.port)
                answers[index] = (node, _pipelined(node, [("ASKING",), (*command, keys[index])])[1])
        return moved

    def _scan(self, match: str, limit: int, take: Callable[[Iterable[bytes]], None]) -> bool:
        """Give matching keys to `take`, batch by batch; whether all keys were looked at."""
        nodes = self._deployment.nodes()
        complete = True
        left = limit
        for position, node in enumerate(nodes):
            # A node of few keys leaves its share to the nodes after it.
            share = left // (len(nodes) - position)
            looked, cursor = 0, -1
            while cursor != 0 and looked < share:
                step = min(SCAN_COUNT, share - looked)
                # Bytes, for the client decodes nothing; its types allow for both.
                answer: Any = node.client.scan(max(cursor, 0), match=match, count=step)
                cursor, seen = answer
                take(seen)
                looked += step
            left -= looked
            complete = complete and cursor == 0
        return complete


def _batches(keys: Sequence[str]) -> Iterator[tuple[int, list[bytes]]]:
    for start in range(0, len(keys), BATCH_KEYS):
        batch = keys[start : start + BATCH_KEYS]
        # What `find` could not decode comes back as the bytes that it was.
        yield start, [key.encode("utf-8", "surrogateescape") for key in batch]


def _raise_refusal(answers: Collection[tuple[Node, Any]]) -> None:
    """Raise the first error but WRONGTYPE, which is an answer."""
    for _, refusal in answers:
        if isinstance(refusal, ResponseError) and not str(refusal).startswith("WRONGTYPE"):
            # Where some were answered all the same, those have moved the counters untallied.
            for node, answer in answers:
                if not isinstance(answer, ResponseError):
                    node.watch.lose_count()
            raise refusal


def _pipelined(node: Node, commands: Iterable[_Command]) -> list[Any]:
    pipeline = node.client.pipeline(transaction=False)
    for command in commands:
        pipeline.execute_command(*command)
    try:
        return pipeline.execute(raise_on_error=False)
    except RedisError:
        # How many of the commands had moved a counter is not known.
        node.watch.lose_count()
        raise
