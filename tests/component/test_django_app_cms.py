"""A real django CMS: what its editors do, and what the daemon's stream gets of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.component.django_releases import installed
from tests.sites.newsroom.driver import Newsroom

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.stores import RedisServer

BASE = "https://news.example.test"
# packaging: django CMS 5.1 imports it without asking for it.
PACKAGES = ["django-cms==5.1.3", "django>=5.2,<5.3", "redis>=5", "packaging"]


@pytest.fixture
def site_packages(environments: Path) -> Path:
    return installed("django-cms-5.1.3", PACKAGES, environments)


def test_what_an_editor_does_with_a_page_and_its_plugins_warms_it(
    tmp_path: Path, site_packages: Path, redis_server: RedisServer
) -> None:
    settings = {"WARMER": {"stream": redis_server.database(5), "base_url": BASE}}
    module = "tests.sites.newsroom.cms_site"
    room = Newsroom(tmp_path, settings, path=(site_packages,), module=module)
    done = room.manage("migrate", "--run-syncdb", "-v0")
    assert done.returncode == 0, done.stderr
    stream: Any = redis_server.client(5)

    def sent() -> list[tuple[str, set[str]]]:
        entries = stream.xrange("warmer:triggers")
        stream.delete("warmer:triggers")
        found = [(each[b"why"].decode(), json.loads(each[b"urls"])) for _, each in entries]
        return [(why, {url.removeprefix(BASE) for url in urls}) for why, urls in found]

    shell = room.shell()
    shell("""
        from cms.api import create_page
        from django.contrib.auth.models import User
        ed = User.objects.create_superuser("ed")
        page = create_page("Hello", "page.html", "en", created_by=ed)
    """)
    assert ("save", {"/en/hello/", "/de/hello/"}) in sent()
    shell("content = page.get_content_obj('en'); content.title = 'New'; content.save()")
    assert sent() == [("save", {"/en/hello/"})]
    shell("""
        placeholder = Placeholder.objects.create(slot="content", source=content)
        plugin = CMSPlugin(placeholder=placeholder, position=1, language="en", plugin_type="X")
        plugin.save()
    """)
    assert sent() == [("plugin", {"/en/hello/"})]
    shell("plugin.delete()")
    assert sent() == [("plugin", {"/en/hello/"})]
    shell("""
        from types import SimpleNamespace
        from cms.signals import post_obj_operation, post_placeholder_operation
        by = SimpleNamespace(user=ed)
        post_placeholder_operation.send(
            object, operation="move_plugin", request=by, token="", plugin=plugin,
            source_placeholder=placeholder, target_placeholder=placeholder,
        )
        post_obj_operation.send(Page, operation="move_page", request=by, token="", obj=page)
    """)
    assert sent() == [("plugin", {"/en/hello/"})] * 2 + [
        ("operation", {"/en/hello/", "/de/hello/"})
    ]
    shell("page.delete()")
    assert ("delete", {"/en/hello/", "/de/hello/"}) in sent()
    room.close()
