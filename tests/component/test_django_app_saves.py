"""Saves of a real Django site and what the daemon's stream gets of them."""

from __future__ import annotations

import re
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING

from tests.sites.newsroom.driver import Newsroom, Shell
from tests.sites.newsroom.stream import BASE, Stream, _shared, newsroom, shell, stream

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.stores import RedisServer

__all__ = ["_shared", "newsroom", "shell", "stream"]


def test_a_save_sends_its_page_and_those_that_were_registered(shell: Shell, stream: Stream) -> None:
    shell("""
        sport = Section.objects.create(slug="sport")
        Article.objects.create(slug="one", title="One", section=sport)
    """)
    section, article = stream.new()
    assert section["urls"] == [f"{BASE}/s/sport/"]
    assert article["urls"] == [f"{BASE}/a/one/", f"{BASE}/", f"{BASE}/s/sport/"]
    assert (article["v"], article["why"]) == ("1", "save")
    assert article["tags"] == ["newsroom.article"]
    assert sorted(article) == ["at", "tags", "urls", "v", "why"]
    assert shell("Outbox.objects.count()") == 0


def test_a_model_without_pages_sends_nothing(shell: Shell, stream: Stream) -> None:
    shell("Note.objects.create(text='x').delete(); Tag.objects.create(name='t')")
    assert stream.new() == []


def test_a_new_slug_sends_the_old_and_the_new_page(shell: Shell, stream: Stream) -> None:
    shell("a = Article.objects.create(slug='old', title='x')")
    stream.new()
    shell("a.slug = 'new'; a.save()")
    assert stream.new()[0]["urls"] == [f"{BASE}/a/new/", f"{BASE}/", f"{BASE}/a/old/"]


def test_a_move_to_another_section_warms_both_sections(shell: Shell, stream: Stream) -> None:
    shell("""
        one, two = [Section.objects.create(slug=slug) for slug in ("one", "two")]
        a = Article.objects.create(slug="a", title="x", section=one)
    """)
    stream.new()
    shell("a.section = two; a.save(update_fields=['section'])")
    assert stream.new()[0]["urls"] == [f"{BASE}{path}" for path in ("/a/a/", "/", "/s/two/", "/s/one/")]  # fmt: skip


def test_a_delete_sends_the_page_that_is_gone(shell: Shell, stream: Stream) -> None:
    shell("a = Article.objects.create(slug='a', title='x')")
    stream.new()
    shell("a.delete()")
    (entry,) = stream.new()
    assert (entry["why"], entry["urls"]) == ("delete", [f"{BASE}/a/a/", f"{BASE}/"])


def test_a_query_sets_delete_is_seen_too(shell: Shell, stream: Stream) -> None:
    shell("for n in range(3): Article.objects.create(slug=f'a{n}', title='x')")
    stream.new()
    shell("Article.objects.all().delete()")
    urls = [url for entry in stream.new() for url in entry["urls"]]
    assert {f"{BASE}/a/a0/", f"{BASE}/a/a1/", f"{BASE}/a/a2/"} <= set(urls)


def test_tags_that_are_added_and_removed_send_once_each(shell: Shell, stream: Stream) -> None:
    shell("""
        t = Tag.objects.create(name="t")
        a = Article.objects.create(slug="a", title="x")
    """)
    stream.new()
    shell("a.tags.add(t); a.tags.add(t); a.tags.remove(t); a.tags.add(t); a.tags.clear()")
    entries = stream.new()
    assert [entry["why"] for entry in entries] == ["m2m"] * 4
    assert all(f"{BASE}/a/a/" in entry["urls"] for entry in entries)


def test_a_relation_changed_from_its_other_side_warms_the_pages_that_show_it(
    shell: Shell, stream: Stream
) -> None:
    shell("""
        t = Tag.objects.create(name="t")
        a, b = [Article.objects.create(slug=slug, title="x") for slug in "ab"]
    """)
    stream.new()
    shell("t.article_set.add(a, b)")
    assert {f"{BASE}/a/a/", f"{BASE}/a/b/"} <= set(stream.new()[0]["urls"])
    shell("t.article_set.clear()")
    assert {f"{BASE}/a/a/", f"{BASE}/a/b/"} <= set(stream.new()[0]["urls"])


def test_a_fault_in_the_sites_own_url_breaks_no_save(newsroom: Newsroom, stream: Stream) -> None:
    shell = newsroom.shell()
    shell("Article.objects.create(slug='broken', title='x')")
    assert shell("Article.objects.count()") == 1
    assert [entry["urls"] for entry in stream.new()] == [[f"{BASE}/"]]
    assert "the site's own fault" in shell.log()


def test_an_excluded_model_and_its_urls_are_left_out(
    tmp_path: Path, redis_server: RedisServer, stream: Stream
) -> None:
    warmer = {"stream": redis_server.database(5), "exclude": ["newsroom.Section"]}
    room = Newsroom(tmp_path, {"WARMER": warmer}).migrate()
    room.shell()("Section.objects.create(slug='x'); Article.objects.create(slug='a', title='x')")
    assert [entry["urls"] for entry in stream.new()] == [["/a/a/", "/"]]
    room.close()


