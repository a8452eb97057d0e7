"""How a metric moved from one run to another, and whether that is worth a mark. Pure.

A mark is a hint for a person; what a build is to fail for, thresholds say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmer.report.wording import milliseconds, percent, quantity
from warmer.thresholds import METRICS, RATIOS, change

if TYPE_CHECKING:
    from collections.abc import Mapping

WORSE_RATIO = 0.005
"""So much lower a hit ratio, or higher a ratio of failures, is worse: half a percent."""
WORSE_TIME = 1.2
WORSE_MS = 5.0
"""So many times as long, and so much longer, is worse; less is noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A metric then and now; `ratio` is now / before, None without data on either side."""

    metric: str
    before: float | None
    now: float | None
    ratio: float | None
    is_worse: bool


def changes_of(
    before: Mapping[str, float | None], now: Mapping[str, float | None]
) -> tuple[Change, ...]:
    """A Change for each metric of threshold expressions, in their order."""
    return tuple(
        Change(
            metric=metric,
            before=before[metric],
            now=now[metric],
            ratio=change(now[metric], before[metric]),
            is_worse=_is_worse(metric, before[metric], now[metric]),
        )
        for metric in METRICS
    )


def _is_worse(metric: str, before: float | None, now: float | None) -> bool:
    if before is None or now is None:
        return False
    if metric == "failed_ratio":
        return now - before > WORSE_RATIO
    if metric in RATIOS:
        return before - now > WORSE_RATIO
    if metric.endswith("_ms"):
        return now >= before * WORSE_TIME and now - before >= WORSE_MS
    # How long entries have left tells when a run ended, and not how well.
    return metric == "evictions" and now > before


def shown(metric: str, value: float | None) -> str:
    """A value as a person reads it; a dash where there is none."""
    if value is None:
        return "-"
    if metric in RATIOS:
        return percent(value)
    return f"{milliseconds(value)} ms" if metric.endswith("_ms") else quantity(round(value, 1))


def shown_ratio(ratio: float | None) -> str:
    return "-" if ratio is None else f"x {ratio:.2f}"
