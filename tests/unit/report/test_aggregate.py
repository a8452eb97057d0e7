"""The Aggregate Report: JMeter's columns, one row a label, TOTAL last."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.report.samples import Terminal, sample
from warmer.report.aggregate import aggregate, aggregate_csv, print_aggregate
from warmer.report.labels import Labels

if TYPE_CHECKING:
    from warmer.store_samples import Sample

TEN = [
    sample("/shop/", total_ms=100.0 * number, at=1000.0 + number, sent_bytes=1024)
    for number in range(1, 11)
]


HEADER = (
    "Label,# Samples,Average,Median,90% Line,95% Line,99% Line,Min,Max,Error %,Throughput,"
    "Received KB/sec,Sent KB/sec"
)


def saved(samples: list[Sample]) -> list[str]:
    rows = aggregate(samples, Labels())
    return "".join(aggregate_csv(rows)).splitlines()


def test_the_columns_and_the_numbers_are_written_as_jmeter_saves_them() -> None:
    # From the first start (1000.9) to the last end (1010.0) are 9.1 s.
    assert saved([*TEN, sample("/", status=503, fetch="probe", total_ms=20.0, at=1005.0)]) == [
        HEADER,
        "warm /shop/,10,550,500,900,1000,1000,100,1000,0.000%,1.09890,10.99,1.10",
        "probe /,1,20,20,20,20,20,20,20,100.000%,50.00000,500.00,25.00",
        "TOTAL,11,502,500,900,1000,1000,20,1000,9.091%,1.20879,12.09,1.15",
    ]


def test_a_request_without_an_answer_is_an_error_with_its_time() -> None:
    timeout = sample(status=None, error="timeout", total_ms=30_000.0, body_bytes=None)
    (row, total) = aggregate([timeout], Labels())
    assert (row.error_ratio, row.max_ms, row.received_kb_per_s) == (1.0, 30_000.0, 0.0)
    assert total.samples == 1


def test_time_is_counted_from_the_scheduled_start() -> None:
    (row, _) = aggregate([sample(waited_ms=400.0)], Labels())
    assert (row.average_ms, row.throughput_per_s) == (500.0, 2.0)


def test_a_rate_that_was_not_measured_is_an_empty_cell() -> None:
    never = sample(total_ms=0.0, sent_bytes=None)
    assert saved([never])[1] == "warm /,1,0,0,0,0,0,0,0,0.000%,,,"


def test_a_run_without_requests_has_the_header_alone() -> None:
    assert len(saved([])) == 1


def test_not_on_a_terminal_the_table_is_tab_separated() -> None:
    stream = io.StringIO()
    print_aggregate(aggregate(TEN, Labels()), stream)
    header, row, total = stream.getvalue().splitlines()
    assert header.split("\t")[:2] == ["Label", "# Samples"]
    assert row.split("\t")[:3] == ["warm /shop/", "10", "550"]
    assert total.startswith("TOTAL\t10\t")


LONG = [
    sample("/a-section-with-a-long-name/x", total_ms=1234.5),
    sample("/another-section-with-a-long-name/x", total_ms=1234.5),
]


def on_a_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(columns))
    stream = Terminal()
    print_aggregate(aggregate(LONG, Labels()), stream)
    return stream.getvalue().splitlines()


def test_a_terminal_of_80_columns_gets_whole_numbers_and_is_told_what_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert on_a_terminal(80, monkeypatch) == [
        "                                       #             95%     99%           Error",
        "Label                            Samples  Median    Line    Line     Max       %",
        "warm /a-section…th-a-long-name/        1  1234.5  1234.5  1234.5  1234.5  0.000%",
        "warm /another-s…th-a-long-name/        1  1234.5  1234.5  1234.5  1234.5  0.000%",
        "TOTAL                                  2  1234.5  1234.5  1234.5  1234.5  0.000%",
        "",
        "No room for Average, 90% Line, Min, Throughput, Received KB/sec, Sent KB/sec:",
        "--json has all.",
    ]


def test_a_wide_terminal_gets_every_column_and_whole_labels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = on_a_terminal(160, monkeypatch)
    assert len(lines) == 5
    assert lines[1].split() == [
        "Label", "Samples", "Average", "Median", "Line", "Line", "Line", "Min", "Max", "%",
        "Throughput", "KB/sec", "KB/sec",
    ]  # fmt: skip
    assert lines[3].startswith("warm /another-section-with-a-long-name/  ")


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    assert max(map(len, on_a_terminal(columns, monkeypatch))) <= columns


@given(st.lists(st.text(), min_size=1, max_size=20))
def test_any_path_makes_rows_of_thirteen_cells(paths: list[str]) -> None:
    rows = aggregate([sample(f"/{path}/x") for path in paths], Labels())
    table = list(csv.reader(io.StringIO("".join(aggregate_csv(rows)))))
    assert {len(row) for row in table} == {13}
    assert sum(int(row[1]) for row in table[1:-1]) == int(table[-1][1]) == len(paths)
