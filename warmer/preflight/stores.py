"""Whether a cache server is fit for the first day. Pure."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from warmer.preflight.result import CACHES, Grade, Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.caches.standing import Standing

FULL_RATIO = 0.9
"""Of the limit; above it a server that does not evict is about to refuse pages."""
_NO_EVICTION = ("noeviction", "no eviction")
_LOG_IN = "bind it to the inner network and set a password (requirepass, or an ACL)"


def unanswered(where: str, why: str) -> list[Result]:
    """All checks of a cache that cannot be asked; `why` ends with what to do, after a `;`."""
    reason, _, cure = why.rpartition("; ")
    first = Result("cache-reachable", Grade.FAIL, where, reason or why, cure)
    rest = [Result(check, Grade.SKIPPED, where, "it does not answer") for check in CACHES[1:]]
    return [first, *rest]


def judged(standing: Standing) -> Iterator[Result]:
    """All checks of one node."""
    node = standing.reading.node
    yield Result("cache-reachable", Grade.OK, node, f"{standing.reading.kind} answers")
    yield _memory(standing)
    yield _policy(standing)
    yield _evictions(standing)
    yield _persistence(standing)
    yield _exposed(standing)


def _memory(standing: Standing) -> Result:
    reading = standing.reading
    used = _in_mb(reading.used_bytes)
    if reading.max_bytes is None:
        return Result(
            "cache-memory",
            Grade.WARN,
            reading.node,
            f"{used} used, no limit",
            "set maxmemory: without one it grows until the machine kills something",
        )
    share = reading.used_bytes / reading.max_bytes
    reason = f"{used} of {_in_mb(reading.max_bytes)} used ({share:.0%})"
    if share >= FULL_RATIO and reading.policy in _NO_EVICTION:
        cure = "raise maxmemory, or let it evict: maxmemory-policy allkeys-lru"
        return Result("cache-memory", Grade.FAIL, reading.node, f"full: {reason}", cure)
    return Result("cache-memory", Grade.OK, reading.node, reason)


def _policy(standing: Standing) -> Result:
    reading = standing.reading
    policy = reading.policy or "unknown"
    if policy in _NO_EVICTION:
        return Result(
            "cache-policy",
            Grade.WARN,
            reading.node,
            f"{policy}: once it is full, pages are refused",
            "set maxmemory-policy allkeys-lru (Redis), or start memcached without -M",
        )
    return Result("cache-policy", Grade.OK, reading.node, policy)


def _evictions(standing: Standing) -> Result:
    reading = standing.reading
    if reading.evictions:
        return Result(
            "cache-evictions",
            Grade.WARN,
            reading.node,
            f"{reading.evictions:,} since it started: entries go before they expire",
            "raise its memory, or warm fewer pages",
        )
    return Result("cache-evictions", Grade.OK, reading.node, "none since it started")


def _persistence(standing: Standing) -> Result:
    node = standing.reading.node
    if standing.write_error:
        reason = f"refuses writes: {standing.write_error}"
        cure = "make room on its disk, or switch persistence off: a cache can be warmed again"
        return Result("cache-persistence", Grade.FAIL, node, reason, cure)
    reason = f"kept over a restart: {standing.keeps}"
    return Result("cache-persistence", Grade.OK, node, reason)


def _exposed(standing: Standing) -> Result:
    node = standing.reading.node
    if standing.asks_login:
        return Result("cache-exposed", Grade.OK, node, "asks for a login")
    wide = [each for each in standing.binds or () if not _is_loopback(each)]
    if standing.address is not None and not _is_loopback(standing.address):
        private = ipaddress.ip_address(standing.address.partition("%")[0]).is_private
        grade = Grade.WARN if private else Grade.FAIL
        reason = f"takes anyone who reaches {standing.address}, without a password"
        return Result("cache-exposed", grade, node, reason, _LOG_IN)
    if wide and not standing.loopback_only:
        reason = f"listens on {', '.join(wide)} without a password"
        return Result("cache-exposed", Grade.FAIL, node, reason, _LOG_IN)
    if standing.binds is None and standing.address is not None:
        reason = "no password; it does not tell where it listens besides loopback"
        return Result("cache-exposed", Grade.SKIPPED, node, reason)
    return Result("cache-exposed", Grade.OK, node, "on loopback only")


def _is_loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return text == "localhost"


def _in_mb(count: int) -> str:
    return f"{count / 1_000_000:,.1f} MB"
