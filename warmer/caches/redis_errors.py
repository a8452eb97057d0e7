"""What redis-py raises, said in one line with the redacted address; opens no connection."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    ClusterDownError,
    InvalidResponse,
    MovedError,
    NoPermissionError,
    RedisClusterException,
    RedisError,
    ResponseError,
)

from warmer.errors import ConfigError, UnreachableError, WarmerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.caches.address import CacheAddress


class _Rule(NamedTuple):
    """How one kind of error is told; `mark` is looked for in what the server said."""

    raised: tuple[type[BaseException], ...]
    mark: str
    kind: type[WarmerError]
    text: str


# The first that fits. ConfigError is what a change mends, UnreachableError what patience may.
_RULES = (
    _Rule(
        (AuthenticationError, AuthorizationError),
        "",
        ConfigError,
        "Redis refuses the login ({reason}); "
        "expected redis://user:password@host or redis://:password@host",
    ),
    _Rule(
        (NoPermissionError,),
        "",
        ConfigError,
        "Redis forbids this user a command ({reason}); "
        "allow it +info +scan +memory|usage +pttl +get",
    ),
    _Rule(
        (MovedError,),
        "",
        ConfigError,
        "a node of a Redis Cluster, which holds only a part of the keys; "
        "write redis+cluster://host:port",
    ),
    _Rule(
        (RedisClusterException,),
        "not enabled",
        ConfigError,
        "not a Redis Cluster; write redis://host:port",
    ),
    _Rule(
        (InvalidResponse,),
        "",
        ConfigError,
        "something answers, but not as Redis does ({reason}); mend the port",
    ),
    _Rule((ClusterDownError,), "", UnreachableError, "Redis says: {reason}; look at its log"),
    _Rule(
        (ResponseError,),
        "DB index is out of range",
        ConfigError,
        "no such database ({reason}); mend the number, or `databases` of the server",
    ),
    _Rule(
        (ResponseError,),
        "unknown command",
        ConfigError,
        "this server lacks a command ({reason}); expected Redis 6.2 or newer",
    ),
    _Rule((ResponseError,), "", UnreachableError, "Redis says: {reason}; look at its log"),
)
_UNREACHABLE = "Redis does not answer ({reason}); start it, or mend the address"


@contextlib.contextmanager
def explained(address: CacheAddress) -> Iterator[None]:
    """Turn what redis-py raises inside into a WarmerError of one line."""
    try:
        yield
    except (RedisError, RedisClusterException, OSError) as error:
        raise explain(error, address) from error


def explain(error: BaseException, address: CacheAddress) -> WarmerError:
    """ConfigError or UnreachableError for one error of redis-py."""
    cause = error.__cause__
    if isinstance(error, RedisClusterException) and isinstance(cause, (RedisError, OSError)):
        return explain(cause, address)
    reason = " ".join(str(error).split())
    # An unknown command is quoted by the server with its arguments: AUTH with the password.
    if address.password:
        reason = reason.replace(address.password, "***")
    for rule in _RULES:
        if isinstance(error, rule.raised) and rule.mark in reason:
            return rule.kind(f"cache {address.redacted()}: {rule.text.format(reason=reason)}")
    return UnreachableError(f"cache {address.redacted()}: {_UNREACHABLE.format(reason=reason)}")
