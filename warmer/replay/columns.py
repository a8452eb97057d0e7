"""`${column}` in URLs, filled in from the rows of a CSV file, one row a request, in turn."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from warmer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MAX_BYTES = 64_000_000
# As it was written, and as it is once it has been made ready to be sent.
_PLACE = re.compile(r"\$(?:\{|%7[Bb])([^{}%/?&=]+)(?:\}|%7[Dd])")


class Columns:
    """Rows with names; `fill` takes the next row, and begins again after the last."""

    def __init__(self, place: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self._place = place
        self._names = {name.strip(): number for number, name in enumerate(names)}
        self._rows = rows
        self._next = 0

    def fill(self, url: str) -> str:
        """The URL with each `${column}` replaced; as it is, and no row taken, without any.

        Values are percent-encoded, slashes too, so that each stays what it stands for.
        Raises ConfigError for a column that is not there.
        """
        if "$" not in url or not _PLACE.search(url):
            return url
        row = self._rows[self._next % len(self._rows)]
        self._next += 1
        return _PLACE.sub(lambda match: quote(row[self._column(match[1])], safe=""), url)

    def _column(self, name: str) -> int:
        if name not in self._names:
            known = ", ".join(self._names)
            raise ConfigError(f'{self._place}: no column "{name}"; expected one of {known}')
        return self._names[name]


def check_filled(url: str) -> None:
    """Raises ConfigError for a `${column}`, where there is no file that could fill it."""
    if "$" in url and (place := _PLACE.search(url)):
        raise ConfigError(
            f"{unquote(url)}: a place for a column; expected --data FILE.csv with a column"
            f' "{unquote(place[1])}" to fill it'
        )


def read_columns(path: Path) -> Columns:
    """The rows of a CSV file with a header; raises ConfigError if there are none."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"{path}: over {MAX_BYTES // 1_000_000} MB; expected a smaller file")
        with path.open(encoding="utf-8-sig", newline="") as file:
            names, *rows = [row for row in csv.reader(file) if any(row)] or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"{path}: {reason}; expected a CSV file with a header") from None
    if not rows:
        raise ConfigError(f"{path}: no rows; expected a CSV file with a header and values")
    for number, row in enumerate(rows, 2):
        if len(row) != len(names):
            raise ConfigError(
                f"{path}: row {number} has {len(row)} cells; expected {len(names)}, as the header"
            )
    return Columns(str(path), names, rows)
