"""Lines for people: with the time, unless they go to a journal that has its own."""

from __future__ import annotations

import logging
import os
import re
from typing import TYPE_CHECKING

import pytest

from warmer.daemon.logs import plain_formatter

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORD = logging.LogRecord("warmer.daemon.app", logging.INFO, "", 0, "ready: %s", ("shop",), None)


@pytest.fixture
def descriptor() -> Iterator[int]:
    reading, writing = os.pipe()
    yield writing
    os.close(reading)
    os.close(writing)


def journal_of(descriptor: int) -> str:
    """As systemd names the stream that it reads."""
    status = os.fstat(descriptor)
    return f"{status.st_dev}:{status.st_ino}"


def test_a_line_begins_with_the_local_time_and_its_offset(descriptor: int) -> None:
    line = plain_formatter(None, descriptor).format(RECORD)
    pattern = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4} INFO ready: shop"
    assert re.fullmatch(pattern, line)


def test_a_line_for_the_journal_does_not(descriptor: int) -> None:
    line = plain_formatter(journal_of(descriptor), descriptor).format(RECORD)
    assert line == "INFO ready: shop"


def test_a_line_that_goes_elsewhere_than_to_the_journal_does(descriptor: int) -> None:
    line = plain_formatter("8:12345", descriptor).format(RECORD)
    assert line.endswith("INFO ready: shop")
    assert line != "INFO ready: shop"
