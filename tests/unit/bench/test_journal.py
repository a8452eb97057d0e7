"""What a site's journal says of a trial: the arithmetic behind the table of live sites."""

from __future__ import annotations

import math

from bench.journal import (
    Span,
    in_flight_over_time,
    late_rate,
    latencies_within,
    percentile,
    read_journal,
    read_visits,
    rendered_pages,
    span_of_warming,
)

JOURNAL = """\
9.000000 9.001000 200 0 1 /
10.000000 10.100000 200 1 0 /a/1/
10.000000 10.300000 200 1 0 /a/2/?page=two words
10.050000 10.060000 200 0 0 /
10.400000 10.500000 200 1 0 /a/3/
10.450000 10.700000 503 1 0 /a/4/
10.800000 10.900000 200 0 0 /a/1/
11.000000 11.002000 200 0 1 /
"""


def test_a_path_with_spaces_is_read_whole() -> None:
    assert read_journal(JOURNAL)[2].path == "/a/2/?page=two words"


def test_warming_begins_with_the_clients_first_request_and_ends_with_its_last_good_render() -> None:
    span = span_of_warming(read_journal(JOURNAL))
    assert span == Span(10.0, 10.5)
    assert span.seconds == 0.5


def test_visitors_alone_warm_nothing() -> None:
    assert span_of_warming(read_journal("9.0 9.1 200 1 1 /\n")) is None


def test_a_page_counts_once_however_often_it_was_rendered() -> None:
    again = "10.6 10.7 200 1 0 /a/3/\n"
    assert rendered_pages(read_journal(JOURNAL + again)) == 4


def test_visits_count_by_when_they_were_due_and_without_an_answer_for_ever() -> None:
    visits = read_visits(
        "9.9 1.5 200\n10.0 2.5 200\n10.5 900.0 200\n10.4 30000.0 0\n10.6 1.0 200\n"
    )
    assert latencies_within(visits, Span(10.0, 10.5)) == [2.5, 900.0, math.inf]


def test_the_95th_percentile_of_twenty_is_the_second_largest() -> None:
    assert percentile([float(value) for value in range(20, 0, -1)], 0.95) == 19.0
    assert percentile([7.0], 0.95) == 7.0


def test_requests_in_hand_are_averaged_over_each_step() -> None:
    steps = in_flight_over_time(read_journal(JOURNAL), Span(10.0, 10.5), 0.25)
    assert [round(step, 3) for step in steps] == [1.44, 0.8]


def test_the_late_rate_leaves_out_the_first_pages() -> None:
    lines = [f"0.0 {end} 200 1 0 /a/{end}/\n" for end in (1, 2, 3, 4, 4.5, 5, 5.5, 6)]
    assert late_rate(read_journal("".join(lines)), 0.25) == 5 / 3
