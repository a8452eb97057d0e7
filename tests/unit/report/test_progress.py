from __future__ import annotations

import dataclasses
import io

from hypothesis import given
from hypothesis import strategies as st

from warmer.report.progress import LineProgress, choose, eta_s
from warmer.report.snapshot import Snapshot


def at(done: int, total: int = 1000, url: str = "") -> Snapshot:
    return Snapshot(
        done=done, total=total, in_flight=8, limit=16, hits=1, misses=2, failed=3,
        rate_per_s=40.0, slowest_ms=1234.0, slowest_url=url,
    )  # fmt: skip


class Watched:
    """Lines of a LineProgress whose clock is set by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._stream = io.StringIO()
        self.progress = LineProgress(self._stream, clock=lambda: self.now_s)

    def update(self, now_s: float, snapshot: Snapshot) -> None:
        self.now_s = now_s
        self.progress.update(snapshot)

    def lines(self) -> list[str]:
        return self._stream.getvalue().splitlines()


def test_a_line_says_all_that_is_known() -> None:
    watched = Watched()
    watched.progress.start(1000, "warm")
    watched.update(10.0, at(250, url="https://www.example.com/slow\x1b"))
    assert watched.lines() == [
        "warm: 1,000 to do",
        (
            "warm: 250 of 1,000 (25.0 %), 30.0 s left, 40.0/s, 8 of 16 in flight,"
            " 1 hit, 2 miss, 3 failed, slowest 1,234 ms https://www.example.com/slow\\x1b"
        ),
    ]


def test_a_slow_run_gets_a_line_every_ten_seconds() -> None:
    watched = Watched()
    watched.progress.start(1000, "warm")
    for now_s in range(1, 31):
        watched.update(now_s, at(now_s))
    assert [line[:10] for line in watched.lines()[1:]] == ["warm: 10 o", "warm: 20 o", "warm: 30 o"]


def test_a_fast_run_gets_a_line_every_tenth() -> None:
    watched = Watched()
    watched.progress.start(1000, "warm")
    for second in range(1, 10):
        watched.update(second, at(second * 50))
    assert [line.split()[1] for line in watched.lines()[1:]] == ["100", "200", "300", "400"]


def test_a_run_of_less_than_a_second_gets_its_last_line_only() -> None:
    watched = Watched()
    watched.progress.start(1000, "warm")
    for tenth in range(1, 11):
        watched.update(tenth / 20, at(tenth * 100))
    watched.progress.stop()
    assert [line.split(",")[0] for line in watched.lines()] == ["warm: 1", "warm: 1"]
    assert watched.lines()[1].startswith("warm: 1,000 of 1,000 (100 %), 40.0/s")


def test_the_last_line_is_not_said_twice() -> None:
    watched = Watched()
    watched.progress.start(1000, "warm")
    watched.update(20.0, at(1000))
    watched.progress.stop()
    watched.progress.stop()
    assert len(watched.lines()) == 2


def test_a_second_pass_begins_anew() -> None:
    watched = Watched()
    watched.progress.start(1000, "warm")
    watched.update(20.0, at(1000))
    watched.progress.start(100, "probe")
    watched.update(21.0, at(10, total=100))
    assert [line.split(" of ")[0] for line in watched.lines()] == [
        "warm: 1,000 to do", "warm: 1,000", "probe: 100 to do", "probe: 10",
    ]  # fmt: skip


def test_a_note_is_one_line_whatever_is_in_it() -> None:
    watched = Watched()
    watched.progress.note("503 from\nthe origin")
    assert watched.lines() == ["503 from\\x0athe origin"]


def test_nothing_to_do_is_no_error() -> None:
    watched = Watched()
    watched.progress.start(0, "warm")
    watched.update(20.0, at(0, total=0))
    assert watched.lines()[1].startswith("warm: 0, 40.0/s")


def test_a_rate_that_is_not_known_is_not_said() -> None:
    watched = Watched()
    watched.progress.start(1000, "warm")
    watched.update(20.0, dataclasses.replace(at(1000), rate_per_s=0.0))
    assert watched.lines()[1] == (
        "warm: 1,000 of 1,000 (100 %), 8 of 16 in flight, 1 hit, 2 miss, 3 failed"
    )


def test_a_file_gets_plain_lines() -> None:
    assert isinstance(choose(io.StringIO(), quiet=False), LineProgress)


def test_the_time_left_is_that_of_the_average_pace() -> None:
    assert eta_s(250, 1000, 10.0) == 30.0
    assert eta_s(1000, 1000, 10.0) == 0.0
    assert eta_s(0, 1000, 10.0) is None
    assert eta_s(5, 1000, 0.0) is None


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.floats(0, 1e6))
def test_the_time_left_is_never_negative(done: int, total: int, elapsed_s: float) -> None:
    left_s = eta_s(done, total, elapsed_s)
    assert left_s is None or left_s >= 0
