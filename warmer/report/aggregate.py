"""The Aggregate Report as JMeter has it: a row a label, TOTAL last; on screen and as CSV.

Memory: two floats a request, a thousand labels. Percentiles are by nearest rank, over all
requests, those that failed too; throughput is from the first start to the last end.
Source of columns and number formats: the table that JMeter 5 shows and saves.
"""

from __future__ import annotations

import csv
import io
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from rich.cells import cell_len

from warmer.report.aligned import aligned, fitting, left_out, only, width_of
from warmer.report.percentiles import percentiles
from warmer.report.terminal import columns, cut, put
from warmer.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TextIO

    from warmer.report.labels import Labels
    from warmer.store_samples import Sample

COLUMNS = (
    "Label", "# Samples", "Average", "Median", "90% Line", "95% Line", "99% Line", "Min", "Max",
    "Error %", "Throughput", "Received KB/sec", "Sent KB/sec",
)  # fmt: skip
TOTAL = "TOTAL"
_LABEL_LEAST = 24
_DISPENSABLE = tuple(
    COLUMNS.index(name) - 1
    for name in (
        "Sent KB/sec", "Received KB/sec", "Min", "Throughput", "Average", "90% Line", "99% Line",
        "Median", "Max", "95% Line",
    )
)  # fmt: skip
"""Columns behind the label that go where there is no room for all, the first one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateRow:
    """Times in milliseconds; a rate is None where all requests were at one moment.

    `sent_kb_per_s` is None where what was sent was not measured.
    """

    label: str
    samples: int
    average_ms: float
    median_ms: float
    p90_ms: float
    p95_ms: float
    p99_ms: float
    min_ms: float
    max_ms: float
    error_ratio: float
    throughput_per_s: float | None
    received_kb_per_s: float | None
    sent_kb_per_s: float | None


class _Group:
    """What is kept of the requests of one label."""

    __slots__ = ("elapsed_ms", "errors", "first_start", "last_end", "received", "sent")

    def __init__(self) -> None:
        self.elapsed_ms = array("d")
        self.errors = 0
        self.received = 0
        self.sent: int | None = 0
        self.first_start = float("inf")
        self.last_end = float("-inf")

    def add(self, sample: Sample) -> None:
        elapsed_ms = sample.elapsed_ms
        self.elapsed_ms.append(elapsed_ms)
        self.errors += not sample.is_success
        self.received += sample.body_bytes or 0
        # A request without an answer is not known to have been sent whole.
        if sample.status is not None:
            sent = sample.sent_bytes
            self.sent = None if sent is None or self.sent is None else self.sent + sent
        self.first_start = min(self.first_start, sample.at - elapsed_ms / 1000)
        self.last_end = max(self.last_end, sample.at)

    def row(self, label: str) -> AggregateRow:
        count = len(self.elapsed_ms)
        taken_s = self.last_end - self.first_start
        found = percentiles(self.elapsed_ms, (50, 90, 95, 99, 100))
        median, p90, p95, p99, high = (each for each in found if each is not None)
        return AggregateRow(
            label=label,
            samples=count,
            average_ms=sum(self.elapsed_ms) / count,
            median_ms=median,
            p90_ms=p90,
            p95_ms=p95,
            p99_ms=p99,
            min_ms=min(self.elapsed_ms),
            max_ms=high,
            error_ratio=self.errors / count,
            throughput_per_s=_rate(count, taken_s),
            received_kb_per_s=_rate(self.received / 1024, taken_s),
            sent_kb_per_s=None if self.sent is None else _rate(self.sent / 1024, taken_s),
        )


def aggregate(samples: Iterable[Sample], labels: Labels) -> list[AggregateRow]:
    """Labels in the order they first came, the most popular page's first; TOTAL last.

    Empty where nothing was sent.
    """
    groups: dict[str, _Group] = {}
    total = _Group()
    for sample in samples:
        label = labels.of(sample)
        group = groups.get(label)
        if group is None:
            group = groups[label] = _Group()
        group.add(sample)
        total.add(sample)
    rows = [group.row(label) for label, group in groups.items()]
    return [*rows, total.row(TOTAL)] if rows else []


def aggregate_csv(rows: Sequence[AggregateRow]) -> Iterator[str]:
    """CSV lines as JMeter's "Save Table Data" writes them; empty where not measured."""
    for cells in (COLUMNS, *(_saved(row) for row in rows)):
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(cells)
        yield line.getvalue()


def aggregate_json(rows: Sequence[AggregateRow]) -> Iterator[bytes]:
    """A JSON object a row, with its newline; null where not measured."""
    for row in rows:
        yield msgspec.json.encode(row) + b"\n"


def _saved(row: AggregateRow) -> tuple[str, ...]:
    return (visible(row.label), *_cells(row, time_places=0, rate_places=5))


def print_aggregate(rows: Sequence[AggregateRow], stream: TextIO) -> None:
    """The table: aligned on a terminal, tab-separated under a header line elsewhere."""
    if not stream.isatty():
        put(stream, "\t".join(COLUMNS) + "\n")
        for row in rows:
            put(stream, "\t".join(_saved(row)) + "\n")
        return
    if not rows:
        put(stream, "No request was sent.\n")
        return
    heads = [[name.rpartition(" ")[place] for name in COLUMNS[1:]] for place in (0, 2)]
    cells = [*heads, *(cells_of(row) for row in rows)]
    longest = max(cell_len(visible(row.label)) for row in rows)
    room = columns(stream) - min(longest, _LABEL_LEAST)
    kept = fitting(cells, width=room, dispensable=_DISPENSABLE)
    cells = only(cells, kept)
    width = max(1, columns(stream) - width_of(cells))
    labels = ["", COLUMNS[0], *(cut(row.label, width) for row in rows)]
    table = [[label, *row] for label, row in zip(labels, cells, strict=True)]
    lines = aligned(table, numbers=range(1, len(COLUMNS)))
    lines += left_out(COLUMNS[1:], kept, width=columns(stream))
    put(stream, "".join(f"{line}\n" for line in lines))


def cells_of(row: AggregateRow) -> list[str]:
    """The cells behind the label, for a person; a dash where not measured."""
    return [each or "-" for each in _cells(row, time_places=1, rate_places=1)]


def _cells(row: AggregateRow, *, time_places: int, rate_places: int) -> Iterator[str]:
    """All but the label; JMeter saves times as whole milliseconds."""
    yield str(row.samples)
    times = (
        row.average_ms, row.median_ms, row.p90_ms, row.p95_ms, row.p99_ms, row.min_ms, row.max_ms,
    )  # fmt: skip
    for time_ms in times:
        yield f"{time_ms:.{time_places}f}"
    yield f"{row.error_ratio * 100:.3f}%"
    yield "" if row.throughput_per_s is None else f"{row.throughput_per_s:.{rate_places}f}"
    for rate in (row.received_kb_per_s, row.sent_kb_per_s):
        yield "" if rate is None else f"{rate:.2f}"


def _rate(amount: float, seconds: float) -> float | None:
    return amount / seconds if seconds > 0 else None
