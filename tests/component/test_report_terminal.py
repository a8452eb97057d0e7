"""The summary, the lists and the progress display on a real pseudo-terminal."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import struct
import termios
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from tests.unit.report.runs import SITE, STARTED, finish, new_run, page, shop
from warmer.model import Judgement, RunKind, RunStatus, Target, Trigger, Verdict
from warmer.report.listings import print_plan, print_runs
from warmer.report.progress import LineProgress, LiveProgress, SilentProgress, choose
from warmer.report.screen import print_summary
from warmer.report.snapshot import Snapshot
from warmer.report.summary import summarise
from warmer.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO

HALF = Snapshot(
    done=250, total=500, in_flight=8, limit=16, hits=40, misses=205, failed=5,
    rate_per_s=41.25, slowest_ms=1234.0, slowest_url=SITE + "/slow",
)  # fmt: skip


class Terminal:
    """A pseudo-terminal: what is written to `stream` is read from its other end."""

    def __init__(self, columns: int) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.stream: TextIO = os.fdopen(slave, "w", encoding="utf-8")

    def shown(self) -> str:
        """All that was written; the terminal is closed by that."""
        self.stream.flush()
        os.set_blocking(self._master, False)
        parts = []
        with contextlib.suppress(BlockingIOError, OSError):
            while part := os.read(self._master, 65_536):
                parts.append(part)
        return b"".join(parts).decode().replace("\r\n", "\n")

    def close(self) -> None:
        self.stream.close()
        os.close(self._master)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """80 columns, with colours."""
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "COLUMNS", "LINES", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    terminal = Terminal(80)
    yield terminal
    terminal.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "warmer.db")
    yield store
    store.close()


def test_the_summary_is_coloured_on_a_terminal(store: Store, terminal: Terminal) -> None:
    print_summary(summarise(store, shop(store)), terminal.stream)
    shown = terminal.shown()
    assert shown.startswith("\x1b[1;33m2 of 5 targets are warm (40.0 %).\x1b[0m\n")
    assert "\x1b[1;31mFAIL" in shown


def test_no_color_leaves_no_escape_code_on_a_terminal(
    store: Store, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    print_summary(summarise(store, shop(store)), terminal.stream)
    print_runs(store.runs(10), terminal.stream)
    shown = terminal.shown()
    assert shown.startswith("2 of 5 targets are warm (40.0 %).\n")
    assert "\x1b" not in shown


def test_why_a_run_ended_early_is_read_below_the_list_on_a_narrow_terminal(
    store: Store, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    run_id = new_run(store, [page(1, "/")])
    why = "the origin cannot be reached: connect: Could not connect to server at 10.0.0.5"
    finish(store, run_id, status=RunStatus.ABORTED, note=why)
    print_runs(store.runs(10), terminal.stream)
    assert terminal.shown().splitlines()[2:] == [
        "",
        f"  {run_id}: the origin cannot be reached: connect: Could not",
        "  connect to server at 10.0.0.5",
    ]


def test_forced_colours_leave_no_escape_code_in_a_file(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with (tmp_path / "out.txt").open("w") as file:
        print_summary(summarise(store, shop(store)), file)
        print_runs(store.runs(10), file)
    assert "\x1b" not in (tmp_path / "out.txt").read_text()


def test_nothing_is_wider_than_the_terminal(
    store: Store, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    long = [Target(rank, f"{SITE}/{'日本/' * 100}{rank}", "v" * 40, 0.1) for rank in (1, 2)]
    run_id = new_run(store, long)
    finish(store, run_id, warnings=["x" * 300])
    print_summary(summarise(store, run_id), terminal.stream)
    print_plan(long, terminal.stream, total_weight=1.0, observed_traffic=None)
    lines = terminal.shown().splitlines()
    assert [line for line in lines if cell_len(line) > 80] == []
    assert len([line for line in lines if line.endswith("日本/2")]) == 1


def test_what_servers_say_cannot_move_the_cursor_or_style_the_text(
    store: Store, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    run_id = new_run(store, [page(1, "/\x1b[2J[red]")], skipped={"odd\x1b[0m": 1})
    hostile = Judgement(Verdict.FAILED, "status\x07", "\x1b]0;owned\x07[bold]:smile:")
    store.add_verdicts(run_id, [(1, hostile)])
    store.set_cache_results(
        run_id, [{"node": "a\x1b[1m:1", "kind": "redis", "trusted": False, "note": "\x9b31m"}]
    )
    finish(store, run_id, warnings=["\x1b[5mblink [blink]"])
    print_summary(summarise(store, run_id), terminal.stream)
    shown = terminal.shown()
    assert not set("\x1b\x07\x9b") & set(shown)
    assert SITE + "/\\x1b[2J[red]\n" in shown
    assert "    \\x1b]0;owned\\x07[bold]:smile:\n" in shown
    assert "WARNING: \\x1b[5mblink [blink]\n" in shown


def test_a_terminal_that_does_not_know_its_size_is_taken_for_80_columns(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("COLUMNS", raising=False)
    unsized = Terminal(0)
    run_id = new_run(store, [page(1, "/" + "a" * 200)])
    print_summary(summarise(store, run_id), unsized.stream)
    assert max(len(line) for line in unsized.shown().splitlines()) == 80
    unsized.close()


def test_the_plan_is_aligned_on_a_terminal(terminal: Terminal) -> None:
    plan = [page(1, "/", weight=0.75, traffic=0.75), page(2, "/a", weight=0.125)]
    print_plan(plan, terminal.stream, total_weight=1.0, observed_traffic=1.0)
    assert terminal.shown() == (
        "      1   75.0 %  default         https://www.example.com/\n"
        "      2   12.5 %  default         https://www.example.com/a\n"
        "# 2 targets; 75.0 % of the observed traffic\n"
    )


def test_the_progress_changes_in_place_on_a_terminal_and_leaves_nothing(
    terminal: Terminal,
) -> None:
    now = [100.0]
    progress = LiveProgress(terminal.stream, clock=lambda: now[0])
    progress.start(500, "warm")
    now[0] = 110.0
    progress.update(HALF)
    progress.note("slowing down: 503 from the origin\x1b[2J")
    progress.stop()
    shown = terminal.shown()
    assert "250 of 500 (50.0 %), 10.0 s left" in shown
    assert "41.2/s, 8 of 16 in flight, 40 hit, 205 miss, 5 failed" in shown
    assert f"slowest 1,234 ms {SITE}/slow" in shown
    assert "slowing down: 503 from the origin\\x1b[2J\n" in shown
    assert shown.endswith("\x1b[?25h\r\x1b[1A\x1b[2K\x1b[1A\x1b[2K\x1b[1A\x1b[2K")


def test_the_live_display_fits_80_columns_at_a_million_targets(
    terminal: Terminal,
) -> None:
    progress = LiveProgress(terminal.stream, clock=iter([0.0, 740.0]).__next__)
    progress.start(1_000_000, "warm")
    progress.update(
        Snapshot(
            done=500_000,
            total=1_000_000,
            in_flight=16,
            limit=16,
            hits=123_456,
            misses=376_000,
            failed=544,
            rate_per_s=5123.4,
            slowest_ms=30_000.0,
            slowest_url=SITE + "/a" * 200,
        )
    )
    shown = terminal.shown()
    progress.stop()
    assert "500,000 of 1,000,000 (50.0 %), 12 min 20 s left" in shown
    assert "5,123.4/s, 16 of 16 in flight, 123,456 hit, 376,000 miss, 544 failed" in shown
    assert "…" in shown


def test_a_terminal_gets_the_live_display(terminal: Terminal) -> None:
    assert isinstance(choose(terminal.stream, quiet=False), LiveProgress)


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_without_colour_gets_plain_lines(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert isinstance(choose(terminal.stream, quiet=False), LineProgress)


def test_quiet_is_quiet_on_a_terminal(terminal: Terminal) -> None:
    progress = choose(terminal.stream, quiet=True)
    assert isinstance(progress, SilentProgress)
    progress.start(500, "warm")
    progress.update(HALF)
    progress.note("nothing")
    progress.stop()
    assert terminal.shown() == ""


def test_a_run_list_is_aligned_on_a_terminal(
    store: Store, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    run_id = shop(store)
    print_runs(store.runs(10), terminal.stream)
    assert terminal.shown().splitlines() == [
        "run                     site  kind   trigger  status     took",
        f"{run_id}  shop  crawl  manual   finished  1.9 s",
    ]


def test_run_ids_are_whole_in_a_list_of_long_words_on_80_columns(
    store: Store, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    run = store.create_run(
        site="a-site-with-a-long-name", trigger=Trigger.INVALIDATION, base_url=SITE, config="{}",
        now=STARTED, kind=RunKind.REPLAY,
    )  # fmt: skip
    finish(store, run.id, status=RunStatus.INTERRUPTED, duration_s=4327.0)
    print_runs(store.runs(10), terminal.stream)
    assert terminal.shown().splitlines() == [
        "run                     site       kind    trigger       status             took",
        f"{run.id}  a-si…name  replay  invalidation  interrupted  1 h 12 min",
    ]


def test_an_empty_run_list_says_what_makes_one(terminal: Terminal) -> None:
    print_runs([], terminal.stream)
    assert terminal.shown() == "No run yet; `warmer crawl` makes one.\n"
