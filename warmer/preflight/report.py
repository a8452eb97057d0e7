"""The checklist's report files: the format by suffix, written whole or not at all."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from warmer.errors import ConfigError
from warmer.preflight.render import json_text, junit_text
from warmer.report.write import check_writable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from warmer.preflight.result import Result

SUFFIXES = (".json", ".xml")


def check_report_file(path: Path) -> None:
    """Raise ConfigError, before anything is asked, where a report could not be written."""
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(
            f'{path}: no format of preflight has the suffix "{path.suffix}"; expected .json or .xml'
        )
    check_writable(path)


def write_report(path: Path, base_url: str, results: Sequence[Result], now: datetime) -> None:
    """Write one file, whole or not at all; the format by its suffix."""
    as_json = path.suffix.lower() == ".json"
    text = json_text(base_url, results, now) if as_json else junit_text(results, now)
    goal = path.resolve()
    draft = goal.with_name(f".{goal.name}.{secrets.token_hex(4)}")
    try:
        try:
            draft.write_text(text, encoding="utf-8")
            draft.replace(goal)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise ConfigError(f"{path}: the report cannot be written: {why}") from error
