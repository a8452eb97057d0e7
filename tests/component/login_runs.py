"""Roles and crawls with a session, as the tests of logins make them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tests.component.crawl_runs import Notebook
from tests.servers.process import HOST
from tests.sites.newsroom.driver import Newsroom
from warmer.config import CrawlConfig, LoginConfig
from warmer.crawl.crawl import crawl
from warmer.crawl.first_reachable import FirstReachable
from warmer.crawl.login import Account
from warmer.crawl.origin import Origin
from warmer.crawl.plan_job import PlanJob
from warmer.crawl.role import Role
from warmer.model import Target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.sites.newsroom.driver import Shell

PUBLIC = "news.example.test"
BASE = f"http://{PUBLIC}"
PASSWORD = "a word of the reader's"
LOGIN = LoginConfig(url="/accounts/login/", username_env="U", password_env="P", name="reader")
LINES = ["User-Agent: a test", "Accept:"]
READER = Account("reader", PASSWORD)
SESSIONS = "from django.contrib.sessions.models import Session\nSession.objects"


@contextlib.contextmanager
def newsroom(directory: Path, **settings: str) -> Iterator[Newsroom]:
    found = Newsroom(directory, settings).migrate()
    yield found
    found.close()


def shell_with_reader(room: Newsroom, title: str) -> Shell:
    """Of a newsroom that knows the reader, and has forty articles with this title."""
    shell = room.shell()
    shell(
        f"""
        User.objects.create_user("reader", password={PASSWORD!r})
        Article.objects.bulk_create(Article(slug=f"a-{{n}}", title={title!r}) for n in range(40))
        1
        """
    )
    return shell


def new_origin(port: int) -> Origin:
    return Origin(
        base_url=BASE, hosts=frozenset({PUBLIC}), connect_to=f"{HOST}:{port}", timeout_s=10
    )


def new_role(port: int) -> Role:
    return Role(LOGIN, READER, FirstReachable(new_origin(port)), LINES)


async def fetch(
    port: int, role: Role, *paths: str, variants: tuple[str, ...] = ("in",)
) -> Notebook:
    notebook = Notebook()
    planned = [(path, variant) for path in paths for variant in variants]
    job = PlanJob(
        targets=iter(
            Target(rank, BASE + path, variant) for rank, (path, variant) in enumerate(planned, 1)
        ),
        headers=dict.fromkeys(("in", "out"), LINES),
        origin=new_origin(port),
        config=CrawlConfig(concurrency=4, retries=0),
        observer=notebook,
        keep_bytes=1000,
        roles={"in": role},
    )
    await crawl(job)
    return notebook
