"""Threshold expressions `METRIC OP VALUE`, and whether a run meets them. Pure.

An expression states the condition that passes. A metric without a value fails the gate as
`no_data`: a gate that passes because nothing was measured guards nothing. It computes no
metric, and knows no exit code.
"""

from __future__ import annotations

import difflib
import math
import operator
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from warmer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

RATIOS = ("hit_ratio", "cacheable_hit_ratio", "traffic_hit_ratio", "failed_ratio")
"""Metrics from 0 to 1; these may be written in percent."""
METRICS = (*RATIOS, "hot_p95_ms", "cold_p95_ms", "min_ttl_s", "evictions")
CHANGE = ".change"
"""Behind a metric: its value divided by that of an earlier run."""

_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_EXPRESSION = re.compile(
    r"\s*(?P<metric>[A-Za-z_]\w*(?:\.\w+)?)\s*(?P<operator>>=|<=|==|>|<)"
    r"\s*(?P<value>[0-9]{1,15}(?:\.[0-9]{1,15})?)\s*(?P<percent>%?)\s*"
)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A condition to meet; `expr` is as a person wrote it, `value` a ratio if in percent."""

    expr: str
    metric: str
    operator: str
    value: float

    @property
    def is_of_change(self) -> bool:
        return self.metric.endswith(CHANGE)


@dataclass(frozen=True, slots=True)
class ThresholdResult:
    """How a threshold came out; `value` is what was measured, None without data."""

    expr: str
    value: float | None
    verdict: Literal["pass", "fail", "no_data"]


def parse(expr: str) -> Threshold:
    """Read one expression, such as `hit_ratio>=0.95`, `evictions == 0`, `hot_p95_ms.change<=1.2`.

    Raises ConfigError if it is not one, if the metric is unknown, or if a ratio is over 1;
    a change may be, and may be in percent like a ratio.
    """
    found = _EXPRESSION.fullmatch(expr)
    shown = ascii(expr[:100])  # one line, whatever was typed
    if found is None:
        quotes = "; in quotes, for to a shell > is a redirection" if expr in METRICS else ""
        raise ConfigError(
            f"threshold {shown}: expected METRIC OP VALUE with OP one of {', '.join(_OPERATORS)}"
            f" and a plain number, for example hit_ratio>=0.95{quotes}"
        )
    metric, percent = found["metric"], bool(found["percent"])
    of_change = metric.endswith(CHANGE)
    if metric.removesuffix(CHANGE) not in METRICS:
        known = [f"{each}{CHANGE}" for each in METRICS] if "." in metric else METRICS
        nearest = difflib.get_close_matches(metric, known, n=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else ""
        raise ConfigError(
            f"threshold {shown}: unknown metric {metric}; expected {', '.join(known)}{hint}"
        )
    if percent and metric not in RATIOS and not of_change:
        raise ConfigError(f"threshold {shown}: {metric} is not a ratio; expected a number alone")
    # Decimal, for 99.9% is to be 0.999 and nothing beside it.
    value = float(Decimal(found["value"]) / 100) if percent else float(found["value"])
    if metric in RATIOS and value > 1:
        raise ConfigError(
            f"threshold {shown}: {metric} is 0 to 1; expected 0.95 or 95%, for example"
        )
    return Threshold(expr.strip(), metric, found["operator"], value)


def changes(
    values: Mapping[str, float | None], earlier: Mapping[str, float | None]
) -> dict[str, float | None]:
    """Each metric divided by its earlier value, under its name with CHANGE behind it.

    Of two zeros nothing has changed: 1. From zero to more is infinite. None without data.
    """
    return {f"{metric}{CHANGE}": change(now, earlier.get(metric)) for metric, now in values.items()}


def change(now: float | None, before: float | None) -> float | None:
    """One of `changes`."""
    if now is None or before is None or math.isnan(now) or math.isnan(before):
        return None
    if before == 0:
        return 1.0 if now == 0 else math.inf
    return now / before


def evaluate(
    thresholds: Iterable[Threshold], values: Mapping[str, float | None]
) -> list[ThresholdResult]:
    """Compare each with the value of its metric; one that is missing, None or NaN is no data.

    Only `pass` meets the gate.
    """
    results = []
    for threshold in thresholds:
        value = values.get(threshold.metric)
        if value is None or math.isnan(value):
            results.append(ThresholdResult(threshold.expr, None, "no_data"))
            continue
        met = _OPERATORS[threshold.operator](value, threshold.value)
        results.append(ThresholdResult(threshold.expr, value, "pass" if met else "fail"))
    return results
