"""What a check says. Pure; knows no check's rule.

Standard library only: the site's own process makes results, too (`contrib/django/preflight`).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

OUTSIDE = (
    "server-reachable",
    "front-page",
    "debug-page",
    "host-header",
    "not-found-page",
    "error-page",
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
INSIDE_REPORT = "inside-report"
"""What is said of the file that holds what the application's process told."""
INSIDE = (
    "system-checks",
    "debug",
    "secret-key",
    "allowed-hosts",
    "time-zone",
    "site-domain",
    "error-pages",
    "template-loader",
    "session-engine",
    "database",
    "migrations",
    "connections-kept",
    "clock",
    "cache-backend",
    "cache-round-trip",
    "cache-keys",
    "triggers",
    "media",
    "static-files",
    "logging",
    "error-reporting",
    "mail",
    "celery",
)
"""Those that only the application's own process can tell."""
CHECKS = (*OUTSIDE, INSIDE_REPORT, *INSIDE, *CACHES)
"""Every check by its name, in the order of the report."""


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


def unknown_check(name: str, known: Sequence[str]) -> str:
    """What to say of a name that no check has: with the nearest known one, or with all."""
    near = difflib.get_close_matches(name, known, 1, 0.5)
    hint = f'did you mean "{near[0]}"?' if near else f"known: {', '.join(known)}"
    return f"unknown check; {hint}"


def worst(results: list[Result]) -> Grade:
    """FAIL before WARN before OK; SKIPPED if nothing else is there."""
    order = (Grade.FAIL, Grade.WARN, Grade.OK)
    grades = {result.grade for result in results}
    return next((grade for grade in order if grade in grades), Grade.SKIPPED)
