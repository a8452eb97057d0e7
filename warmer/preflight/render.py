"""The checklist as lines for people, as JSON and as JUnit. Pure; standard library only."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from warmer.preflight.result import Grade, Result, worst
from warmer.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

SCHEMA = "warmer.preflight/1"


def lines(results: Iterable[Result]) -> list[str]:
    """One line a result, without control characters: what servers say is in them."""
    return [visible(_line(result)) for result in results]


def total(results: Sequence[Result]) -> str:
    """How many ended how, in one line."""
    count = Counter(result.grade for result in results)
    return (
        f"{len(results)} checks: {count[Grade.OK]} ok, {count[Grade.WARN]} warn,"
        f" {count[Grade.FAIL]} fail, {count[Grade.SKIPPED]} skipped"
    )


def json_text(base_url: str, results: Sequence[Result], now: datetime) -> str:
    """The whole list; `grade` is that of the worst check."""
    document = {
        "schema": SCHEMA,
        "base_url": base_url,
        "at": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "grade": worst(list(results)),
        "checks": [
            {
                "check": result.check,
                "grade": result.grade,
                "where": result.where,
                "reason": result.reason,
                "cure": result.cure or None,
            }
            for result in results
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def junit_text(results: Sequence[Result], now: datetime) -> str:
    """A test case a result: `fail` is a failure, `skipped` is skipped, `warn` passes and speaks."""
    count = Counter(result.grade for result in results)
    cases = "".join(_case(result) for result in results)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuite name="warmer preflight" tests="{len(results)}" failures="{count[Grade.FAIL]}"'
        f' errors="0" skipped="{count[Grade.SKIPPED]}" time="0"'
        f' timestamp="{now:%Y-%m-%dT%H:%M:%S}">\n{cases}</testsuite>\n'
    )


def _case(result: Result) -> str:
    name = f"{result.check} [{result.where}]" if result.where else result.check
    said = "; ".join(part for part in (result.reason, result.cure) if part)
    inside = {
        Grade.OK: "",
        Grade.WARN: f"<system-out>{_quoted(f'warn: {said}')[1:-1]}</system-out>",
        Grade.FAIL: f"<failure type={_quoted(result.check)} message={_quoted(said)}/>",
        Grade.SKIPPED: f"<skipped message={_quoted(said)}/>",
    }[result.grade]
    return f'  <testcase classname="warmer.preflight" name={_quoted(name)} time="0">{inside}</testcase>\n'


def _quoted(text: str) -> str:
    return quoteattr(visible(text), {'"': "&quot;"})


def _line(result: Result) -> str:
    mark = "FAIL" if result.grade is Grade.FAIL else result.grade
    where = f"{result.where}: " if result.where else ""
    cure = f". Cure: {result.cure}" if result.cure else ""
    return f"{mark:7}  {result.check:17}  {where}{result.reason}{cure}"
