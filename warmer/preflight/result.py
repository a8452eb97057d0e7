"""What a check says. Pure; knows no check's rule."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from warmer.crawl.fetch import Fetch, FetchError

if TYPE_CHECKING:
    from collections.abc import Callable

OUTSIDE = (
    "front-page",
    "debug-page",
    "host-header",
    "not-found-page",
    "admin",
    "https-redirect",
    "hsts",
    "cookies",
    "certificate",
    "tls-versions",
    "dns-ttl",
    "compression",
    "security-headers",
    "sitemap",
)
CACHES = (
    "cache-reachable",
    "cache-memory",
    "cache-policy",
    "cache-evictions",
    "cache-persistence",
    "cache-exposed",
)
CHECKS = (*OUTSIDE, *CACHES)
"""Every check by its name, in the order of the report."""

Answer = Fetch | FetchError
"""What came of one request."""


class Grade(StrEnum):
    """How a check ended; only FAIL changes the exit code."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Result:
    """One check of one place (a URL, a host, a node of a cache).

    `cure` is "" where there is nothing to mend.
    """

    check: str
    grade: Grade
    where: str
    reason: str
    cure: str = ""


def worst(results: list[Result]) -> Grade:
    """FAIL before WARN before OK; SKIPPED if nothing else is there."""
    order = (Grade.FAIL, Grade.WARN, Grade.OK)
    grades = {result.grade for result in results}
    return next((grade for grade in order if grade in grades), Grade.SKIPPED)


def of_answer(
    check: str, where: str, answer: Answer, judge: Callable[[str, Fetch], Result]
) -> Result:
    """What `judge` says of a response; skipped with the reason where there was none."""
    if isinstance(answer, FetchError):
        return Result(check, Grade.SKIPPED, where, f"no answer: {answer.reason}: {answer.detail}")
    return judge(where, answer)
