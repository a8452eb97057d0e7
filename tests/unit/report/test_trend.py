"""The last runs in a row: which ones, and how they are drawn."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from tests.unit.report.runs import WARM_BY_KEY, fetch, finish, new_run, page, probe
from tests.unit.report.samples import Terminal
from warmer.model import RunStatus
from warmer.report.trend import bars, print_trend, trend, trend_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from warmer.store import Store

    Shown = Callable[..., list[str]]

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


def long_runs(store: Store, count: int) -> list[str]:
    """Runs of which every metric was measured, each twice as slow as the one before."""
    found = []
    for number in range(1, count + 1):
        pages = [page(1, "/", traffic=1.0), page(2, "/b", traffic=1.0)]
        found.append(new_run(store, pages, observed_traffic=2.0))
        store.add_outcomes(
            found[-1], [fetch(1, 12_000.5 * number), probe(1, 120.5 * number), fetch(2, 100.0)]
        )
        store.add_verdicts(found[-1], [(1, WARM_BY_KEY)])
        store.set_cache_results(found[-1], [{"evictions": 137 * number, "trusted": True}])
        finish(store, found[-1])
    return found


@pytest.fixture
def on_a_terminal(store: Store, monkeypatch: pytest.MonkeyPatch) -> Shown:
    """What a terminal of so many columns shows of the last so many runs."""
    monkeypatch.setenv("NO_COLOR", "1")

    def shown(columns: int, limit: int = 10) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        stream = Terminal()
        print_trend(trend(store, "last", limit), stream)
        return stream.getvalue().splitlines()

    return shown


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


def test_a_terminal_shows_bars_and_a_first_run_without_a_change(
    store: Store, on_a_terminal: Shown
) -> None:
    runs(store, 100.0)
    lines = on_a_terminal(80)
    assert lines[0] == "The last 1 run of shop, oldest first"
    assert "  cold_p95_ms          █       -  100.0 ms       -" in lines


@pytest.mark.parametrize("columns", [40, 80, 140])
def test_run_ids_are_whole_on_a_terminal_of_any_width(
    store: Store, on_a_terminal: Shown, columns: int
) -> None:
    ids = long_runs(store, 3)
    lines = on_a_terminal(columns)
    assert [line.split()[0] for line in lines if line.startswith("  2026")] == ids
    assert max(map(len, lines)) <= columns
    assert "…" not in "".join(lines)


def test_a_terminal_of_80_columns_leaves_out_what_tells_least_and_says_so(
    store: Store, on_a_terminal: Shown
) -> None:
    ids = long_runs(store, 2)
    assert on_a_terminal(80)[-6:] == [
        "                             hit  failed      hot        cold",
        "  run                      ratio   ratio   p95_ms      p95_ms  evictions",
        f"  {ids[0]}  50.0 %     0 %    120.5    12,000.5        137",
        f"  {ids[1]}  50.0 %     0 %  241.0 !  24,001.0 !      274 !",
        "",
        "  No room for cacheable_hit_ratio, traffic_hit_ratio, min_ttl_s: --json has all.",
    ]


def test_a_wide_terminal_shows_every_metric_by_run(store: Store, on_a_terminal: Shown) -> None:
    (run_id,) = long_runs(store, 1)
    assert on_a_terminal(140)[-3:] == [
        "                             hit  cacheable    traffic  failed     hot      cold    min",
        (
            "  run                      ratio  hit_ratio  hit_ratio   ratio  p95_ms    p95_ms  ttl_s"
            "  evictions"
        ),
        f"  {run_id}  50.0 %     50.0 %     50.0 %     0 %   120.5  12,000.5    280        137",
    ]


def test_of_more_runs_than_there_is_room_for_the_newest_have_a_bar(
    store: Store, on_a_terminal: Shown
) -> None:
    ids = runs(store, *[100.0] * 59, 200.0)
    lines = on_a_terminal(80, 60)
    assert f"  cold_p95_ms          …{'▅' * 27}█  100.0 ms  200.0 ms  x 2.00" in lines
    assert sum(each in line for line in lines for each in ids) == 60
