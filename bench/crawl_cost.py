"""CPU per URL of `warmer crawl`, against stock Scrapy and `curl -Z`, on the same list.

warmer does all its work: plan, store, evidence, a probe of its sample, verification of
every page in Redis by key, three reports. The peers fetch and forget. All start-up
time is in the figures.
"""

from __future__ import annotations

import contextlib
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.child import Cost, measure, version_of, warmer
from bench.figure import Figure
from bench.pages import paths, running_pages, write_curl_config, write_list
from tests.servers.stores import running_redis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.servers.stores import RedisServer

URLS = 10_000
IN_FLIGHT = 32
ROUNDS = 3
GOAL = 0.25
GUARDED_GOAL = 0.20

_EVERYTHING = """
[crawl]
concurrency = {concurrency}
[[cache]]
url = "{redis}"
keys = {{ template = "page:{{path}}" }}
[thresholds]
all = ["hit_ratio>=1"]
"""
_FETCH_ONLY = """
[crawl]
concurrency = {in_flight}
[verify]
probe = "never"
"""


def figures(directory: Path) -> list[Figure]:
    """CPU per URL as medians of rounds in which each program had its turn."""
    with site_with_keys(directory, URLS) as site:
        curl = write_curl_config(directory / "curl.config", site.base_url, URLS)
        guarded = site._replace(config=directory / "guarded.toml")
        guarded.config.write_text(_EVERYTHING.format(concurrency='"auto"', redis=site.cache_url))
        alone = site._replace(config=directory / "fetch-only.toml")
        alone.config.write_text(_FETCH_ONLY.format(in_flight=IN_FLIGHT))
        programs: dict[str, Callable[[], Cost]] = {
            "warmer": lambda: crawl(directory, site),
            "guarded": lambda: crawl(directory, guarded),
            "fetch": lambda: crawl(directory, alone),
            "scrapy": lambda: _stock(directory, site.listed),
            "curl": lambda: _curl(directory, curl),
        }
        rounds = [{name: run().cpu_s for name, run in programs.items()} for _ in range(ROUNDS)]
    cost = {
        name: statistics.median(each[name] for each in rounds) / URLS * 1e6 for name in programs
    }
    scrapy = f"Scrapy {version_of(sys.executable, '-m', 'scrapy', 'version')}, stock settings"
    tool = f"curl {version_of('curl', '--version')} -Z"
    what = f"crawl, {URLS:,} URLs of 10 KB, {IN_FLIGHT} in flight: CPU per URL"
    unit = "µs"
    everything, fetch = cost["warmer"], cost["fetch"]
    return [
        Figure(
            what=what, measured=everything, unit=unit, against=scrapy, compared=cost["scrapy"],
            goal=GOAL, note="plan, store, evidence, 1,000 probes, keys in Redis, three reports",
        ),
        Figure(
            what=what, measured=cost["guarded"], unit=unit, against=scrapy,
            compared=cost["scrapy"], goal=GUARDED_GOAL,
            note='the same by "auto", with limiter and visitor guard',
        ),
        Figure(what=what, measured=everything, unit=unit, against=tool, compared=cost["curl"]),
        Figure(
            what=what, measured=fetch, unit=unit, against=scrapy, compared=cost["scrapy"],
            note='without keys, probe = "never"',
        ),
    ]  # fmt: skip


class Site(NamedTuple):
    """Where it is, a list of its URLs, its TOML file, and its cache."""

    base_url: str
    listed: Path
    config: Path
    cache_url: str


@contextlib.contextmanager
def site_with_keys(directory: Path, count: int) -> Iterator[Site]:
    """A site of so many pages, all of which have a key in Redis."""
    with (
        running_pages(directory / "pages") as base_url,
        running_redis(directory / "redis") as cache,
    ):
        _fill(cache, count)
        config = directory / "site.toml"
        config.write_text(_EVERYTHING.format(concurrency=IN_FLIGHT, redis=cache.url))
        listed = write_list(directory / "urls.txt", base_url, count)
        yield Site(base_url, listed, config, cache.url)


def crawl(directory: Path, site: Site) -> Cost:
    """One `warmer crawl` into a new store."""
    store = directory / "runs.db"
    reports = [f"--report={directory / 'report'}{suffix}" for suffix in (".json", ".jsonl", ".xml")]
    command = warmer("crawl", str(site.listed), "-c", str(site.config), "--store", str(store))
    cost = measure([*command, *reports], directory=directory)
    for file in directory.glob("runs.db*"):
        file.unlink()
    return cost


def _stock(directory: Path, listed: Path) -> Cost:
    spider = Path(__file__).with_name("stock_spider.py")
    # A line a page on standard error would be most of the cost; concurrency is that of all.
    changed = [
        *("-s", "LOG_LEVEL=INFO", "-s", f"CONCURRENT_REQUESTS={IN_FLIGHT}"),
        *("-s", f"CONCURRENT_REQUESTS_PER_DOMAIN={IN_FLIGHT}"),
    ]
    command = [sys.executable, "-m", "scrapy", "runspider", str(spider), "-a", f"urls={listed}"]
    return measure([*command, *changed], directory=directory)


def _curl(directory: Path, config: Path) -> Cost:
    command = ["curl", "--silent", "--parallel", "--parallel-max", str(IN_FLIGHT)]
    return measure([*command, "--config", str(config)], directory=directory)


def _fill(cache: RedisServer, count: int) -> None:
    with cache.client() as client:
        pipeline = client.pipeline(transaction=False)
        for number, path in enumerate(paths(count), 1):
            pipeline.set(f"page:{path}", "a page", ex=3600)
            if number % 10_000 == 0:
                pipeline.execute()
        pipeline.execute()
