"""How far a run has come, on standard error, while it runs.

On a terminal three lines that change in place; elsewhere a plain line now and then;
with -q nothing. Draws only when it is told something: no thread, no timer.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from warmer.report.terminal import cut, put, takes_escape_codes
from warmer.report.visible import visible
from warmer.report.wording import duration, percent

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from warmer.report.snapshot import Progress, Snapshot

_EVERY_S = 10.0
_AT_LEAST_S = 1.0
_URL_WIDTH = 100
_BAR_WIDTH = 20


def choose(stream: TextIO, *, quiet: bool) -> Progress:
    """The display that fits the stream: silent with -q, live where escape codes may go."""
    if quiet:
        return SilentProgress()
    if takes_escape_codes(stream) and (stream.encoding or "").lower().startswith("utf"):
        return LiveProgress(stream)
    return LineProgress(stream)


def eta_s(done: int, total: int, elapsed_s: float) -> float | None:
    """Seconds to go at the average pace so far; None while nothing is done."""
    if done <= 0 or elapsed_s <= 0:
        return None
    return max(0, total - done) * elapsed_s / done


class UnbreakableProgress:
    """A display whose stream may go away (`… 2>&1 | head`); the run goes on without it."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown

    def start(self, total: int, what: str) -> None:
        self._try(lambda: self._shown.start(total, what))

    def update(self, snapshot: Snapshot) -> None:
        self._try(lambda: self._shown.update(snapshot))

    def note(self, line: str) -> None:
        self._try(lambda: self._shown.note(line))

    def stop(self) -> None:
        self._try(self._shown.stop)

    def _try(self, show: Callable[[], None]) -> None:
        try:
            show()
        except OSError:
            self._shown = SilentProgress()


class SilentProgress:
    """Says nothing."""

    def start(self, total: int, what: str) -> None:
        pass

    def update(self, snapshot: Snapshot) -> None:
        pass

    def note(self, line: str) -> None:
        pass

    def stop(self) -> None:
        pass


class LineProgress:
    """A plain line every 10 seconds or 10 %, but not twice in a second, and one at the end."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._what: str | None = None
        self._started_at = 0.0
        self._said_at = 0.0
        self._said: Snapshot | None = None
        self._latest: Snapshot | None = None

    def start(self, total: int, what: str) -> None:
        self.stop()
        self._what = what
        self._started_at = self._said_at = self._clock()
        self.note(_to_do(total, what))

    def update(self, snapshot: Snapshot) -> None:
        self._latest = snapshot
        silent_s = self._clock() - self._said_at
        said = 0 if self._said is None else self._said.done
        tenth_done = (snapshot.done - said) * 10 >= snapshot.total > 0
        if silent_s >= _EVERY_S or (tenth_done and silent_s >= _AT_LEAST_S):
            self._say(snapshot)

    def note(self, line: str) -> None:
        # A reader that has gone must not end the run.
        with contextlib.suppress(BrokenPipeError):
            put(self._stream, visible(line) + "\n")
            self._stream.flush()

    def stop(self) -> None:
        if self._latest is not None and self._latest is not self._said:
            self._say(self._latest)
        self._what = self._said = self._latest = None

    def _say(self, snapshot: Snapshot) -> None:
        now = self._clock()
        self._said, self._said_at = snapshot, now
        facts = (
            *_how_far(snapshot, now - self._started_at),
            _how_fast(snapshot),
            *_slowest(snapshot, _URL_WIDTH),
        )
        self.note(f"{self._what}: {', '.join(facts)}")


class LiveProgress:
    """Three lines at the bottom of the terminal that change in place."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = Console(
            file=stream, force_terminal=True, markup=False, highlight=False, emoji=False
        )
        self._clock = clock
        self._live: Live | None = None
        self._what = ""
        self._started_at = 0.0

    def start(self, total: int, what: str) -> None:
        self.stop()
        self._what = what
        self._started_at = self._clock()
        # Standard output may be a file: rich must not catch what goes there.
        self._live = Live(
            Text(_to_do(total, what)),
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start(refresh=True)

    def update(self, snapshot: Snapshot) -> None:
        if self._live is not None:
            self._live.update(self._picture(snapshot), refresh=True)

    def note(self, line: str) -> None:
        self._console.print(Text(visible(line)))

    def stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _picture(self, snapshot: Snapshot) -> Group:
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            self._what,
            ProgressBar(max(1, snapshot.total), snapshot.done, width=_BAR_WIDTH),
            ", ".join(_how_far(snapshot, self._clock() - self._started_at)),
        )
        slowest = _slowest(snapshot, max(10, self._console.width - 24))
        lines = [
            Text(line, no_wrap=True, overflow="ellipsis")
            for line in (_how_fast(snapshot), *slowest)
        ]
        return Group(bar, *lines)


def _to_do(total: int, what: str) -> str:
    return f"{what}: {total:,} to do" if total else f"{what}: begins"


def _how_far(snapshot: Snapshot, elapsed_s: float) -> list[str]:
    share = f" ({percent(snapshot.done / snapshot.total)})" if snapshot.total else ""
    far = [
        f"{snapshot.done:,} of {snapshot.total:,}{share}"
        if snapshot.total
        else f"{snapshot.done:,}"
    ]
    left_s = eta_s(snapshot.done, snapshot.total, elapsed_s)
    if left_s:
        far.append(f"{duration(left_s)} left")
    return far


def _how_fast(snapshot: Snapshot) -> str:
    rate = f"{snapshot.rate_per_s:,.1f}/s, " if snapshot.rate_per_s > 0 else ""
    return (
        f"{rate}{snapshot.in_flight} of {snapshot.limit} in flight,"
        f" {snapshot.hits:,} hit, {snapshot.misses:,} miss, {snapshot.failed:,} failed"
    )


def _slowest(snapshot: Snapshot, width: int) -> list[str]:
    """One line, or none when nothing has been fetched."""
    if not snapshot.slowest_url:
        return []
    return [f"slowest {snapshot.slowest_ms:,.0f} ms {cut(snapshot.slowest_url, width)}"]
