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

from warmer.report.aligned import fitting, left_out, only, width_of
from warmer.report.change import changes_of, shown, shown_ratio
from warmer.report.summary import metrics
from warmer.report.terminal import columns, put, show
from warmer.report.visible import visible
from warmer.report.wording import counted, milliseconds
from warmer.thresholds import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import TextIO

    from rich.console import RenderableType

    from warmer.model import RunRecord
    from warmer.store import Store

_BARS = "▁▂▃▄▅▆▇█"
_GAP = "·"
_LOUD = "bold red"
_INDENT = 2
_BARS_LEAST = 2
_COLUMNS = ("run", *METRICS)
_PARTED = [name.partition("_") for name in _COLUMNS]
_HEADS = [
    [first if rest else "" for first, _, rest in _PARTED],
    [rest or first for first, _, rest in _PARTED],
]
_DISPENSABLE = tuple(
    _COLUMNS.index(name)
    for name in (
        "min_ttl_s", "traffic_hit_ratio", "cacheable_hit_ratio", "evictions", "failed_ratio",
        "hot_p95_ms", "cold_p95_ms", "hit_ratio",
    )
)  # fmt: skip
"""Columns that go where there is no room for all, the first one first; never a run's id."""


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
        now = metrics(store, run.id)
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
        show(stream, Group(*_sections(points, columns(stream))))
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


def _sections(points: Sequence[Point], width: int) -> Iterator[RenderableType]:
    last = points[-1]
    title = f"The last {counted(len(points), 'run')} of {visible(last.run.site)}, oldest first"
    yield Text(title, "bold")
    yield Padding(_by_metric(points, width), (0, 0, 1, _INDENT))
    rows = [[point.run.id, *(_cell(point, metric) for metric in METRICS)] for point in points]
    kept = fitting([*_HEADS, *rows], width=width, dispensable=_DISPENSABLE)
    heads = zip(*only(_HEADS, kept), strict=True)
    by_run = _table(*("\n".join(lines) for lines in heads))
    for point, row in zip(points, only(rows, kept), strict=True):
        by_run.add_row(
            *(
                Text(cell, _LOUD if _COLUMNS[n] in point.worse else "")
                for n, cell in zip(kept, row, strict=True)
            )
        )
    yield Padding(by_run, (0, 0, 0, _INDENT))
    for line in left_out(_COLUMNS, kept, width=width - _INDENT):
        yield Text(f"  {line}" if line else "")


def _by_metric(points: Sequence[Point], width: int) -> Table:
    """A row of bars a metric: where there is no room for all, the newest behind an ellipsis."""
    before = points[-2].values if len(points) > 1 else dict.fromkeys(METRICS)
    found = changes_of(before, points[-1].values)
    cells = [["metric", "before", "now", "change"]]
    for each in found:
        then, now = shown(each.metric, each.before), shown(each.metric, each.now)
        cells.append([each.metric, then, now, shown_ratio(each.ratio)])
    cells = only(cells, fitting(cells, width=width - _INDENT, dispensable=(1, 3)))
    room = max(_BARS_LEAST, width - _INDENT - width_of(cells))
    table = _table(cells[0][0], "", *cells[0][1:])
    for each, (name, *figures, last) in zip(found, cells[1:], strict=True):
        drawn = bars([point.values[each.metric] for point in points])
        if len(drawn) > room:
            drawn = f"…{drawn[1 - room :]}"
        table.add_row(name, drawn, *figures, Text(last, _LOUD if each.is_worse else ""))
    return table


def _cell(point: Point, metric: str) -> str:
    """The value without its unit, which the head says, and a mark where it is worse."""
    value = point.values[metric]
    text = milliseconds(value) if metric.endswith("_ms") else shown(metric, value)
    return f"{text} !" if metric in point.worse else text


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    return table


def _in_order(point: Point) -> Iterator[float | None]:
    return (point.values[metric] for metric in METRICS)
