"""The snippets of configs/ for `--refresh`, in a real nginx and a real Varnish.

The origin counts its renders, and says whether a page was rendered again; a visitor from
an address that the snippets do not name shows that the header is of no use to strangers.
"""

from __future__ import annotations

import http.client
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers.django_site import DjangoSite, SiteOptions, running_site
from tests.servers.process import HOST
from tests.servers.proxies import Proxy, running_nginx, running_varnish

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

CONFIGS = Path(__file__).parents[2] / "configs"
PAGES = 3
STRANGER = "127.0.0.2"
HEADER = f"1795420800.{'0' * 64}"


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[DjangoSite]:
    with running_site(tmp_path / "origin", SiteOptions(pages=PAGES)) as site:
        yield site


@pytest.fixture(params=["nginx", "varnish"])
def front(request: pytest.FixtureRequest, tmp_path: Path, origin: DjangoSite) -> Iterator[Proxy]:
    build = {"nginx": nginx, "varnish": varnish}[request.param]
    with build(tmp_path / "front", origin.port) as proxy:
        yield proxy


def nginx(directory: Path, origin: int) -> AbstractContextManager[Proxy]:
    """The snippet's first part in `http`, its second, commented out there, in the location."""
    text = (CONFIGS / "nginx-refresh.conf").read_text(encoding="utf-8")
    location = re.search(r"^# location / \{\n(.*?)^# \}$", text, re.MULTILINE | re.DOTALL)
    assert location is not None
    return running_nginx(
        directory,
        f"""
        {text}
        proxy_cache_path @DIR@/cache keys_zone=pages:1m;
        server {{
            listen {HOST}:@PORT@;
            location / {{
                proxy_pass http://{HOST}:{origin};
                proxy_set_header Host $http_host;
                proxy_cache pages;
                {location[1].replace("# ", " ")}
            }}
        }}
        """,
    )


def varnish(directory: Path, origin: int) -> AbstractContextManager[Proxy]:
    text = (CONFIGS / "varnish-refresh.vcl").read_text(encoding="utf-8")
    backend = f'backend origin {{ .host = "{HOST}"; .port = "{origin}"; }}'
    return running_varnish(directory, f"{text}\n{backend}\n")


def crawl(directory: Path, site: DjangoSite, proxy: Proxy, *options: str) -> str:
    """Warm the shop through the proxy; what the command said."""
    config = directory / "site.toml"
    config.write_text(
        f'base_url = "{site.url}"\nconnect_to = "{proxy.node}"\n[[source]]\nurl = "/sitemap.xml"\n'
        '[crawl]\nrefresh_secret = "secret"\n',
        encoding="utf-8",
    )
    program = Path(sys.executable).with_name("warmer")
    command = [str(program), "crawl", "-c", str(config), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def visit(site: DjangoSite, proxy: Proxy, path: str, *, source: str) -> None:
    """Ask for a page, with a header that looks like ours, from this address."""
    address = (source, 0)
    connection = http.client.HTTPConnection(proxy.host, proxy.port, 30, source_address=address)
    host = site.url.removeprefix("http://")
    # What the crawl sent, so that the same entry is asked for whatever Vary names.
    headers = {"Host": host, "Accept-Encoding": "gzip, deflate", "X-Warmer-Refresh": HEADER}
    connection.request("GET", path, headers=headers)
    connection.getresponse().read()
    connection.close()


def test_a_refresh_renders_each_page_again_and_finds_it_warm(
    tmp_path: Path, origin: DjangoSite, front: Proxy
) -> None:
    assert f"{PAGES} of {PAGES} targets are warm" in crawl(tmp_path, origin, front)
    assert origin.total_renders() == PAGES
    assert f"{PAGES} of {PAGES} targets are warm" in crawl(tmp_path, origin, front, "--refresh")
    assert origin.total_renders() == 2 * PAGES


def test_a_stranger_cannot_ask_for_a_render(
    tmp_path: Path, origin: DjangoSite, front: Proxy
) -> None:
    crawl(tmp_path, origin, front)
    visit(origin, front, "/p/1/", source=STRANGER)
    assert origin.total_renders() == PAGES
    visit(origin, front, "/p/1/", source=HOST)
    assert origin.total_renders() == PAGES + 1
