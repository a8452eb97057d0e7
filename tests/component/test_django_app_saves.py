"""Saves of a real Django site and what the daemon's stream gets of them."""

from __future__ import annotations

import json
import re
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING, Any

import pytest

from tests.sites.newsroom.driver import Newsroom, Shell
from warmer.daemon.stream_entry import body_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.stores import RedisServer

BASE = "https://news.example.test"
Entry = dict[str, Any]


@pytest.fixture
def newsroom(tmp_path: Path, redis_server: RedisServer) -> Iterator[Newsroom]:
    warmer = {"stream": redis_server.database(5), "base_url": BASE}
    room = Newsroom(tmp_path, {"WARMER": warmer}).migrate()
    yield room
    room.close()


@pytest.fixture(scope="module")
def _shared(
    tmp_path_factory: pytest.TempPathFactory, _redis_process: RedisServer
) -> Iterator[Shell]:
    warmer = {"stream": _redis_process.database(5), "base_url": BASE}
    room = Newsroom(tmp_path_factory.mktemp("newsroom"), {"WARMER": warmer}).migrate()
    yield room.shell()
    room.close()


@pytest.fixture
def shell(_shared: Shell, redis_server: RedisServer) -> Shell:  # noqa: ARG001 -- emptied by it
    """One process for all tests that leave it as it was; its tables are empty."""
    _shared("""
        from django.apps import apps
        models = [Outbox, *apps.get_app_config("newsroom").get_models(include_auto_created=True)]
        for database in ("default", "archive"):
            with transaction.atomic(using=database):
                for model in models:
                    model._base_manager.using(database).all()._raw_delete(database)
    """)
    return _shared


@pytest.fixture
def stream(redis_server: RedisServer) -> Stream:
    return Stream(redis_server)


class Stream:
    """What was sent since one last looked."""

    def __init__(self, server: RedisServer) -> None:
        self._client: Any = server.client(5)
        self._last = "-"

    def new(self) -> list[Entry]:
        found = self._client.xrange("warmer:triggers", self._last)
        if found:
            self._last = "(" + found[-1][0].decode()
        return [_entry(fields) for _, fields in found]


def _entry(fields: dict[bytes, bytes]) -> Entry:
    # Whatever the site sends, the daemon must take.
    body_of(fields)
    text = {name.decode(): value.decode() for name, value in fields.items()}
    lists = {name: json.loads(text[name]) for name in ("urls", "tags")}
    return {**text, **lists, "at": float(text["at"])}


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


def test_the_saves_of_one_transaction_are_one_trigger(shell: Shell, stream: Stream) -> None:
    shell("""
        with transaction.atomic():
            for n in range(3):
                a = Article.objects.create(slug=f"a{n}", title="x")
                a.save()
            waiting = Outbox.objects.count()
    """)
    (entry,) = stream.new()
    assert entry["urls"] == [f"{BASE}/a/a0/", f"{BASE}/", f"{BASE}/a/a1/", f"{BASE}/a/a2/"]
    assert shell("waiting, Outbox.objects.count()") == [3, 0]


def test_a_large_transaction_is_sent_in_several_messages(shell: Shell, stream: Stream) -> None:
    shell("""
        with transaction.atomic():
            for n in range(600):
                Article.objects.create(slug=f"a{n}", title="x")
    """)
    assert [len(entry["urls"]) for entry in stream.new()] == [500, 101]


def test_a_save_that_is_rolled_back_sends_nothing(shell: Shell, stream: Stream) -> None:
    shell("""
        try:
            with transaction.atomic():
                Article.objects.create(slug="a", title="x")
                raise KeyError
        except KeyError:
            pass
    """)
    assert stream.new() == []
    assert shell("Outbox.objects.count()") == 0
    shell("""
        with transaction.atomic():
            Article.objects.create(slug="b", title="x")
    """)
    assert [entry["urls"] for entry in stream.new()] == [[f"{BASE}/a/b/", f"{BASE}/"]]


def test_what_a_savepoint_rolls_back_is_not_sent_and_the_rest_is(
    shell: Shell, stream: Stream
) -> None:
    shell("""
        with transaction.atomic():
            try:
                with transaction.atomic():
                    Article.objects.create(slug="undone", title="x")
                    raise KeyError
            except KeyError:
                pass
            with transaction.atomic():
                Article.objects.create(slug="inner", title="x")
            Article.objects.create(slug="outer", title="x")
    """)
    (entry,) = stream.new()
    assert entry["urls"] == [f"{BASE}/a/inner/", f"{BASE}/", f"{BASE}/a/outer/"]


def test_the_same_save_after_a_savepoints_rollback_is_written_again(
    shell: Shell, stream: Stream
) -> None:
    shell("a = Article.objects.create(slug='a', title='x')")
    stream.new()
    shell("""
        with transaction.atomic():
            try:
                with transaction.atomic():
                    a.save()
                    raise KeyError
            except KeyError:
                pass
            a.save()
    """)
    assert [entry["urls"] for entry in stream.new()] == [[f"{BASE}/a/a/", f"{BASE}/"]]


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


def test_a_save_in_another_database_uses_the_outbox_there(shell: Shell, stream: Stream) -> None:
    shell("""
        with transaction.atomic(using="archive"):
            Article.objects.using("archive").create(slug="a", title="x")
            there = Outbox.objects.using("archive").count(), Outbox.objects.count()
    """)
    assert shell("there") == [1, 0]
    assert len(stream.new()) == 1
    assert shell("Outbox.objects.using('archive').count()") == 0


def test_a_database_without_an_outbox_uses_the_default_one(
    newsroom: Newsroom, stream: Stream
) -> None:
    shell = newsroom.shell()
    shell("""
        from django.db import connections
        connections["archive"].cursor().execute("DROP TABLE warmer_outbox")
        with transaction.atomic(using="archive"):
            Article.objects.using("archive").create(slug="a", title="x")
    """)
    assert len(stream.new()) == 1
    shell("""
        try:
            with transaction.atomic(using="archive"):
                Article.objects.using("archive").create(slug="b", title="x")
                raise KeyError
        except KeyError:
            pass
    """)
    assert stream.new() == []


def test_a_site_that_was_not_migrated_still_saves_and_sends(
    newsroom: Newsroom, stream: Stream
) -> None:
    shell = newsroom.shell()
    shell("""
        connection.cursor().execute("DROP TABLE warmer_outbox")
        with transaction.atomic():
            Article.objects.create(slug="a", title="x")
    """)
    assert len(stream.new()) == 1
    assert "manage.py migrate" in shell.log()


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


def test_other_models_are_still_deleted_without_being_loaded(shell: Shell) -> None:
    queries = shell("""
        from django.test.utils import CaptureQueriesContext
        Note.objects.create(text="x")
        with CaptureQueriesContext(connection) as seen:
            Note.objects.all().delete()
        [query["sql"].split()[0] for query in seen]
    """)
    assert queries == ["BEGIN", "DELETE", "COMMIT"]


def test_a_save_costs_one_query_before_it_and_two_for_the_outbox(shell: Shell) -> None:
    queries = shell("""
        from django.test.utils import CaptureQueriesContext
        section = Section.objects.create(slug="x")
        with CaptureQueriesContext(connection) as seen:
            section.save()
        [query["sql"].split()[0] for query in seen]
    """)
    assert [each for each in queries if each not in {"BEGIN", "COMMIT"}] == [
        "SELECT", "UPDATE", "INSERT", "DELETE"
    ]  # fmt: skip


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
