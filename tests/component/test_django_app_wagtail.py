"""A real Wagtail: what the daemon's stream gets of its editors' work, and of what it purges itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.component.django_releases import installed
from tests.sites.newsroom.driver import Newsroom, Shell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.stores import RedisServer

BASE = "https://news.example.test"
MODULE = "tests.sites.newsroom.wagtail_site"
PACKAGES = ["wagtail==8.0.1", "django>=5.2,<5.3", "redis>=5"]
FRONTEND = {"warmer": {"BACKEND": "warmer.contrib.django.wagtail.FrontendCacheBackend"}}


@pytest.fixture
def site_packages(environments: Path) -> Path:
    return installed("wagtail-8.0.1", PACKAGES, environments)


class Wagtail:
    """The site with a home page, and what it sent since one last looked."""

    def __init__(self, shell: Shell, server: RedisServer) -> None:
        self.shell = shell
        self._stream: Any = server.client(5)
        shell("""
            from wagtail.models import Locale, Site
            Locale.objects.create(language_code="en")
            home = Page.add_root(title="Home", slug="home")
            Site.objects.create(
                hostname="news.example.test", port=443, root_page=home, is_default_site=True
            )
            def story(slug, parent=home, live=True):
                return parent.add_child(instance=StoryPage(title=slug, slug=slug, live=live))
        """)
        self.sent()

    def sent(self) -> list[tuple[str, list[str]]]:
        entries = self._stream.xrange("warmer:triggers")
        self._stream.delete("warmer:triggers")
        found = [(fields[b"why"].decode(), json.loads(fields[b"urls"])) for _, fields in entries]
        return [(why, sorted(url.removeprefix(BASE) for url in urls)) for why, urls in found]


@pytest.fixture
def wagtail(
    tmp_path: Path, site_packages: Path, redis_server: RedisServer, request: pytest.FixtureRequest
) -> Iterator[Wagtail]:
    settings = {"WARMER": {"stream": redis_server.database(5)}, **getattr(request, "param", {})}
    room = Newsroom(tmp_path, settings, path=(site_packages,), module=MODULE)
    done = room.manage("migrate", "--run-syncdb", "-v0")
    assert done.returncode == 0, done.stderr
    yield Wagtail(room.shell(), redis_server)
    room.close()


def test_what_an_editor_does_with_a_page_warms_it(wagtail: Wagtail) -> None:
    shell = wagtail.shell
    shell("one, two = story('one', live=False), story('two')")
    wagtail.sent()
    shell("one.title = 'Draft'; one.save_revision()")
    assert wagtail.sent() == []
    shell("one.save_revision().publish(); one.refresh_from_db()")
    assert wagtail.sent() == [("publish", ["/one/", "/one/print/"])]
    shell("story('below', two); two.refresh_from_db(); two.move(one, pos='last-child')")
    moved = [each for each in wagtail.sent() if each[0] == "move"]
    assert moved == [
        (
            "move",
            ["/one/two/", "/one/two/below/", "/one/two/below/print/", "/one/two/print/",
             "/two/", "/two/below/", "/two/below/print/", "/two/print/"],
        )
    ]  # fmt: skip
    shell("one = StoryPage.objects.get(slug='one'); one.slug = 'uno'; one.save()")
    (renamed,) = wagtail.sent()
    assert renamed[0] == "slug"
    assert {"/one/", "/uno/", "/one/two/below/", "/uno/two/below/"} <= set(renamed[1])
    shell("one.unpublish()")
    assert wagtail.sent() == [("unpublish", ["/uno/", "/uno/print/"])]
    shell("StoryPage.objects.get(slug='two').delete()")
    urls = {url for why, each in wagtail.sent() for url in each if why == "delete"}
    assert urls == {"/uno/two/", "/uno/two/print/", "/uno/two/below/", "/uno/two/below/print/"}


def test_a_publication_that_is_rolled_back_sends_nothing(wagtail: Wagtail) -> None:
    wagtail.shell("""
        one = story("one", live=False)
        try:
            with transaction.atomic():
                one.save_revision().publish()
                raise KeyError
        except KeyError:
            pass
    """)
    assert wagtail.sent() == []


@pytest.mark.parametrize("wagtail", [{"WAGTAILFRONTENDCACHE": FRONTEND}], indirect=True)
def test_the_frontend_cache_backend_takes_exact_urls(wagtail: Wagtail) -> None:
    shell = wagtail.shell
    shell("""
        from wagtail.contrib.frontend_cache.utils import PurgeBatch
        batch = PurgeBatch([f"https://news.example.test/list/{n}/" for n in range(3)])
        batch.purge()
    """)
    assert wagtail.sent() == [("publish", ["/list/0/", "/list/1/", "/list/2/"])]
    shell("one = story('one', live=False); one.save_revision().publish()")
    sent = wagtail.sent()
    assert {url for _, urls in sent for url in urls} == {"/one/", "/one/print/"}
