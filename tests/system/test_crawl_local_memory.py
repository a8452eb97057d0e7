"""A cache in each process's own memory, Django's default: what one process has, others have not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.servers.django_site import SiteOptions
from tests.system.command import assert_proven, crawl

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartSite


def test_pages_that_only_one_of_several_processes_has_are_not_called_warm(
    start_site: StartSite, tmp_path: Path
) -> None:
    site = start_site(
        SiteOptions(cache_backend="locmem", site_cache=True, render_s=0.05), workers=2, threads=4
    )
    address = ("--base-url", site.url, "--connect-to", site.node)

    result = crawl(tmp_path, f"{site.url}/sitemap.xml", *address)

    assert_proven((row for row in result.rows if row.verdict == "warm"), site, site.node)


def test_pages_that_a_single_process_has_are_warm_by_what_it_says_itself(
    start_site: StartSite, tmp_path: Path
) -> None:
    site = start_site(
        SiteOptions(cache_backend="locmem", site_cache=True, render_s=0.4, pages=8),
        workers=1,
        threads=4,
    )
    address = ("--base-url", site.url, "--connect-to", site.node)

    result = crawl(tmp_path, f"{site.url}/sitemap.xml", *address)

    assert {row.verdict for row in result.rows} == {"warm"}
    assert_proven(result.rows, site, site.node)
