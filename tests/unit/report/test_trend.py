"""The last runs in a row: which ones, and how they are drawn."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from tests.unit.report.runs import fetch, finish, new_run, page
from tests.unit.report.samples import Terminal
from warmer.model import RunStatus
from warmer.report.trend import bars, print_trend, trend, trend_lines

if TYPE_CHECKING:
    from warmer.store import Store


HEADER = (
    "run\tstarted_at\thit_ratio\tcacheable_hit_ratio\ttraffic_hit_ratio\tfailed_ratio"
    "\thot_p95_ms\tcold_p95_ms\tmin_ttl_s\tevictions\tworse"
)


def runs(store: Store, *cold_ms: float) -> list[str]:
    found = []
    for each in cold_ms:
        found.append(new_run(store, [page(1, "/")]))
        store.add_outcomes(found[-1], [fetch(1, each)])
        finish(store, found[-1])
    return found


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([], ""),
        ([0.0, 0.0], "▁▁"),
        ([1.0, 2.0, 4.0, 8.0], "▂▃▅█"),
        ([None, 5.0, None], "·█·"),
        ([100.0, 80.0], "█▇"),
    ],
)
def test_a_bar_is_as_high_as_its_value_from_nothing_up(
    values: list[float | None], drawn: str
) -> None:
    assert bars(values) == drawn


def test_the_trend_ends_with_the_run_and_marks_what_is_worse_than_before(store: Store) -> None:
    ids = runs(store, 100.0, 200.0, 190.0, 400.0)
    aborted = new_run(store, [page(1, "/")])
    finish(store, aborted, status=RunStatus.ABORTED)
    points = trend(store, ids[3], 3)
    assert [point.run.id for point in points] == ids[1:]
    assert [sorted(point.worse) for point in points] == [[], [], ["cold_p95_ms"]]


def test_not_on_a_terminal_a_run_is_a_tab_separated_line(store: Store) -> None:
    ids = runs(store, 100.0, 200.0)
    stream = io.StringIO()
    print_trend(trend(store, "last", 10), stream)
    assert stream.getvalue().splitlines() == [
        HEADER,
        f"{ids[0]}\t2026-03-04T05:06:07Z\t\t\t\t\t\t100\t\t\t",
        f"{ids[1]}\t2026-03-04T05:06:07Z\t\t\t\t\t\t200\t\t\tcold_p95_ms",
    ]


def test_json_has_a_line_a_run_oldest_first(store: Store) -> None:
    ids = runs(store, 100.0, 200.0)
    first, second = map(json.loads, trend_lines(trend(store, "last", 10)))
    assert (first["run"], first["cold_p95_ms"], first["hit_ratio"]) == (ids[0], 100.0, None)
    assert (second["run"], second["worse"]) == (ids[1], ["cold_p95_ms"])


def test_a_terminal_shows_bars_and_a_first_run_without_a_change(store: Store) -> None:
    runs(store, 100.0)

    stream = Terminal()
    print_trend(trend(store, "last", 10), stream)
    assert "The last 1 run of shop, oldest first" in stream.getvalue()
    assert "█" in stream.getvalue()
