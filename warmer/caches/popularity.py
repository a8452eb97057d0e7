"""A Redis sorted set of popular URLs as a source: member is the URL, score its hits.

Reads in chunks, so a set of millions costs no more memory than one chunk. A set that
changes meanwhile may give a URL twice or not at all; the plan merges what comes twice.
"""

from __future__ import annotations

import math
import string
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from redis.exceptions import ResponseError

from warmer.caches.address import parse
from warmer.caches.redis_connection import open_deployment
from warmer.caches.redis_errors import explained
from warmer.errors import ConfigError, SourceError, WarmerError
from warmer.model import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.caches.address import CacheAddress
    from warmer.caches.redis_connection import Node

CHUNK_MEMBERS = 1_000


def read_popularity(url: str, key: str, limit: int) -> Iterator[Candidate]:
    """The `limit` most popular URLs of the sorted set `key`, best first.

    Raises SourceError if `key` is missing or another type, UnreachableError if the
    server does not answer, ConfigError if `url` is no address of a Redis.
    A score below 0 counts as 0.
    """
    address = parse(url)
    if not address.is_redis:
        msg = f"source {address.redacted()}: no sorted sets there; expected a redis:// address"
        raise ConfigError(msg)
    deployment = open_deployment(address)
    try:
        with explained(address):
            ((node, _),) = deployment.place([key.encode()], [0]).items()
        start = 0
        while start < limit:
            members = _chunk(address, node, key, start, min(start + CHUNK_MEMBERS, limit))
            if not members and start == 0:
                raise _refusal(address, f'no key "{key}"; expected a sorted set of URLs by hits')
            for member, score in members:
                yield Candidate(_text(member), _weight(address, key, member, score))
            if len(members) < CHUNK_MEMBERS:
                return
            start += CHUNK_MEMBERS
    finally:
        deployment.close()


def _chunk(
    address: CacheAddress, node: Node, key: str, start: int, stop: int
) -> list[tuple[bytes, float]]:
    try:
        with explained(address):
            members: Any = node.client.zrevrange(key, start, stop - 1, withscores=True)
    except WarmerError as error:
        if isinstance(error.__cause__, ResponseError) and "WRONGTYPE" in str(error.__cause__):
            text = f'key "{key}" is of another type; expected a sorted set of URLs by hits'
            raise _refusal(address, text) from error
        raise
    return [(member, score) for member, score in members]


def _weight(address: CacheAddress, key: str, member: bytes, score: float) -> float:
    if not math.isfinite(score):
        text = f'key "{key}" gives "{_text(member)}" the score {score}; expected a number'
        raise _refusal(address, text)
    return max(score, 0.0)


def _text(member: bytes) -> str:
    try:
        return member.decode()
    except UnicodeDecodeError:
        # What a browser sends for such a path; everything else stays as it stands.
        return quote(member, safe=string.printable)


def _refusal(address: CacheAddress, found: str) -> SourceError:
    return SourceError(f"source {address.redacted()}: {found}")
