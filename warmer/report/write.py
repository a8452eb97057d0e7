"""Report files: the format by suffix, written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from typing import TYPE_CHECKING

from warmer.errors import ConfigError
from warmer.model import RunStatus
from warmer.report.aggregate import aggregate, aggregate_csv
from warmer.report.html import html_parts
from warmer.report.json_report import json_report
from warmer.report.jsonl import jsonl_lines
from warmer.report.jtl import jtl_lines
from warmer.report.junit import junit_parts
from warmer.report.labels import DEFAULT, Labels

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from warmer.report.summary import Report
    from warmer.store import Store

SUFFIXES = (".json", ".jsonl", ".html", ".xml", ".jtl", ".csv")


def check_writable(path: Path) -> None:
    """Raise ConfigError, before a run starts, where its report could not be written."""
    _check_suffix(path)
    with _draft(path) as draft:
        draft.touch(exist_ok=False)


def write(report: Report, store: Store, path: Path, *, label_by: str = DEFAULT) -> None:
    """Write the report in the format of the suffix; what stood there before is replaced.

    `label_by` groups requests, in formats that have labels, as Labels takes it. Raises ConfigError for an unknown suffix, a file that cannot be written, and
    a run that is still running: a report is about something that has ended.
    """
    _check_suffix(path)
    if report.run.status is RunStatus.RUNNING:
        raise ConfigError(
            f"{path}: run {report.run.id} is still running; expected one that has ended."
            f" Wait for it, or look at it with `warmer report {report.run.id}`"
        )
    with _draft(path) as draft:
        with draft.open("xb") as file:
            for part in _parts(report, store, path.suffix.lower(), label_by):
                file.write(part)
        draft.replace(path.resolve())


def _parts(report: Report, store: Store, suffix: str, label_by: str) -> Iterator[bytes]:
    run = report.run
    if suffix == ".json":
        yield json_report(report)
    elif suffix == ".jsonl":
        yield from jsonl_lines(store.results(run.id))
    elif suffix == ".xml":
        yield from (part.encode() for part in junit_parts(report, store.results(run.id)))
    else:
        labels = Labels(label_by, run.kind)
        yield from (line.encode() for line in _labelled(report, store, suffix, labels))


def _labelled(report: Report, store: Store, suffix: str, labels: Labels) -> Iterator[str]:
    samples = store.samples(report.run.id)
    if suffix == ".jtl":
        return jtl_lines(samples, labels)
    rows = aggregate(samples, labels)
    return html_parts(report, rows) if suffix == ".html" else aggregate_csv(rows)


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(
            f'{path}: no report format has the suffix "{path.suffix}";'
            f" expected {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        )


@contextlib.contextmanager
def _draft(target: Path) -> Iterator[Path]:
    """A name beside the target, for a file that may take its place; gone in the end."""
    resolved = target.resolve()
    draft = resolved.with_name(f".{resolved.name}.{secrets.token_hex(4)}")
    try:
        if resolved.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        try:
            yield draft
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{target}: the report cannot be written: {error.strerror};"
            " expected a file in a directory that exists and can be written to"
        ) from error
