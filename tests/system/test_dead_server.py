"""Several servers, the first one dead: what any server can give comes from the next."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import pytest

from tests.servers import fronts
from tests.servers.django_site import PUBLIC_HOST, SiteOptions
from tests.servers.misbehaviour import close_at_once, page
from tests.servers.process import HOST
from tests.servers.rogue import Rogue
from tests.sites.newsroom.driver import Newsroom
from tests.system.command import crawl, warmer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartNginx, StartSite
    from tests.servers.django_site import DjangoSite

PAGES = 4
PRODUCTS = [f"/p/{number}/" for number in range(1, PAGES + 1)]
PASSWORD = "chief-s3cret-word"


@pytest.fixture
def site(start_site: StartSite) -> DjangoSite:
    return start_site(SiteOptions(pages=PAGES))


@pytest.fixture
def front(site: DjangoSite, start_nginx: StartNginx) -> str:
    return start_nginx(fronts.nginx_cache(site.port)).node


def write(directory: Path, *servers: str, crawl: str = "", more: str = "") -> None:
    (directory / "site.toml").write_text(
        f'base_url = "http://{PUBLIC_HOST}"\nconnect_to = {json.dumps(servers)}\n{more}\n'
        f"[crawl]\n{crawl}\n",
        encoding="utf-8",
    )


@pytest.mark.parametrize(
    "source",
    [
        'url = "/sitemap.xml"',
        'kind = "robots"',
        'url = "/p/1/"\nkind = "discover"',
    ],
)
def test_sources_come_from_the_first_server_that_can_be_reached(
    source: str, front: str, nobody: str, tmp_path: Path
) -> None:
    write(tmp_path, nobody, front, more=f"[[source]]\n{source}")
    found = warmer(tmp_path, "plan", "-c", "site.toml")
    assert found.code == 0, found.stderr
    assert [path for path in PRODUCTS if f"{PUBLIC_HOST}{path}\t" in found.stdout] == PRODUCTS


def test_a_sitemap_that_one_server_was_asked_for_goes_to_no_other(
    started: contextlib.ExitStack, tmp_path: Path
) -> None:
    first, second = Rogue(), Rogue()
    for server in (first, second):
        server.start()
        started.callback(server.stop)
    first.on("/sitemap.xml", close_at_once())
    second.on("/sitemap.xml", page())
    write(tmp_path, first.node, second.node, crawl="retries = 0")
    found = warmer(tmp_path, "plan", "-c", "site.toml", f"http://{PUBLIC_HOST}/sitemap.xml")
    assert (found.code, first.count(), second.count()) == (3, 1, 0), found.stderr


def test_a_source_without_any_server_is_unreachable(nobody: str, tmp_path: Path) -> None:
    write(tmp_path, nobody, f"{HOST}:1", crawl="retries = 0")
    found = warmer(tmp_path, "plan", "-c", "site.toml", f"http://{PUBLIC_HOST}/sitemap.xml")
    assert found.code == 3
    assert "cannot be fetched: connect: " in found.stderr


@pytest.mark.parametrize("distribute", ["spread", "clone"])
def test_rules_of_robots_txt_come_from_the_first_server_that_can_be_reached(
    distribute: str, site: DjangoSite, front: str, nobody: str, tmp_path: Path
) -> None:
    write(tmp_path, nobody, front, crawl=f'robots = true\ndistribute = "{distribute}"')
    paths = "\n".join([*PRODUCTS, "/private/"])
    found = crawl(tmp_path, "-c", "site.toml", "-", stdin=paths)
    assert found.warm() == PRODUCTS, found.stderr
    assert site.renders("/private/") == 0


@pytest.mark.parametrize("distribute", ["spread", "clone"])
def test_a_login_is_made_at_the_first_server_that_can_be_reached(
    distribute: str, nobody: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NEWS_USER", "chief")
    monkeypatch.setenv("NEWS_PASSWORD", PASSWORD)
    login = (
        '[login]\nurl = "/admin/login/"\nusername_env = "NEWS_USER"\n'
        'password_env = "NEWS_PASSWORD"\n[[variant]]\nname = "staff"\nlogin = "default"\n'
    )
    room = Newsroom(tmp_path / "room", {"LOGIN_URL": "/accounts/login/"}).migrate()
    with contextlib.closing(room), room.gunicorn() as server:
        room.shell()(
            f'User.objects.create_superuser("chief", password={PASSWORD!r})\n'
            'Article.objects.create(slug="a-1", title="first")\n1'
        )
        node = f"{HOST}:{server.port}"
        write(tmp_path, nobody, node, more=login, crawl=f'distribute = "{distribute}"')
        text = (tmp_path / "site.toml").read_text().replace(PUBLIC_HOST, "news.example.test")
        (tmp_path / "site.toml").write_text(text)

        checked = warmer(tmp_path, "check", "site.toml")
        found = crawl(tmp_path, "-c", "site.toml", "-", stdin="/members/a-1/\n")

    assert f"by way of {nobody}: connect: " in checked.stdout + checked.stderr
    assert "a session, by /admin/login/" in checked.stdout, checked.stdout
    assert [row.reason for row in found.rows if row.status == 200] == ["vary-cookie"], found.stderr


def test_a_named_canary_is_watched_at_a_server_that_can_be_reached(
    start_site: StartSite, start_nginx: StartNginx, nobody: str, tmp_path: Path
) -> None:
    site = start_site(SiteOptions(pages=24, render_s=0.02))
    front = start_nginx(fronts.nginx_cache(site.port)).node
    write(tmp_path, nobody, front, more='[guard]\nurl = "/p/1/"')
    checked = warmer(tmp_path, "check", "site.toml")
    assert f"ok   guard.url http://{PUBLIC_HOST}/p/1/: " in checked.stdout

    pages = "\n".join(f"/p/{number}/" for number in range(1, 25))
    found = crawl(tmp_path, "-c", "site.toml", "-", "-v", stdin=pages)

    assert len(found.warm()) == 24, found.stderr
    assert f"the visitor guard watches http://{PUBLIC_HOST}/p/1/: " in found.stderr
