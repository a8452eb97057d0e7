"""The Django test shop under gunicorn, with the count of its renders.

The count comes from the views themselves: it is independent of what warmer, Django's
cache or a proxy say.
"""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tests.servers.process import HOST, Listening, replies, running

if TYPE_CHECKING:
    from collections.abc import Iterator

PUBLIC_HOST = "www.example.test"
ROOT = Path(__file__).parents[2]
GUNICORN_CONFIG = ROOT / "tests" / "sites" / "gunicorn_config.py"

Backend = Literal["redis", "django-redis", "django-redis-zlib", "pymemcache", "locmem", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteOptions:
    """How the shop is set up; each field becomes the variable `SHOP_<FIELD>`.

    `cache_location`: URL of Redis, or host:port of memcached, several parted by commas.
    `hosts`: what ALLOWED_HOSTS names, parted by commas. `time_zone`: USE_TZ if given.
    `padding`: bytes by which each page is made larger.
    """

    cache_backend: Backend = "none"
    cache_location: str = ""
    site_cache: bool = False
    cache_page: bool = False
    key_prefix: str = ""
    version: int = 1
    page_prefix: str = ""
    i18n: bool = False
    i18n_patterns: bool = False
    time_zone: str = ""
    gzip: Literal["", "inside", "outside"] = ""
    ssl_header: bool = False
    hosts: str = PUBLIC_HOST
    pages: int = 20
    padding: int = 0
    render_s: float = 0.0
    slow_s: float = 1.0
    debug: bool = False

    def environment(self) -> dict[str, str]:
        """Flags become 1 or an empty string."""
        values = asdict(self).items()
        plain = {name: value if value is not False else "" for name, value in values}
        return {f"SHOP_{n.upper()}": "1" if v is True else str(v) for n, v in plain.items()}


@dataclass(frozen=True, slots=True)
class Render:
    """One execution of a view's body, with what the request said."""

    target: str
    method: str
    scheme: str
    host: str
    language: str
    encoding: str
    agent: str


@dataclass(frozen=True, slots=True)
class DjangoSite(Listening):
    """The running shop; `origin` is where it listens, `url` what visitors call it."""

    options: SiteOptions
    render_log: Path
    url: str = f"http://{PUBLIC_HOST}"

    def rendered(self, target: str | None = None) -> list[Render]:
        """Renders in the order in which they began, of one path and query or of all."""
        if not self.render_log.exists():
            return []
        lines = self.render_log.read_text(encoding="utf-8").splitlines()
        renders = (Render(**json.loads(line)) for line in lines)
        return [render for render in renders if target in {None, render.target}]

    def renders(self, target: str) -> int:
        return len(self.rendered(target))

    def total_renders(self) -> int:
        return len(self.rendered())

    def reset(self) -> None:
        """Count from 0 again."""
        self.render_log.unlink(missing_ok=True)


@contextlib.contextmanager
def running_site(
    directory: Path,
    options: SiteOptions,
    *,
    workers: int = 1,
    threads: int = 8,
    port: int | None = None,
) -> Iterator[DjangoSite]:
    """The shop under gunicorn; ready when it refuses a host that is not its own."""
    directory.mkdir(parents=True, exist_ok=True)
    render_log = directory / "renders.jsonl"

    def command(chosen: int) -> list[str]:
        return [
            *(sys.executable, "-m", "gunicorn", "tests.sites.shop.wsgi"),
            *("--config", str(GUNICORN_CONFIG), "--bind", f"{HOST}:{chosen}"),
            *("--workers", str(workers), "--threads", str(threads)),
            # The worker's heartbeat file must not wait for a disk.
            *("--worker-tmp-dir", str(directory), "--graceful-timeout", "1"),
        ]

    environment = {
        **options.environment(),
        "SHOP_RENDER_LOG": str(render_log),
        "PYTHONPATH": str(ROOT),
    }
    # Another host name is refused before any cache sees the request.
    question = b"GET / HTTP/1.0\r\nHost: ready.invalid\r\n\r\n"
    with running(
        command,
        directory=directory,
        answers=lambda at: replies(at, question),
        environment=environment,
        port=port,
    ) as server:
        yield DjangoSite(server, options, render_log)
