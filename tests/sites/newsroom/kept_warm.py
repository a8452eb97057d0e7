"""The newsroom with all that keeps it warm: Redis, gunicorn, and a place for the daemon.

The daemon's file is what `manage.py warmer_config` prints, with where TCP goes and what a
test wants besides.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.servers.process import HOST
from tests.servers.visitor import visit
from tests.sites.newsroom.driver import Newsroom, Shell
from tests.sites.newsroom.editor import ACCOUNT, Editor
from tests.system.daemon_process import Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.servers.process import Running
    from tests.servers.stores import RedisServer
    from tests.servers.visitor import Visit

PUBLIC = "news.example.test"
SECRET = "a shared secret"
VARIABLES = {"WARMER_REFRESH_SECRET": SECRET}
_ARTICLES = """
Article.objects.bulk_create(Article(slug=f"a-{{n}}", title="first") for n in range(1, {count} + 1))
Article.objects.count()
"""


@dataclass(frozen=True, slots=True)
class KeptWarm:
    """A site that answers, with `count` articles `a-1` …, whose daemon is not started yet."""

    room: Newsroom
    server: Running
    shell: Shell
    place: Place

    def visit(self, path: str, headers: Mapping[str, str] | None = None) -> Visit:
        return visit(f"{HOST}:{self.server.port}", f"http://{PUBLIC}{path}", headers)

    def editor(self) -> Editor:
        return Editor(self.server.port, PUBLIC)


@contextlib.contextmanager
def kept_warm(
    directory: Path, redis: RedisServer, *, count: int, render_s: float = 0.0
) -> Iterator[KeptWarm]:
    """The site in English, its pages in database 1, its stream in database 5; debounce 0.

    What a save could not send waits in the outbox for the next save, or for `warmer_outbox`.
    """
    page_cache = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": redis.database(1),
    }
    app: dict[str, object] = {
        "stream": redis.database(5),
        "base_url": f"http://{PUBLIC}",
        "secret": SECRET,
    }
    # A Redis that is slow for once on a busy machine is tried again with the next save.
    app |= {"retry_s": 0.1}
    settings = {
        "CACHES": {"default": page_cache},
        "WARMER": app,
        "LANGUAGES": [["en", "English"]],
        "RENDER_S": render_s,
    }
    room = Newsroom(directory, settings).migrate()
    with contextlib.closing(room), room.gunicorn() as server:
        shell = room.shell()
        shell(ACCOUNT)
        assert shell(_ARTICLES.format(count=count)) == count
        printed = room.manage("warmer_config")
        assert printed.returncode == 0, printed.stderr
        place = Place(directory, PUBLIC)
        place.write(
            f'connect_to = "{HOST}:{server.port}"\n{printed.stdout}\ndebounce_s = 0\n'
            f'[daemon]\nlisten = "{HOST}:0"\n'
        )
        yield KeptWarm(room, server, shell, place)
