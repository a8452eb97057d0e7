"""The difference of two readings of cache servers. Pure: no network, no clock, no logging.

A server's counters hold every client's traffic since it started, so a run is judged only
by a difference, net of our own look-ups, and only if nothing voided it in between. What
cannot be trusted has no counts at all: an unknown ratio is None, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warmer.caches.server import Reading

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """The difference of two readings of one node, net of our own look-ups.

    `trusted` is False, `note` says why, and the counts are None, when the
    server restarted, was reset or flushed in between.
    """

    node: str
    kind: str
    hits: int | None
    misses: int | None
    evictions: int | None
    hit_ratio: float | None
    trusted: bool
    note: str | None


def difference(before: Reading, after: Reading) -> Delta:
    """What one node's counters say about the time between two readings of it."""
    hits = (after.hits - after.own_hits) - (before.hits - before.own_hits)
    misses = (after.misses - after.own_misses) - (before.misses - before.own_misses)
    evictions = after.evictions - before.evictions
    note = _void(before, after)
    if note is None and min(hits, misses, evictions) < 0:
        note = "a counter fell without a reset seen"
    if note is not None:
        return _untrusted(after, note)
    return Delta(
        node=after.node,
        kind=after.kind,
        hits=hits,
        misses=misses,
        evictions=evictions,
        hit_ratio=hit_ratio(hits, misses),
        trusted=True,
        note=None,
    )


def differences(before: Sequence[Reading], after: Sequence[Reading]) -> list[Delta]:
    """The difference of each node, paired by name; a node seen only once is not trusted."""
    gone = f"the {'node was gone at' if after else 'run ended before'} the second reading"
    was = {reading.node: reading for reading in before}
    now = {reading.node: reading for reading in after}
    deltas = []
    for name, reading in (was | now).items():
        if name not in now:
            deltas.append(_untrusted(reading, gone))
        elif name not in was:
            deltas.append(_untrusted(reading, "the node was not there at the first reading"))
        else:
            deltas.append(difference(was[name], reading))
    return deltas


def hit_ratio(hits: int, misses: int) -> float | None:
    """0.0 to 1.0; None if nothing was asked, for an idle cache has not failed."""
    asked = hits + misses
    return hits / asked if asked else None


def eviction_warning(before: Reading, after: Reading) -> str | None:
    """One line if the node evicted entries in between, with its memory and policy; else None.

    After a restart or a reset, what the second reading counts is a lower bound.
    """
    evicted = after.evictions - before.evictions
    if before.identity != after.identity or evicted < 0:
        evicted = after.evictions
    if evicted == 0:
        return None
    used = f"{after.used_bytes / _MIB:.1f} MiB used"
    limit = f" of {after.max_bytes / _MIB:.1f} MiB" if after.max_bytes is not None else ""
    policy = f", policy {after.policy}" if after.policy else ""
    entries = "entry" if evicted == 1 else "entries"
    return (
        f"{after.kind} {after.node} EVICTED {evicted} {entries} during the run ({used}{limit}"
        f"{policy}): the pages do not all fit; give it more memory, or warm fewer pages"
    )


def _void(before: Reading, after: Reading) -> str | None:
    """Why the counters of two readings cannot be subtracted; None if they can."""
    if before.identity != after.identity:
        return "the server restarted or failed over between the readings"
    if after.resets != before.resets or after.connections < before.connections:
        return "the counters were reset, or a look-up of ours broke off, between the readings"
    if after.flushes != before.flushes:
        return "the cache was flushed between the readings"
    return None


def _untrusted(reading: Reading, note: str) -> Delta:
    return Delta(
        node=reading.node,
        kind=reading.kind,
        hits=None,
        misses=None,
        evictions=None,
        hit_ratio=None,
        trusted=False,
        note=note,
    )
