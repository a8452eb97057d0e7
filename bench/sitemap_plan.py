"""`warmer plan` of a sitemap index: 20 gzip files of 50,000 URLs, fetched over HTTP."""

from __future__ import annotations

import gzip
import random
from typing import TYPE_CHECKING

from bench.child import measure, warmer
from bench.figure import Figure, against_goal
from tests.servers.process import HOST
from tests.servers.proxies import running_nginx

if TYPE_CHECKING:
    from pathlib import Path

FILES = 20
URLS_A_FILE = 50_000
GOAL_S = 60.0
_SITE = """
    types {{ application/xml xml; application/gzip gz; }}
    server {{ listen {host}:@PORT@; root {root}; }}
"""
_NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def figures(directory: Path) -> list[Figure]:
    """Time on the wall, from the first request to the last line of the plan."""
    root = directory / "root"
    root.mkdir()
    with running_nginx(directory / "nginx", _SITE.format(host=HOST, root=root)) as nginx:
        _write_sitemaps(root, nginx.url)
        cost = measure(warmer("plan", f"{nginx.url}/sitemap.xml"), directory=directory)
    planned = (directory / "warmer.out").read_bytes().count(b"\n") - 2
    note = f"{planned:,} planned, {cost.cpu_s:.1f} s of CPU, peak {cost.peak_rss_mb:.0f} MB"
    return [against_goal("plan of 1,000,000 sitemap URLs", cost.wall_s, "s", GOAL_S, note)]


def _write_sitemaps(root: Path, base_url: str) -> None:
    chance = random.Random(1)
    names = [f"products-{number:02}.xml.gz" for number in range(1, FILES + 1)]
    for number, name in enumerate(names):
        with gzip.open(root / name, "wt", compresslevel=1, encoding="utf-8") as file:
            file.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset {_NAMESPACE}>\n')
            for place in range(URLS_A_FILE):
                page = number * URLS_A_FILE + place
                file.write(
                    f"<url><loc>{base_url}/products/some-words-of-a-slug/{page}/</loc>"
                    f"<lastmod>2025-0{page % 9 + 1}-15T08:00:00+00:00</lastmod>"
                    f"<changefreq>weekly</changefreq>"
                    f"<priority>{chance.randint(1, 10) / 10}</priority></url>\n"
                )
            file.write("</urlset>\n")
    index = "".join(f"<sitemap><loc>{base_url}/{name}</loc></sitemap>\n" for name in names)
    text = f'<?xml version="1.0"?>\n<sitemapindex {_NAMESPACE}>\n{index}</sitemapindex>\n'
    (root / "sitemap.xml").write_text(text, encoding="utf-8")
