"""A site of equal 10 KB pages: nginx, and lists of as many of its URLs as are wanted."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tests.servers.process import HOST
from tests.servers.proxies import running_nginx

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE_BYTES = 10_000
# What such a page's server sends, lest there be less to read than on a real site.
_SITE = """
    types {{ text/html html; }}
    keepalive_requests 1000000;
    server {{
        listen {host}:@PORT@;
        root {root};
        access_log off;
        add_header Cache-Control "max-age=600";
        add_header Vary "Accept-Language";
        add_header X-Frame-Options DENY;
        add_header X-Content-Type-Options nosniff;
        add_header Referrer-Policy same-origin;
        location / {{ try_files /page.html =404; }}
    }}
"""


@contextlib.contextmanager
def running_pages(directory: Path) -> Iterator[str]:
    """Serve a 10 KB page under every path; yields scheme and host."""
    directory.mkdir(parents=True)
    root = directory / "root"
    root.mkdir()
    (root / "page.html").write_text(_page(), encoding="utf-8")
    with running_nginx(directory / "nginx", _SITE.format(host=HOST, root=root)) as nginx:
        yield nginx.url


def paths(count: int) -> Iterator[str]:
    """Distinct paths with the length that paths have."""
    return (f"/products/some-words-of-a-slug/{number}/" for number in range(1, count + 1))


def write_list(file: Path, base_url: str, count: int) -> Path:
    """A plain list of URLs."""
    with file.open("w", encoding="utf-8") as lines:
        lines.writelines(f"{base_url}{path}\n" for path in paths(count))
    return file


def write_curl_config(file: Path, base_url: str, count: int) -> Path:
    """The same URLs for `curl --config`; bodies go nowhere."""
    with file.open("w", encoding="utf-8") as lines:
        lines.writelines(
            f'url = "{base_url}{path}"\noutput = "/dev/null"\n' for path in paths(count)
        )
    return file


def _page() -> str:
    head = '<!doctype html>\n<html lang="en"><head><title>A page</title></head><body>\n'
    row = '<li><a href="/products/another-slug/{0}/">Product {0}</a> with some words</li>\n'
    body = "".join(row.format(number) for number in range(200))
    return (head + body)[: PAGE_BYTES - 15] + "\n</body></html>"
