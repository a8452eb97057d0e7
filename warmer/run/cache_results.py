"""What the cache servers counted during a run, for the report: deltas, evictions, patterns."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from warmer.caches.delta import differences, eviction_warning
from warmer.model import Pass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from warmer.caches.delta import Delta
    from warmer.caches.server import Reading
    from warmer.config import CacheConfig
    from warmer.run.cache_keys import CacheKeys

_MIB = 1024 * 1024


class CacheLog:
    """Readings at the edges of the passes, and what follows from them.

    The counters of the probe pass tell how visitors fare; where nothing was probed,
    those of the warm pass stand in the report. `looks` says how often the visitor guard has
    asked for its page by now: what servers count holds these, too, and how many hits one of
    them is only the site knows, so they are told and not subtracted.
    """

    def __init__(
        self,
        configs: Sequence[CacheConfig],
        keys: CacheKeys,
        *,
        looks: Callable[[], int] = lambda: 0,
    ) -> None:
        self._configs = configs
        self._keys = keys
        self._looks = looks
        self._looked_before = 0
        self._looked = {Pass.WARM: 0, Pass.PROBE: 0}
        self._before: list[Reading] = []
        self._warmed: list[Reading] = []
        self._probed: list[Reading] = []
        self._repeated: list[Reading] = []
        self._counts: list[dict[str, object]] = []

    async def begin(self) -> None:
        """First reading; raises UnreachableError, for nothing has been warmed yet."""
        self._before = await self._keys.readings()
        self._looked_before = self._looks()

    async def after_warm(self) -> None:
        self._warmed = await self._keys.readings()
        self._looked[Pass.WARM] = self._looks() - self._looked_before

    async def after_probe(self) -> None:
        self._probed = await self._keys.readings()
        looked = self._looks() - self._looked_before
        self._looked[Pass.PROBE] = looked - self._looked[Pass.WARM]

    async def after_repeats(self) -> None:
        """Evictions count to the end; what hit and missed stays that of the first passes."""
        self._repeated = await self._keys.readings()

    def warnings(self) -> list[str]:
        """Evictions between the first reading and the last, one line a node."""
        was = {reading.node: reading for reading in self._before}
        last = self._last()
        found = (eviction_warning(was[r.node], r) for r in last if r.node in was)
        return [warning for warning in found if warning is not None]

    @property
    def evicted(self) -> bool:
        """Whether a server evicted anything since the first reading, or cannot tell."""
        deltas = differences(self._before, self._last())
        return any(delta.evictions is None or delta.evictions > 0 for delta in deltas)

    def doubt(self, probes: int) -> str | None:
        """Why so many probes cannot all have come from these caches, by their counters.

        A Django page from the cache is two hits, for its header list and for itself; other
        clients can only add to them.
        """
        deltas = differences(self._warmed, self._probed)
        if not self._probed or not all(delta.trusted for delta in deltas):
            return None
        hits = sum(delta.hits or 0 for delta in deltas)
        if hits >= 2 * probes:
            return None
        return (
            f"{probes} pages have their keys in the cache, but the servers counted {hits} hits"
            f" while these pages were asked for again, and {2 * probes} were due: does the site"
            " read these entries, or does another cache answer in front?"
        )

    async def end(self) -> None:
        """Count the patterns."""
        await asyncio.to_thread(self._count_patterns)

    def results(self) -> list[dict[str, object]]:
        """The `caches` of the report, one object a node."""
        whole = differences(self._before, self._last())
        warm = {delta.node: delta for delta in differences(self._before, self._warmed)}
        probe = {delta.node: delta for delta in differences(self._warmed, self._probed)}
        memory = {reading.node: reading for reading in self._before}
        for readings in (self._warmed, self._probed, self._repeated):
            memory |= {reading.node: reading for reading in readings}
        results = []
        for delta in whole:
            shown = probe.get(delta.node) if self._probed else warm.get(delta.node, delta)
            results.append(_result(delta, shown or delta, memory[delta.node]))
            for name, readings, of_pass in (
                (Pass.WARM, self._warmed, warm),
                (Pass.PROBE, self._probed, probe),
            ):
                found = of_pass.get(delta.node) if readings else None
                results[-1][f"{name}_pass"] = _counted(found, self._looked[name])
        return results

    def _last(self) -> list[Reading]:
        return self._repeated or self._probed or self._warmed

    def pattern_results(self) -> list[dict[str, object]]:
        """Minimum counts of key patterns, as threshold results."""
        return self._counts

    def _count_patterns(self) -> None:
        for config, server in zip(self._configs, self._keys.servers, strict=True):
            for pattern in config.pattern:
                count, whole = server.count(pattern.match, config.scan_limit)
                verdict = "pass" if count >= pattern.min else "fail" if whole else "no_data"
                expr = f"count({pattern.match})>={pattern.min}"
                value = count if whole or count >= pattern.min else None
                self._counts.append({"expr": expr, "value": value, "verdict": verdict})


def _result(whole: Delta, shown: Delta, memory: Reading) -> dict[str, object]:
    return {
        "node": whole.node,
        "kind": whole.kind,
        "hits": shown.hits,
        "misses": shown.misses,
        "evictions": whole.evictions,
        "hit_ratio": shown.hit_ratio,
        "trusted": whole.trusted and shown.trusted,
        "note": whole.note or shown.note,
        "memory": _memory(memory),
        "policy": memory.policy,
    }


def _counted(delta: Delta | None, looks: int) -> dict[str, object] | None:
    if delta is None:
        return None
    return {
        "hits": delta.hits,
        "misses": delta.misses,
        "hit_ratio": delta.hit_ratio,
        "canary_looks": looks,
    }


def _memory(reading: Reading) -> str:
    limit = "" if reading.max_bytes is None else f" of {reading.max_bytes / _MIB:.1f} MiB"
    return f"{reading.used_bytes / _MIB:.1f} MiB used{limit}"
