"""Wall time of `warmer crawl` on a cold Django site with 50 ms pages, against `curl -Z`.

Both fetch every page once, so many at a time, from a cache that was just flushed.
warmer learns the keys, verifies every page in Redis and reports; it sends no probes,
for those are hits, and curl sends none. The first figure is the whole command, start-up
included; the second the run itself, as its report has it, with the import of Scrapy.
"""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING

from bench.child import measure, version_of, warmer
from bench.figure import Figure
from tests.servers.django_site import SiteOptions, running_site
from tests.servers.stores import running_redis

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.django_site import DjangoSite
    from tests.servers.stores import RedisServer

PRODUCTS = 20
VIEWS = 50
PAGES = PRODUCTS * VIEWS
RENDER_S = 0.05
IN_FLIGHT = 8
THREADS = 16
ROUNDS = 3
GOAL = 1.05
_CONFIG = """
base_url = "{url}"
connect_to = "{node}"
[[cache]]
url = "{redis}"
[verify]
probe = "never"
[thresholds]
all = ["hit_ratio>=1"]
"""


def figures(directory: Path) -> list[Figure]:
    """Medians of rounds, each from cold for both."""
    with running_redis(directory / "redis") as cache:
        options = SiteOptions(
            cache_backend="redis", cache_location=cache.url, site_cache=True,
            pages=PRODUCTS, render_s=RENDER_S,
        )  # fmt: skip
        with running_site(directory / "site", options, threads=THREADS) as site:
            rounds = [_round(directory, site, cache) for _ in range(ROUNDS)]
    whole_s, run_s, peer_s = (statistics.median(each) for each in zip(*rounds, strict=True))
    what = f"crawl of {PAGES:,} cold Django pages of 50 ms, {IN_FLIGHT} in flight"
    against = f"curl {version_of('curl', '--version')} -Z"
    return [
        Figure(
            what=what, measured=whole_s, unit="s", against=against, compared=peer_s, goal=GOAL,
            note="keys learnt and verified, no probe pass",
        ),
        Figure(
            what=what, measured=run_s, unit="s", against=against, compared=peer_s,
            note="the run alone, as its report has it",
        ),
    ]  # fmt: skip


def _round(directory: Path, site: DjangoSite, cache: RedisServer) -> tuple[float, float, float]:
    return (*_warmer_s(directory, site, cache), _curl_s(directory, site, cache))


def _warmer_s(directory: Path, site: DjangoSite, cache: RedisServer) -> tuple[float, float]:
    config = directory / "site.toml"
    config.write_text(_CONFIG.format(url=site.url, node=site.node, redis=cache.url))
    listed = directory / "urls.txt"
    listed.write_text("".join(f"{site.url}{path}\n" for path in _paths()))
    report = directory / "report.json"
    cache.flush()
    command = warmer("crawl", str(listed), "-c", str(config), "--concurrency", str(IN_FLIGHT))
    command += ["--store", str(directory / "runs.db"), "--report", str(report)]
    cost = measure(command, directory=directory)
    return cost.wall_s, json.loads(report.read_text(encoding="utf-8"))["run"]["duration_s"]


def _curl_s(directory: Path, site: DjangoSite, cache: RedisServer) -> float:
    config = directory / "curl.config"
    config.write_text(
        "".join(f'url = "{site.url}{path}"\noutput = "/dev/null"\n' for path in _paths())
    )
    cache.flush()
    command = ["curl", "--silent", "--parallel", "--parallel-max", str(IN_FLIGHT)]
    command += ["--connect-to", f"::{site.node}", "--config", str(config)]
    return measure(command, directory=directory).wall_s


def _paths() -> list[str]:
    """Each product in many views: a page lists all products, which must not be its cost."""
    products = range(1, PRODUCTS + 1)
    return [f"/p/{number}/?view={view}" for view in range(VIEWS) for number in products]
