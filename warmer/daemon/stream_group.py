"""One consumer group of one Redis stream: its commands, and a look at it. Decides nothing.

Raises what redis-py raises, and GroupGoneError. Never trims the stream: other sites read
it, too.
"""

# redis-py leaves half of its functions without types.
# mypy: allow-untyped-calls
from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import OutOfMemoryError, RedisError, ResponseError
from redis.retry import Retry

from warmer.caches.address import Scheme
from warmer.daemon.stream_position import NONE, EntryId, StreamLook, look_of, parse_id
from warmer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from warmer.caches.address import CacheAddress

Entry = tuple[bytes, Mapping[bytes, bytes]]

BATCH = 100
"""Entries at a time; one may hold hundreds of URLs."""
WAIT_MS = 5_000
"""How long one wait for entries lasts; a stream that is gone is noticed after so long."""
MAX_REJECTED = 1_000
_CONSUMER = "warmer"
_CONNECT_TIMEOUT_S = 2.0
_ANSWER_TIMEOUT_S = 5.0
_log = logging.getLogger(__name__)


class GroupGoneError(Exception):
    """The stream or our group is not there any more."""


class StreamGroup:
    """The group `warmer:SITE` of a stream; one process reads it at a time."""

    def __init__(self, address: CacheAddress, key: str, site: str) -> None:
        """Raises ConfigError for a deployment in which no stream can be read."""
        check_address(address)
        self._client = _client(address)
        self._key = key
        self._name = f"warmer:{site}"
        self._site = site

    async def first(self) -> tuple[bool, EntryId]:
        """Whether our group is there, and the first entry of the stream, NONE if it has none."""
        try:
            stream: Any = await self._client.xinfo_stream(self._key)
            groups = await self._client.xinfo_groups(self._key)
        except ResponseError as error:
            if _is_gone(error):
                return False, NONE
            raise
        entry = stream.get("first-entry")
        first = parse_id(entry[0]) if entry else NONE
        return any(group["name"] == self._name.encode() for group in groups), first

    async def create(self) -> None:
        """From the first entry on, also where there is no stream yet."""
        with contextlib.suppress(ResponseError):
            await self._client.xgroup_create(self._key, self._name, id="0", mkstream=True)

    async def claim(self, cursor: bytes) -> tuple[bytes, list[Entry], int]:
        """Entries delivered before, to whomever; where to go on; how many are trimmed away."""
        answer: Any = await self._client.xautoclaim(
            self._key, self._name, _CONSUMER, min_idle_time=0, start_id=cursor, count=BATCH
        )
        # Before Redis 7, what was trimmed is among the entries, without fields.
        entries = [entry for entry in answer[1] if entry[0] is not None and entry[1]]
        trimmed = len(answer[1]) - len(entries) + (len(answer[2]) if len(answer) > 2 else 0)
        return answer[0], entries, trimmed

    async def look(self) -> StreamLook:
        return self._looked(await self._at_once(lambda _: None))

    async def read(self) -> tuple[StreamLook, Sequence[Entry]]:
        """The next entries, and a look at the stream as it was the moment before."""
        answers = await self._at_once(
            lambda pipeline: pipeline.xreadgroup(
                self._name, _CONSUMER, {self._key: ">"}, count=BATCH
            )
        )
        entries: Sequence[Entry] = answers[2][0][1] if answers[2] else []
        return self._looked(answers), entries

    async def _at_once(self, then: Callable[[Any], object]) -> list[Any]:
        """What XINFO says of stream and group, and the answer to one command more, if any."""
        for is_transaction in (True, False):
            pipeline: Any = self._client.pipeline(transaction=is_transaction)
            pipeline.xinfo_stream(self._key)
            pipeline.xinfo_groups(self._key)
            then(pipeline)
            try:
                return await _answers(pipeline)
            except OutOfMemoryError:
                # A full server takes no MULTI. One after the other is all but the same.
                if not is_transaction:
                    raise
        raise AssertionError("the second way returns or raises")

    async def wait(self, after: EntryId) -> None:
        """Return when there is an entry after this one, or after WAIT_MS."""
        await self._client.xread({self._key: f"{after[0]}-{after[1]}"}, count=1, block=WAIT_MS)

    async def acknowledge(self, ids: Sequence[bytes]) -> None:
        await self._client.xack(self._key, self._name, *ids)

    async def set_aside(self, entry: Entry, why: str) -> None:
        """Into the stream of the same name and `:rejected`, bounded; then acknowledged."""
        fields: dict[Any, Any] = {
            name[:200]: value[:4_096] for name, value in list(entry[1].items())[:20]
        }
        fields |= {"rejected": entry[0], "site": self._site, "reason": why}
        try:
            await self._client.xadd(
                f"{self._key}:rejected", fields, maxlen=MAX_REJECTED, approximate=True
            )
        except ResponseError as error:
            # A full server, or a user who may not: the log has the reason, too.
            _log.warning("%s:rejected cannot be written: %s", self._key, error)
        await self.acknowledge([entry[0]])

    async def close(self) -> None:
        # A connection that is broken already must not hide why we end.
        with contextlib.suppress(RedisError, OSError):
            await self._client.aclose()

    def _looked(self, answers: Sequence[Any]) -> StreamLook:
        name = self._name.encode()
        found = [group for group in answers[1] if group["name"] == name]
        if not found:
            raise GroupGoneError
        return look_of(answers[0], found[0])


async def _answers(pipeline: Any) -> list[Any]:  # noqa: ANN401 -- untyped in redis-py
    answers: list[Any] = await pipeline.execute(raise_on_error=False)
    for answer in answers:
        if isinstance(answer, ResponseError) and _is_gone(answer):
            raise GroupGoneError
        if isinstance(answer, Exception):
            raise answer
    return answers


def _is_gone(error: ResponseError) -> bool:
    return "NOGROUP" in str(error) or "no such key" in str(error)


def check_address(address: CacheAddress) -> None:
    """Raises ConfigError for a deployment in which no stream can be read."""
    if not address.is_redis or address.scheme is Scheme.REDIS_CLUSTER:
        raise ConfigError(
            f"invalidation.stream: {address}: no stream is read there;"
            " expected redis://, rediss://, unix:// or redis+sentinel://"
        )
    if address.ca_file is not None and not Path(address.ca_file).is_file():
        raise ConfigError(f"invalidation.stream: {address}: no file {address.ca_file}")


def _client(address: CacheAddress) -> Redis:
    options: dict[str, Any] = {
        "db": address.database,
        "username": address.username,
        "password": address.password,
        "protocol": 2,
        "socket_connect_timeout": _CONNECT_TIMEOUT_S,
        "socket_timeout": WAIT_MS / 1000 + _ANSWER_TIMEOUT_S,
        "retry": Retry(NoBackoff(), 0),
    }
    match address.scheme:
        case Scheme.REDIS_UNIX:
            return Redis(unix_socket_path=address.path, **options)
        case Scheme.REDIS:
            host, port = address.nodes[0]
            return Redis(host=host, port=port, **options)
        case Scheme.REDIS_TLS:
            host, port = address.nodes[0]
            return Redis(host=host, port=port, ssl=True, ssl_ca_certs=address.ca_file, **options)
        case Scheme.REDIS_SENTINEL:
            watchers = {"socket_connect_timeout": _CONNECT_TIMEOUT_S, "protocol": 2}
            sentinel = Sentinel(list(address.nodes), sentinel_kwargs=watchers, **options)
            client: Redis = sentinel.master_for(address.master_name or "")
            return client
    raise AssertionError("check_address lets no other in")
