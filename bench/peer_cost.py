"""warmer beside other programs that fetch a list, on pages that cost nothing and pages of 50 ms.

warmer does its work (plan, store, evidence, verdicts, report); the others fetch and
forget. Start-up is in all figures. What is not installed has a line that says so.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from bench.child import Cost, measure, version_of, warmer
from bench.figure import Grid
from bench.pages import running_pages, write_curl_config, write_list
from bench.peers import PEERS, Errand
from tests.servers.django_site import ROOT
from tests.servers.process import HOST, accepts, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FREE_URLS = 10_000
SLOW_URLS = 1_000
PAGE_S = 0.05
IN_FLIGHT = 32
_ROOMY = 1_000


def figures(directory: Path) -> list[Grid]:
    """CPU per URL and URLs a second on free pages, seconds for a thousand slow ones."""
    with running_pages(directory / "free") as free_url, _slow_pages(directory / "slow") as slow_url:
        free = _errand(directory / "free", free_url, FREE_URLS)
        slow = _errand(directory / "slow", slow_url, SLOW_URLS)
        ours = {
            f"warmer, {IN_FLIGHT} in flight": ["--concurrency", str(IN_FLIGHT)],
            "warmer, auto": [],
        }
        rows = [
            _row(name, _by_warmer(directory, free, options), _by_warmer(directory, slow, options))
            for name, options in ours.items()
        ]
        for peer in PEERS:
            print(f"bench: peers: {peer.name}", file=sys.stderr)
            program = peer.found()
            if program is None:
                rows.append((peer.name, "", "", "", f"MISSING; {peer.install}"))
                continue
            of_free, of_slow = (
                measure([program, *peer.options(each)], directory=directory)
                for each in (free, slow)
            )
            rows.append(_row(peer.name, of_free, of_slow, peer.remark))
    scrapy = version_of(sys.executable, "-m", "scrapy", "version")
    title = (
        f"peers: {FREE_URLS:,} URLs of 10 KB from nginx, {SLOW_URLS:,} pages of"
        f" {PAGE_S * 1000:.0f} ms; {IN_FLIGHT} in flight where that can be told; Scrapy {scrapy}"
    )
    header = ("", "CPU per URL, µs", "URLs a second", "slow pages, s", "")
    return [Grid(title=title, header=header, rows=tuple(rows))]


def _row(name: str, free: Cost, slow: Cost, remark: str = "") -> tuple[str, ...]:
    per_url_us = free.cpu_s / FREE_URLS * 1e6
    rate = FREE_URLS / free.wall_s
    return (name, f"{per_url_us:.0f}", f"{rate:,.0f}", f"{slow.wall_s:.1f}", remark)


def _by_warmer(directory: Path, errand: Errand, options: list[str]) -> Cost:
    for file in directory.glob("runs.db*"):
        file.unlink()
    kept = ["--store", str(directory / "runs.db")]
    return measure(warmer("crawl", str(errand.listed), *kept, *options), directory=directory)


def _errand(directory: Path, base_url: str, count: int) -> Errand:
    return Errand(
        write_list(directory / "urls.txt", base_url, count),
        write_curl_config(directory / "curl.config", base_url, count),
        count,
        IN_FLIGHT,
    )


@contextlib.contextmanager
def _slow_pages(directory: Path) -> Iterator[str]:
    """An origin with room for all, whose pages take their time."""
    with running_origin(directory, slots=_ROOMY, seconds=PAGE_S) as port:
        yield f"http://{HOST}:{port}"


@contextlib.contextmanager
def running_origin(directory: Path, *, slots: int, seconds: float) -> Iterator[int]:
    """The port of a `bench.origin`; its journal is `journal.txt` in `directory`."""
    options = [str(directory / "journal.txt"), str(slots), str(seconds)]
    with running(
        lambda port: [sys.executable, "-m", "bench.origin", str(port), *options],
        directory=directory,
        answers=accepts,
        environment={"PYTHONPATH": str(ROOT)},
    ) as server:
        yield server.port
