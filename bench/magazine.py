"""A site of tests/sites under gunicorn, with Redis: started anew, and cold, for each trial.

Either the magazine, or the gazette, which is Wagtail; that one is installed on first use.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.servers.django_site import GUNICORN_CONFIG, ROOT
from tests.servers.process import HOST, accepts, replies, running
from tests.servers.visitor import visit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.stores import RedisServer

PUBLIC_HOST = "www.magazine.test"
HOT = "/"
WAGTAIL = ["wagtail==8.0.1", "django>=5.2,<5.3", "redis>=5"]
FIRST_VISITS = 40
"""New workers import their views with the first request; this many reach every one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What differs between sites: servers, what a page costs, who is there.

    `comments` are rendered on an article, on average: 20 are 8 ms of one core, 80 are 20 ms,
    300 are 45 ms; on the gazette they are blocks of its body, and 8 are 20 ms. Where there is a backend, each page waits `backend_s` for it on top of
    that, and longer when more than `backend_slots` do so at once.
    """

    workers: int
    threads: int
    comments: int
    backend_slots: int = 0
    backend_s: float = 0.0
    visits_per_s: float = 20.0
    articles: int = 400
    site: str = "magazine"


@dataclass(frozen=True, slots=True)
class Filled:
    """A database of a shape, and the paths of its pages, the visitors' one first."""

    shape: Shape
    database: Path
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Magazine:
    """One that answers; `url` is what visitors call it, `node` where it listens."""

    node: str
    journal: Path
    url: str = f"http://{PUBLIC_HOST}"


def fill(directory: Path, shape: Shape) -> Filled:
    """Make the database in `directory`."""
    directory.mkdir(parents=True)
    database = directory / "magazine.sqlite3"
    program = [sys.executable, "-m", f"tests.sites.{shape.site}.fill"]
    done = subprocess.run(
        [*program, str(shape.articles), str(shape.comments)],
        env=os.environ | _environment(shape, database, directory / "unused", "", None),
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return Filled(shape, database, tuple(done.stdout.split()))


@contextlib.contextmanager
def running_magazine(directory: Path, filled: Filled, cache: RedisServer) -> Iterator[Magazine]:
    """New workers, an empty cache, but for the page that visitors are asking for."""
    journal = directory / "journal.txt"
    journal.unlink(missing_ok=True)
    shape = filled.shape

    def command(port: int) -> list[str]:
        return [
            *(sys.executable, "-m", "gunicorn", f"tests.sites.{shape.site}.wsgi"),
            *("--config", str(GUNICORN_CONFIG), "--bind", f"{HOST}:{port}"),
            *("--workers", str(shape.workers), "--threads", str(shape.threads)),
            *("--worker-tmp-dir", str(directory), "--graceful-timeout", "1"),
        ]

    question = f"GET {HOT} HTTP/1.0\r\nHost: {PUBLIC_HOST}\r\n\r\n".encode()
    cache.flush()
    with (
        _backend(directory / "backend", shape) as backend_port,
        running(
            command,
            directory=directory,
            answers=lambda port: replies(port, question),
            environment=_environment(shape, filled.database, journal, cache.url, backend_port),
        ) as server,
    ):
        magazine = Magazine(f"{HOST}:{server.port}", journal)
        for _ in range(FIRST_VISITS):
            visit(magazine.node, magazine.url + HOT, {"User-Agent": "visitor"})
        journal.write_bytes(b"")
        yield magazine


@contextlib.contextmanager
def _backend(directory: Path, shape: Shape) -> Iterator[int | None]:
    """The port of the shape's backend, if it has one."""
    if not shape.backend_slots:
        yield None
        return
    options = (str(shape.backend_slots), str(shape.backend_s))
    with running(
        lambda port: [sys.executable, "-m", "tests.sites.magazine.backend", str(port), *options],
        directory=directory,
        answers=accepts,
        environment={"PYTHONPATH": str(ROOT)},
    ) as server:
        yield server.port


def _environment(
    shape: Shape, database: Path, journal: Path, cache: str, backend: int | None
) -> dict[str, str]:
    packages = [_wagtail()] if shape.site == "gazette" else []
    return {
        "MAGAZINE_DATABASE": str(database),
        "MAGAZINE_JOURNAL": str(journal),
        "MAGAZINE_CACHE": cache,
        "MAGAZINE_BACKEND": str(backend or ""),
        "PYTHONPATH": os.pathsep.join([*packages, str(ROOT)]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _wagtail() -> str:
    """The directory where tests keep it, too: `WARMER_DJANGO_VERSIONS`, or within pytest's cache."""
    from tests.component.django_releases import installed  # noqa: PLC0415 -- it loads pytest

    kept = os.environ.get("WARMER_DJANGO_VERSIONS", ".pytest_cache/d/django-versions")
    environments = ROOT / kept
    environments.mkdir(parents=True, exist_ok=True)
    return str(installed("wagtail-8.0.1", WAGTAIL, environments))
