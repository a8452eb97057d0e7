"""What commands say on standard error, whatever became of who reads it."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable


class _Notes(logging.Handler):
    """Hands lines to a display, which knows where on the screen they can stand."""

    def __init__(self, note: Callable[[str], None]) -> None:
        super().__init__()
        self._note = note

    def emit(self, record: logging.LogRecord) -> None:
        self._note(self.format(record))


def log_to_stderr(*, verbose: bool, note: Callable[[str], None] | None = None) -> None:
    """Warnings, and with `verbose` each decision, as plain lines; through `note` where given."""
    logging.basicConfig(
        handlers=[_Notes(note) if note else logging.StreamHandler(sys.stderr)],
        level=logging.INFO if verbose else logging.WARNING,
        format="%(message)s",
    )
    # What Scrapy warns of is about pages; the report says it once, and better.
    logging.getLogger("scrapy").setLevel(logging.CRITICAL)


def say(line: str) -> None:
    """One line, named as ours; to nobody, if standard error is gone."""
    text = " ".join(line.split())
    try:
        print(f"warmer: {text}", file=sys.stderr, flush=True)  # noqa: T201 -- standard error, once
    except OSError:
        silence(sys.stderr)


def silence(stream: TextIO) -> None:
    """Send a stream nowhere whose reader has gone, so that nothing fails when it is flushed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
