"""SIGINT and SIGTERM: in a run the first drains, the second ends the process at once.

Before and after a run, the first one does. Ending at once loses nothing that was
written: the store survives kill -9.
"""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, NoReturn, Protocol, Self

from warmer.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

EXIT_CODES = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}


class Stop(Protocol):
    """What ends a run early: `event` is set, and `exit_code` says what for."""

    event: asyncio.Event
    exit_code: ExitCode | None


def end_on_signals() -> None:
    """From now on, the first signal ends the process: there is nothing to drain."""
    for number in EXIT_CODES:
        signal.signal(number, _end)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    # Not by an exception, which Scrapy, or a callback of libcurl, would swallow.
    os.write(2, b"warmer: interrupted\n")
    os._exit(EXIT_CODES[signal.Signals(number)])


class StopSignals:
    """While entered, `event` is set by the first signal and `exit_code` says which it was."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.event = asyncio.Event()
        self.exit_code: ExitCode | None = None
        self._say = say

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for number in EXIT_CODES:
            loop.add_signal_handler(number, self._on_signal, number)
        return self

    def __exit__(self, *_: object) -> None:
        loop = asyncio.get_running_loop()
        for number in EXIT_CODES:
            loop.remove_signal_handler(number)
        end_on_signals()

    def _on_signal(self, number: signal.Signals) -> None:
        if self.event.is_set():
            os._exit(EXIT_CODES[number])
        self.exit_code = EXIT_CODES[number]
        self._say("stopping: what is on the wire comes to its end; once more to stop at once")
        self.event.set()
