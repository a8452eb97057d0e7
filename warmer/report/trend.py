"""The last runs of a site in a row: each metric as a line of small bars, and by run.

On screen, or as JSON lines, oldest first. What is worse than in the run before is marked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from warmer.report.change import changes_of, shown, shown_ratio
from warmer.report.summary import summarise, values
from warmer.report.terminal import put, show
from warmer.report.wording import counted
from warmer.thresholds import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import TextIO

    from rich.console import RenderableType

    from warmer.model import RunRecord
    from warmer.store import Store

_BARS = "▁▂▃▄▅▆▇█"
_GAP = "·"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The metrics of one run; `worse` names those that are worse than in the run before."""

    run: RunRecord
    values: Mapping[str, float | None]
    worse: frozenset[str]


def trend(store: Store, run_id: str, limit: int) -> list[Point]:
    """This run and those before it that can be compared with it, oldest first."""
    last = store.run(run_id)
    runs = [last, *store.runs_before(last.id, limit - 1)]
    points: list[Point] = []
    for run in reversed(runs):
        now = values(summarise(store, run.id))
        moved = changes_of(points[-1].values, now) if points else ()
        worse = frozenset(each.metric for each in moved if each.is_worse)
        points.append(Point(run=run, values=now, worse=worse))
    return points


def bars(found: Sequence[float | None]) -> str:
    """A bar a value, the highest for the largest; from 0 up, so that a dip looks as deep as it is.

    A dot where there is no value; the lowest bars where all are 0.
    """
    largest = max((value for value in found if value is not None), default=0.0)
    return "".join(_GAP if value is None else _bar(value, largest) for value in found)


def _bar(value: float, largest: float) -> str:
    if largest <= 0:
        return _BARS[0]
    return _BARS[min(len(_BARS) - 1, int(value / largest * len(_BARS)))]


def print_trend(points: Sequence[Point], stream: TextIO) -> None:
    """By metric, then by run; tab-separated by run where this is no terminal."""
    if stream.isatty():
        show(stream, Group(*_sections(points)))
        return
    put(stream, "\t".join(("run", "started_at", *METRICS, "worse")) + "\n")
    for point in points:
        cells = ("" if value is None else f"{value:.6g}" for value in _in_order(point))
        worse = ",".join(metric for metric in METRICS if metric in point.worse)
        started = f"{point.run.started_at:%Y-%m-%dT%H:%M:%SZ}"
        put(stream, "\t".join((point.run.id, started, *cells, worse)) + "\n")


def trend_lines(points: Sequence[Point]) -> Iterator[bytes]:
    """A JSON object a run, with its newline; null where not measured."""
    for point in points:
        record = {
            "run": point.run.id,
            "started_at": point.run.started_at,
            **{metric: point.values[metric] for metric in METRICS},
            "worse": [metric for metric in METRICS if metric in point.worse],
        }
        yield msgspec.json.encode(record) + b"\n"


def _sections(points: Sequence[Point]) -> Iterator[RenderableType]:
    last = points[-1]
    yield Text(f"The last {counted(len(points), 'run')} of {last.run.site}, oldest first", "bold")
    by_metric = _table("metric", "", "before", "now", "change")
    before = points[-2].values if len(points) > 1 else dict.fromkeys(METRICS)
    for each in changes_of(before, last.values):
        by_metric.add_row(
            each.metric,
            bars([point.values[each.metric] for point in points]),
            shown(each.metric, each.before),
            shown(each.metric, each.now),
            Text(shown_ratio(each.ratio), "bold red" if each.is_worse else ""),
        )
    yield Padding(by_metric, (0, 0, 1, 2))
    columns = ("hit_ratio", "failed_ratio", "cold_p95_ms", "hot_p95_ms", "evictions")
    by_run = _table("run", *columns)
    for point in points:
        cells = (
            Text(
                shown(metric, point.values[metric]) + (" !" if metric in point.worse else ""),
                "bold red" if metric in point.worse else "",
            )
            for metric in columns
        )
        by_run.add_row(point.run.id, *cells)
    yield Padding(by_run, (0, 0, 0, 2))


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    return table


def _in_order(point: Point) -> Iterator[float | None]:
    return (point.values[metric] for metric in METRICS)
