"""The requests of a run one by one: filtered, the slowest first if asked for, as table or JSON.

A target that was never fetched is one row without a request. Reads the store once; memory
holds no more rows than are shown.
"""

from __future__ import annotations

import heapq
import itertools
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from warmer.errors import ConfigError
from warmer.report.aligned import aligned, fitting, only, width_of
from warmer.report.row import elapsed_ms, judgement_of
from warmer.report.terminal import columns, cut, put
from warmer.report.visible import visible
from warmer.report.wording import milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TextIO

    from warmer.model import Outcome
    from warmer.store_results import TargetResult

_COLUMNS = (
    "rank", "pass", "status", "elapsed_ms", "first_byte_ms", "bytes", "cache", "verdict",
    "reason", "variant", "url",
)  # fmt: skip
_VARIANT_WIDTH = 14


class BrowsedRow(NamedTuple):
    """A request with its target; `outcome` is None where a target was not fetched."""

    result: TargetResult
    outcome: Outcome | None

    @property
    def elapsed_ms(self) -> float | None:
        return None if self.outcome is None else elapsed_ms(self.outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which rows to show; `url` is searched in the whole URL. All that is set must hold."""

    failed: bool = False
    url: str | None = None
    verdict: str | None = None
    variant: str | None = None
    slowest: int | None = None
    limit: int | None = None


def browse(results: Iterable[TargetResult], choice: Choice) -> Iterator[BrowsedRow]:
    """Rows in rank order, or the `slowest` of them, slowest first; raises ConfigError."""
    rows = _chosen(results, choice)
    if choice.slowest is not None:
        timed = ((row.elapsed_ms, row) for row in rows if row.elapsed_ms is not None)
        slowest = heapq.nlargest(choice.slowest, timed, key=lambda pair: pair[0])
        rows = (row for _, row in slowest)
    return itertools.islice(rows, choice.limit)


def _chosen(results: Iterable[TargetResult], choice: Choice) -> Iterator[BrowsedRow]:
    search = _expression(choice.url).search
    for result in results:
        if choice.variant not in (None, result.target.variant):
            continue
        if choice.verdict not in (None, judgement_of(result).verdict):
            continue
        if choice.url is not None and not search(result.target.url):
            continue
        fetched = [each for each in (result.warm, result.probe) if each is not None]
        outcomes: Sequence[Outcome | None] = fetched or [None]
        for outcome in outcomes:
            if not choice.failed or _has_failed(outcome):
                yield BrowsedRow(result, outcome)


def _has_failed(outcome: Outcome | None) -> bool:
    """No answer, or one with a status of 400 or above."""
    return outcome is not None and (outcome.status is None or outcome.status >= 400)


def _expression(url: str | None) -> re.Pattern[str]:
    try:
        return re.compile(url or "")
    except re.error as error:
        raise ConfigError(f'--url "{url}": not a regular expression: {error}') from None


def print_rows(rows: Iterable[BrowsedRow], stream: TextIO) -> None:
    """Aligned on a terminal, tab-separated under a header line elsewhere."""
    if not stream.isatty():
        put(stream, "\t".join(_COLUMNS) + "\n")
        for row in rows:
            put(stream, "\t".join(_tabbed(row)) + "\n")
        return
    shown = list(rows)
    if not shown:
        put(stream, "No request of this run is like that.\n")
        return
    table = [_HEAD, *(_cells(row) for row in shown)]
    # Where the URL would have no room, what of the rest tells least goes.
    room = columns(stream) - _URL_LEAST
    table = only(table, fitting(table, width=room, dispensable=_DISPENSABLE))
    width = max(_URL_LEAST, columns(stream) - width_of(table))
    urls = ["url", *(cut(row.result.target.url, width) for row in shown)]
    table = [[*cells, url] for cells, url in zip(table, urls, strict=True)]
    lines = aligned(table, numbers=[_HEAD.index("ms")])
    put(stream, "".join(f"{line}\n" for line in lines))


_HEAD = ["pass", "status", "ms", "cache", "verdict", "variant"]
_DISPENSABLE = (_HEAD.index("cache"), _HEAD.index("variant"))
_URL_LEAST = 32


def _cells(row: BrowsedRow) -> list[str]:
    """All but the URL, in the order of _HEAD."""
    outcome, judgement = row.outcome, judgement_of(row.result)
    verdict = visible(": ".join(part for part in (judgement.verdict, judgement.reason) if part))
    variant = cut(row.result.target.variant, _VARIANT_WIDTH)
    if outcome is None:
        return ["-", "-", "-", "-", verdict, variant]
    status = visible(outcome.error or "-") if outcome.status is None else str(outcome.status)
    return [outcome.fetch, status, milliseconds(row.elapsed_ms), outcome.state, verdict, variant]


def _tabbed(row: BrowsedRow) -> Iterator[str]:
    record = _record(row)
    record["status"] = record["status"] if record["error"] is None else record["error"]
    for name in _COLUMNS:
        value = record[name]
        if isinstance(value, float):
            yield f"{value:.3f}"
        else:
            yield "" if value is None else visible(str(value))


def json_lines(rows: Iterable[BrowsedRow]) -> Iterator[bytes]:
    """A JSON object a row, with its newline; null where not measured."""
    encode = msgspec.json.Encoder().encode
    for row in rows:
        yield encode(_record(row)) + b"\n"


def _record(row: BrowsedRow) -> dict[str, object]:
    target, outcome, judgement = row.result.target, row.outcome, judgement_of(row.result)
    record: dict[str, object] = {
        "rank": target.rank,
        "url": target.url,
        "variant": target.variant,
        "verdict": judgement.verdict,
        "reason": judgement.reason,
        "detail": judgement.detail,
        "ttl_s": judgement.ttl_s,
        "evidence": judgement.evidence,
        "pass": None,
        "at": None,
    }
    if outcome is None:
        return record | dict.fromkeys(_OF_A_REQUEST)
    moment = datetime.fromtimestamp(outcome.at, UTC)
    return record | {
        "pass": outcome.fetch,
        "at": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "elapsed_ms": row.elapsed_ms,
        "bytes": outcome.body_bytes,
        "cache": outcome.state,
        "cache_header": outcome.state_header or None,
        "final_url": outcome.final_url or target.url,
        "error_detail": outcome.detail if outcome.status is None else None,
        **{name: getattr(outcome, name) for name in _AS_MEASURED},
    }


_AS_MEASURED = (
    "status", "error", "total_ms", "waited_ms", "connect_ms", "first_byte_ms", "sent_bytes",
    "attempts", "in_flight", "age_s",
)  # fmt: skip
_OF_A_REQUEST = (
    "elapsed_ms", "bytes", "cache", "cache_header", "final_url", "error_detail", *_AS_MEASURED,
)  # fmt: skip
