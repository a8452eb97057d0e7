from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from warmer.report.terminal import cut, put
from warmer.report.visible import visible
from warmer.report.wording import counted, duration, percent


def test_an_escape_sequence_in_a_url_is_shown_not_obeyed() -> None:
    assert visible("/a\x1b[2Jb\x9b1m\u202e\udc80") == "/a\\x1b[2Jb\\x9b1m\\u202e\\udc80"


def test_letters_of_any_script_are_left_alone() -> None:
    assert visible("/träume/日本") == "/träume/日本"


def test_a_long_url_is_cut_in_the_middle() -> None:
    assert cut("https://www.example.com/a/very/long/path/index.html", 21) == "https://ww…index.html"


def test_a_url_that_fits_is_not_cut() -> None:
    assert cut("https://a.example/", 18) == "https://a.example/"


@given(st.text(), st.integers(1, 60))
def test_a_cut_text_never_takes_more_columns_than_it_may(text: str, width: int) -> None:
    short = cut(text, width)
    assert short.isprintable()
    assert cell_len(short) <= width


def test_what_the_stream_cannot_encode_is_escaped() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    put(stream, "cut…here")
    stream.flush()
    assert raw.getvalue() == b"cut\\u2026here"


def test_a_percentage_is_rounded_down_so_that_100_means_all() -> None:
    shown = [percent(ratio) for ratio in (0.0, 0.0001, 0.29, 0.994, 0.99999, 1.0)]
    assert shown == ["0 %", "<0.1 %", "29.0 %", "99.4 %", "99.9 %", "100 %"]


def test_durations_are_read_in_the_units_of_people() -> None:
    shown = [duration(seconds) for seconds in (1.96, 59.99, 200, 7500.5)]
    assert shown == ["1.9 s", "59.9 s", "3 min 20 s", "2 h 05 min"]


def test_one_thing_is_singular() -> None:
    assert [counted(number, "target") for number in (0, 1, 2000)] == [
        "0 targets", "1 target", "2,000 targets",
    ]  # fmt: skip
