"""Other programs that fetch a list of URLs, with the options that make them most alike.

They fetch and forget: no plan, no evidence, no verdict. One that is not installed is
named as missing, with the line that installs it.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BENCH = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Errand:
    """What is to be fetched: so many URLs, one a line in `listed`; for curl in `config`."""

    listed: Path
    config: Path
    count: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class Peer:
    """`program` is looked for in PATH and beside this Python; `install` says how to get it."""

    name: str
    program: str
    install: str
    options: Callable[[Errand], Sequence[str]]
    remark: str = ""

    def found(self) -> str | None:
        """Where the program is, None if it is missing."""
        beside = str(Path(sys.executable).parent)
        return shutil.which(self.program) or shutil.which(self.program, path=beside)


def _scrapy(errand: Errand, *settings: str) -> list[str]:
    # A line a page on standard error would be most of the cost; concurrency is that of all.
    changed = ["LOG_LEVEL=INFO", f"CONCURRENT_REQUESTS={errand.in_flight}", *settings]
    changed.append(f"CONCURRENT_REQUESTS_PER_DOMAIN={errand.in_flight}")
    spider = ["runspider", str(BENCH / "stock_spider.py"), "-a", f"urls={errand.listed}"]
    return [*spider, *(part for each in changed for part in ("-s", each))]


def _curl(errand: Errand) -> list[str]:
    parallel = ["--parallel", "--parallel-immediate", "--parallel-max", str(errand.in_flight)]
    return ["--silent", *parallel, "--config", str(errand.config)]


def _wget(errand: Errand) -> list[str]:
    return ["--quiet", "--input-file", str(errand.listed), "--output-document", "/dev/null"]


def _siege(errand: Errand) -> list[str]:
    times = str(errand.count // errand.in_flight)
    users = [f"--concurrent={errand.in_flight}", f"--reps={times}", f"--file={errand.listed}"]
    return ["--benchmark", "--quiet", "--no-parser", *users]


def _hey(errand: Errand) -> list[str]:
    with errand.listed.open(encoding="utf-8") as lines:
        first = next(lines).strip()
    return ["-n", str(errand.count), "-c", str(errand.in_flight), first]


def _locust(errand: Errand) -> list[str]:
    users = ["--users", str(errand.in_flight), "--spawn-rate", str(errand.in_flight)]
    quiet = ["--headless", "--only-summary", "--loglevel", "ERROR"]
    return [
        "--locustfile",
        str(BENCH / "locust_user.py"),
        *quiet,
        *users,
        "--urls",
        str(errand.listed),
    ]


PEERS = (
    Peer("Scrapy, stock settings", "scrapy", "pip install scrapy", _scrapy),
    Peer(
        "Scrapy with AutoThrottle", "scrapy", "pip install scrapy",
        lambda errand: _scrapy(errand, "AUTOTHROTTLE_ENABLED=True"),
        "settles at one request at a time, its default",
    ),
    Peer("curl -Z", "curl", "apt-get install curl", _curl),
    Peer("wget", "wget", "apt-get install wget", _wget, "one request at a time, it knows no other"),
    Peer("siege", "siege", "apt-get install siege", _siege, "a new connection for each request"),
    Peer("hey", "hey", "apt-get install hey", _hey, "the same URL again and again, it takes one"),
    Peer("locust", "locust", "pipx install locust", _locust),
)  # fmt: skip
