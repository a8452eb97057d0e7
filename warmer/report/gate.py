"""What a run's thresholds are evaluated with, and how they came out.

Values of the run come from its Report; a change also needs the metrics of the run before it. No data fails, and so does a first run that is to be no slower.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.report.summary import metrics, values
from warmer.thresholds import changes, evaluate, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from warmer.report.summary import Report
    from warmer.store import Store

_Rows = list[dict[str, object]]


def gate(report: Report, store: Store, expressions: Iterable[str]) -> _Rows:
    """Results as in report.json, against the run before this one where a change is asked for."""
    earlier = None
    if any(parse(each).is_of_change for each in expressions):
        before = store.runs_before(report.run.id, 1)
        earlier = metrics(store, before[0].id) if before else None
    return gate_against(report, earlier, expressions)


def gate_against(
    report: Report, earlier: Mapping[str, float | None] | None, expressions: Iterable[str]
) -> _Rows:
    """The same against the metrics of a run that was named; raises ConfigError for what is no expression."""
    found = values(report)
    if earlier is not None:
        found |= changes(found, earlier)
    results = evaluate([parse(each) for each in expressions], found)
    return [
        {"expr": each.expr, "value": each.value, "verdict": str(each.verdict)} for each in results
    ]
