from __future__ import annotations

import math
import tracemalloc
from array import array

from hypothesis import given
from hypothesis import strategies as st

from warmer.report.percentiles import percentiles


def test_percentiles_of_one_to_ten_are_values_that_were_measured() -> None:
    values = array("d", [10, 1, 9, 2, 8, 3, 7, 4, 6, 5])
    assert percentiles(values, (50, 90, 95, 99, 100)) == [5, 9, 10, 10, 10]


def test_one_value_is_every_percentile() -> None:
    assert percentiles(array("d", [4.5]), (50, 99)) == [4.5, 4.5]


def test_no_values_have_no_percentiles() -> None:
    assert percentiles(array("d"), (50, 99)) == [None, None]


def test_equal_values_do_not_confuse() -> None:
    assert percentiles(array("d", [2.0] * 5000 + [3.0]), (50, 99, 100)) == [2, 2, 3]


@given(
    st.lists(st.floats(0, 1e6), min_size=1).map(lambda few: few * (1 + 3000 // len(few))),
    st.integers(1, 100),
)
def test_percentiles_are_those_of_the_sorted_list(values: list[float], wanted: int) -> None:
    expected = sorted(values)[math.ceil(wanted * len(values) / 100) - 1]
    assert percentiles(array("d", values), (wanted,)) == [expected]


def test_an_order_that_repeats_itself_boxes_no_more_than_any_other() -> None:
    values = array("d", [float(number % 1000) for number in range(200_000)])
    tracemalloc.start()
    found = percentiles(values, (50, 99))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == [499, 989]
    assert peak < 1_000_000