def test_without_a_base_url_the_sites_framework_tells_the_host(
    tmp_path: Path, redis_server: RedisServer, stream: Stream
) -> None:
    apps = ["auth", "contenttypes", "messages", "sessions", "admin", "sitemaps", "sites"]
    installed = [*(f"django.contrib.{app}" for app in apps), "tests.sites.newsroom"]
    settings = {
        "INSTALLED_APPS": [*installed, "warmer.contrib.django"],
        "SITE_ID": 1,
        "WARMER": {"stream": redis_server.database(5)},
    }
    room = Newsroom(tmp_path, settings).migrate()
    room.shell()("""
        Section.objects.create(slug="a")
        Site.objects.update(domain="shop.example.test")
        Site.objects.clear_cache()
        Section.objects.create(slug="b")
    """)
    # The first domain is the one of a fresh installation, example.com.
    assert [entry["urls"] for entry in stream.new()] == [
        ["/s/a/"],
        ["https://shop.example.test/s/b/"],
    ]
    room.close()


def test_an_inherited_model_sends_its_page_once_in_one_trigger(
    shell: Shell, stream: Stream
) -> None:
    shell("""
        with transaction.atomic():
            Scoop.objects.create(slug="s", title="x")
    """)
    (entry,) = stream.new()
    assert entry["urls"] == [f"{BASE}/a/s/", f"{BASE}/"]


def test_pages_that_the_site_names_itself_are_sent_after_the_commit(
    shell: Shell, stream: Stream
) -> None:
    shell("""
        with transaction.atomic():
            Article.objects.update(title="y")
            warm(["/top/#now", "https://cdn.example.test/x"], why="import")
    """)
    (entry,) = stream.new()
    assert entry["urls"] == [f"{BASE}/top/", "https://cdn.example.test/x"]
    assert entry["why"] == "import"


def test_a_page_under_language_prefixes_is_sent_in_every_language(
    newsroom: Newsroom, stream: Stream
) -> None:
    newsroom.shell()("""
        from django.conf.urls.i18n import i18n_patterns
        from django.urls import clear_url_caches
        from tests.sites.newsroom import urls
        urls.urlpatterns[:] = i18n_patterns(*urls.urlpatterns)
        from django.conf.urls.i18n import is_language_prefix_patterns_used
        is_language_prefix_patterns_used.cache_clear()
        clear_url_caches()
        Section.objects.create(slug="x")
    """)
    assert stream.new()[0]["urls"] == [f"{BASE}/en/s/x/", f"{BASE}/de/s/x/"]


def test_an_article_saved_in_the_admin_over_http_is_sent(
    newsroom: Newsroom, stream: Stream
) -> None:
    newsroom.shell()("""
        from django.contrib.auth.models import User
        User.objects.create_superuser("ed", password="pw")
        t = Tag.objects.create(name="t")
        Article.objects.create(slug="a", title="Before")
    """)
    stream.new()
    with newsroom.gunicorn() as server:
        admin = Admin(f"http://127.0.0.1:{server.port}")
        admin.submit("/admin/login/?next=/admin/", username="ed", password="pw")
        admin.submit("/admin/newsroom/article/1/change/", slug="b", title="After", tags="1")
    (entry,) = stream.new()
    assert entry["urls"] == [f"{BASE}/a/b/", f"{BASE}/", f"{BASE}/a/a/"]


class Admin:
    """A browser as far as the admin needs one: cookies, and the token of each form."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._cookies = CookieJar()
        self._browser = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self._cookies)
        )

    def submit(self, path: str, **fields: str) -> None:
        form = self._browser.open(self._origin + path).read().decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
        assert token
        body = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1], **fields}).encode()
        answer = self._browser.open(self._origin + path, body)
        page = answer.read().decode()
        assert "errornote" not in page, page


def test_pages_may_be_registered_late_and_by_models_without_a_page(
    newsroom: Newsroom, stream: Stream
) -> None:
    newsroom.shell()("""
        from warmer.contrib.django import warms
        warms(Note)(lambda note: [f"/notes/{note.pk}/"])
        Note.objects.create(text="x").delete()
    """)
    assert [(each["why"], each["urls"]) for each in stream.new()] == [
        ("save", [f"{BASE}/notes/1/"]),
        ("delete", [f"{BASE}/notes/1/"]),
    ]


def test_importing_the_app_brings_none_of_warmers_own_dependencies(newsroom: Newsroom) -> None:
    newsroom.settings["WARMER"] = {"base_url": BASE}
    newsroom.settings["INSTALLED_APPS"] = ["warmer.contrib.django"]
    code = """
import django, sys
django.setup()
import warmer.contrib.django.middleware, warmer.contrib.django.sweep
import warmer.contrib.django.management.commands.warmer_preflight
top = {name.partition(".")[0] for name in sys.modules}
heavy = {"scrapy", "twisted", "pycurl", "msgspec", "uvloop", "rich", "click", "redis", "hiredis",
         "apscheduler", "pymemcache", "zstandard", "brotli", "aiohttp", "http_sf"}
print(sorted(top & heavy))
"""
    import subprocess

    environment = newsroom.environment | {"DJANGO_SETTINGS_MODULE": "tests.sites.newsroom.settings"}
    done = subprocess.run(
        [newsroom.python, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
