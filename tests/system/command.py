"""Runs the installed command line as its own process, and judges it by the origin's count.

Nothing here imports warmer: what counts is what a person gets.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from tests.servers.visitor import visit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator, Mapping

    from tests.servers.django_site import DjangoSite

PROGRAM = Path(sys.executable).with_name("warmer")
RUN_LIMIT_S = 120
REDIRECT_LIMIT = 5
SHARED_TOKEN = "csrf-token-in-cached-page"
"""The one reason under which a page that is not called warm still comes from the cache:
everyone is served the form with the same token, which is worse than a cold page."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of report.jsonl."""

    url: str
    variant: str
    verdict: str
    reason: str | None
    status: int | None
    evidence: list[str]
    ttl_s: float | None

    @property
    def target(self) -> str:
        parts = urlsplit(self.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended, what it printed, and the reports that it left."""

    code: int
    stdout: str
    stderr: str
    report: dict[str, Any] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    def verdicts(self) -> dict[str, tuple[str, str | None]]:
        return {row.target: (row.verdict, row.reason) for row in self.rows}

    def warm(self) -> list[str]:
        return sorted(row.target for row in self.rows if row.verdict == "warm")


def environment() -> dict[str, str]:
    """Ours, without what would colour the output or pass a proxy by."""
    dropped = {"NO_COLOR", "FORCE_COLOR", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"}
    return {name: value for name, value in os.environ.items() if name not in dropped}


def warmer(directory: Path, *arguments: str, stdin: str = "") -> Result:
    """Run `warmer` in a directory of its own, so that its store is found there again."""
    done = subprocess.run(
        [PROGRAM, *arguments],
        cwd=directory,
        env=environment(),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=RUN_LIMIT_S,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def address(site: DjangoSite) -> tuple[str, ...]:
    """Where a command finds the site under its public name."""
    return ("--base-url", site.url, "--connect-to", site.node)


@contextlib.contextmanager
def started(directory: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`warmer` while it runs; killed at the end if it still does."""
    process = subprocess.Popen(
        [PROGRAM, *arguments],
        cwd=directory,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def crawl(directory: Path, *arguments: str, stdin: str = "", word: str = "crawl") -> Result:
    """`warmer crawl`, or `verify`, with its reports read; an older run's are removed first."""
    paths = [directory / "report.json", directory / "report.jsonl"]
    for path in paths:
        path.unlink(missing_ok=True)
    reports = [each for path in paths for each in ("--report", path.name)]
    done = warmer(directory, word, *arguments, *reports, stdin=stdin)
    return Result(done.code, done.stdout, done.stderr, *read_reports(directory))


def read_reports(directory: Path) -> tuple[dict[str, Any], list[Row]]:
    summary, lines = directory / "report.json", directory / "report.jsonl"
    if not (summary.exists() and lines.exists()):
        return {}, []
    names = Row.__dataclass_fields__
    records = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    rows = [Row(**{name: record[name] for name in names}) for record in records]
    return json.loads(summary.read_text(encoding="utf-8")), rows


def assert_proven(
    rows: Iterable[Row],
    site: DjangoSite,
    node: str,
    headers: Mapping[str, Mapping[str, str]] | None = None,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Visit every target with another client, and hold each verdict to the count of renders.

    `headers` are those by which visitors of a variant differ. Warm targets come first,
    since visits to cold ones store entries, and may evict others.
    """
    false_warm, false_cold = [], []
    for row in sorted(rows, key=lambda row: row.verdict != "warm"):
        before = site.total_renders()
        _open(node, row.url, (headers or {}).get(row.variant), tls)
        rendered = site.total_renders() - before
        if row.verdict == "warm" and rendered:
            false_warm.append((row.target, row.variant, row.evidence))
        if row.verdict != "warm" and not rendered and row.reason != SHARED_TOKEN:
            false_cold.append((row.target, row.variant, row.reason))
    assert (false_warm, false_cold) == ([], [])


def _open(
    node: str, url: str, headers: Mapping[str, str] | None, tls: ssl.SSLContext | None
) -> None:
    """Open a URL as a browser does: redirects are followed, within the site."""
    host = urlsplit(url).netloc
    for _ in range(REDIRECT_LIMIT):
        location = visit(node, url, headers, tls=tls).headers["Location"]
        url = urljoin(url, location or "")
        if location is None or urlsplit(url).netloc != host:
            break
