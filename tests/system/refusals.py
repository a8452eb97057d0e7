"""What a command that was refused has done and left: one line, no page fetched, no run."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.rogue import Rogue
    from tests.system.command import Result

SITE = "http://www.example.test"


def address(rogue: Rogue) -> tuple[str, ...]:
    return ("--base-url", SITE, "--connect-to", f"127.0.0.1:{rogue.port}")


def one_line(result: Result) -> str:
    """The line of a refusal; a command that was refused has done and left nothing."""
    assert (result.code, result.stdout) == (2, ""), result.stderr
    line, rest = result.stderr.split("\n", 1)
    assert rest == ""
    assert line.startswith("warmer: ")
    return line.removeprefix("warmer: ")


def statuses(directory: Path) -> list[str]:
    """How the runs in the store of a directory ended; none where there is no store."""
    path = directory / "warmer.db"
    if not path.exists():
        return []
    with contextlib.closing(sqlite3.connect(path)) as store:
        return [status for (status,) in store.execute("SELECT status FROM runs")]
