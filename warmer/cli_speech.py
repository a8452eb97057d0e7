"""What commands say on standard error, whatever became of who reads it."""

from __future__ import annotations

import logging
import os
import sys
from typing import TextIO


def log_to_stderr(*, verbose: bool) -> None:
    """Warnings, and with `verbose` each decision, as plain lines."""
    logging.basicConfig(
        stream=sys.stderr,
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
