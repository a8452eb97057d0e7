"""Exact percentiles of very many latencies, in flat memory. Pure.

Nearest rank: a percentile is a value that was measured, never one in between.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence

_SAMPLE = 1000


def percentiles(values: array[float], wanted: Sequence[int]) -> list[float | None]:
    """The wanted percentiles (1 to 100), each the value at rank ceil(p/100 * n).

    None for all when there are no values. The array stays as it is: sorting it
    would box a million floats at once, so only the neighbours of each rank are sorted.
    """
    if not values:
        return [None for _ in wanted]
    bounds = _bounds(values)
    sizes = Counter(bisect_left(bounds, value) for value in values)
    return [_at(values, bounds, sizes, -(-p * len(values) // 100) - 1) for p in wanted]


def _bounds(values: array[float]) -> list[float]:
    """Some of the values, sorted; taken at random, for every n-th may be of one variant."""
    if len(values) <= _SAMPLE:
        return sorted(values)
    draw = random.Random(len(values))  # noqa: S311 -- a sample
    return sorted(draw.choices(values, k=_SAMPLE))


def _at(values: array[float], bounds: list[float], sizes: Counter[int], index: int) -> float:
    """What stands at this index of the sorted values; `bounds` part them into groups."""
    before = 0
    for group in sorted(sizes):
        if index < before + sizes[group]:
            low = bounds[group - 1] if group else float("-inf")
            high = bounds[group] if group < len(bounds) else float("inf")
            return sorted(value for value in values if low < value <= high)[index - before]
        before += sizes[group]
    raise IndexError(index)
