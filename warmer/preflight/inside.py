"""What `manage.py warmer_preflight --json` told, read from a file. Runs nothing, believes little.

The file may come from another machine: it is data, bounded in size and checked by type,
and says something only if it is of this site and of today.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from msgspec import DecodeError, Meta, Struct, json

from warmer.errors import ConfigError
from warmer.preflight.render import SCHEMA
from warmer.preflight.result import INSIDE, INSIDE_REPORT, Grade, Result, unknown_check

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_BYTES = 4_194_304
OLDEST = timedelta(days=1)
_AHEAD = timedelta(minutes=5)
_COMMAND = "manage.py warmer_preflight --json"


class _Check(Struct, frozen=True):
    check: str
    grade: Grade
    where: str
    reason: str
    cure: str | None = None


class _Document(Struct, frozen=True):
    schema: str
    at: Annotated[datetime, Meta(tz=True)]
    checks: tuple[_Check, ...]
    base_url: str = ""


def inside(path: Path, base_url: str, now: datetime) -> list[Result]:
    """Its checks, after one about the file itself; `-` is standard input.

    Raises ConfigError where it is no such report.
    """
    place = "standard input" if str(path) == "-" else str(path)
    document = _decoded(place, _content(path, place))
    for number, each in enumerate(document.checks):
        if each.check not in INSIDE:
            raise ConfigError(
                f"{place}: checks[{number}]: {each.check}: {unknown_check(each.check, INSIDE)}."
                " Have the same version of warmer at both ends"
            )
    told = [
        Result(each.check, each.grade, each.where, each.reason, each.cure or "")
        for each in document.checks
    ]
    return [_of_the_file(place, document, base_url, now), *told]


def _content(path: Path, place: str) -> bytes:
    try:
        if str(path) == "-":
            content = sys.stdin.buffer.read(LARGEST_BYTES + 1)
        else:
            with path.open("rb") as file:
                content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"{place}: {error.strerror}; expected the output of {_COMMAND}"
        ) from error
    if len(content) > LARGEST_BYTES:
        raise ConfigError(
            f"{place}: above {LARGEST_BYTES:,} bytes; expected a report of some 10 kB"
        )
    return content


def _decoded(place: str, content: bytes) -> _Document:
    if not content.strip():
        raise ConfigError(f"{place}: empty; expected the output of {_COMMAND}. Did it fail?")
    try:
        document = json.decode(content, type=_Document)
    except (DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{place}: {error}; expected the output of {_COMMAND}") from error
    if document.schema != SCHEMA:
        raise ConfigError(f'{place}: schema "{document.schema}"; expected "{SCHEMA}"')
    return document


def _of_the_file(place: str, document: _Document, base_url: str, now: datetime) -> Result:
    age = now - document.at
    made = f"{len(document.checks)} results of {document.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    host, own = urlsplit(document.base_url).hostname, urlsplit(base_url).hostname
    if host and own and host != own:
        reason = f"is about {host}; expected {own}"
        return Result(INSIDE_REPORT, Grade.FAIL, place, reason, f"run {_COMMAND} at {own}")
    if not document.checks:
        reason = "holds no check"
        return Result(INSIDE_REPORT, Grade.FAIL, place, reason, f"run {_COMMAND} again")
    if age > OLDEST:
        reason = f"{made}, {age.total_seconds() / 86_400:.1f} days old; expected one of today"
        return Result(INSIDE_REPORT, Grade.FAIL, place, reason, f"run {_COMMAND} again")
    if age < -_AHEAD:
        reason = f"{made}, which is still to come"
        return Result(INSIDE_REPORT, Grade.WARN, place, reason, "let NTP set both clocks")
    return Result(INSIDE_REPORT, Grade.OK, place, made)
