"""A run while it goes on: waiting for what it does, and what it has kept until then."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def until(true: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait; fail if the run ends before."""
    while not true():
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.01)
            pytest.fail(f"the run ended: {process.communicate()[1]}")


def kept(directory: Path, table: str = "outcomes") -> int:
    """How many rows the store has, as another process sees it."""
    with contextlib.closing(sqlite3.connect(directory / "warmer.db", timeout=10)) as store:
        (found,) = store.execute(f"SELECT count(*) FROM {table}").fetchone()
        return int(found)
