"""Variants with a login, by the command line: a real Django admin's form, sessions, leaks."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.servers.process import HOST
from tests.servers.proxies import running_nginx
from tests.servers.visitor import visit
from tests.sites.newsroom.driver import Newsroom
from tests.system.command import crawl, warmer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.process import Running
    from tests.servers.stores import RedisServer
    from tests.servers.visitor import Visit
    from tests.sites.newsroom.driver import Shell
    from tests.system.command import Result

PUBLIC = "news.example.test"
BASE = f"http://{PUBLIC}"
STAFF, CUSTOMER = "staff-s3cret-word", "customer-s3cret-word"
PEOPLE = f"""
User.objects.create_superuser("chief", password={STAFF!r})
User.objects.create_user("reader", password={CUSTOMER!r})
Article.objects.bulk_create(Article(slug=f"a-{{n}}", title="first") for n in range(1, 6))
1
"""
LOGIN = """
[[login]]
name = "staff"
url = "/admin/login/"
username_env = "NEWS_STAFF_USER"
password_env = "NEWS_STAFF_PASSWORD"
"""
CUSTOMER_LOGIN = """
[[login]]
name = "customer"
url = "/accounts/login/"
username_env = "NEWS_CUSTOMER_USER"
password_env = "NEWS_CUSTOMER_PASSWORD"
"""
CUSTOMER_VARIANT = '[[variant]]\nname = "customer"\nlogin = "customer"\n'
STAFF_VARIANT = '[[variant]]\nname = "staff"\nlogin = "staff"\n'
DEFAULT_VARIANT = '[[variant]]\nname = "default"\n'


@dataclass(frozen=True, slots=True)
class Site:
    """The newsroom behind `place`, where `site.toml` is written and the store is."""

    room: Newsroom
    shell: Shell
    server: Running
    place: Path
    cache: str

    def write(self, *tables: str, keys: bool = True, port: int = 0) -> None:
        node = f"{HOST}:{port or self.server.port}"
        head = f'name = "newsroom"\nbase_url = "{BASE}"\nconnect_to = "{node}"\n'
        cache = f'[[cache]]\nurl = "{self.cache}"\n' if keys else ""
        (self.place / "site.toml").write_text("\n".join([head, *tables, cache]))

    def crawl(self, *paths: str, word: str = "crawl") -> Result:
        urls = "\n".join(f"{BASE}{path}" for path in paths)
        return crawl(self.place, "-c", "site.toml", "-", stdin=urls, word=word)

    def sessions(self) -> list[str]:
        """The keys of all sessions, which are the values of their cookies."""
        found: list[str] = self.shell(
            "from django.contrib.sessions.models import Session\n"
            "list(Session.objects.values_list('session_key', flat=True))"
        )
        return found

    def visit(self, path: str) -> Visit:
        return visit(f"{HOST}:{self.server.port}", f"{BASE}{path}")


@pytest.fixture
def site(
    tmp_path: Path, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    monkeypatch.setenv("NEWS_STAFF_USER", "chief")
    monkeypatch.setenv("NEWS_STAFF_PASSWORD", STAFF)
    monkeypatch.setenv("NEWS_CUSTOMER_USER", "reader")
    monkeypatch.setenv("NEWS_CUSTOMER_PASSWORD", CUSTOMER)
    cache = redis_server.database(1)
    caches = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": cache}
    }
    settings = {"CACHES": caches, "LOGIN_URL": "/accounts/login/"}
    room = Newsroom(tmp_path / "room", settings).migrate()
    place = tmp_path / "place"
    place.mkdir()
    with contextlib.closing(room), room.gunicorn() as server:
        shell = room.shell()
        shell(PEOPLE)
        yield Site(room, shell, server, place, cache)


def test_a_page_behind_a_login_is_fetched_by_its_variant_and_by_no_other(site: Site) -> None:
    site.write(LOGIN, DEFAULT_VARIANT, STAFF_VARIANT)
    done = site.crawl("/a/a-1/", "/members/a-2/")
    found = {(row.target, row.variant): (row.verdict, row.reason, row.status) for row in done.rows}
    assert found == {
        ("/a/a-1/", "default"): ("warm", None, 200),
        ("/a/a-1/", "staff"): ("warm", None, 200),
        ("/members/a-2/", "default"): ("uncacheable", "no-store", 200),  # the login form
        ("/members/a-2/", "staff"): ("uncacheable", "vary-cookie", 200),
    }


def test_a_page_behind_a_login_that_everybody_gets_is_told_as_a_leak(site: Site) -> None:
    site.write(LOGIN, STAFF_VARIANT)
    done = site.crawl("/leaky/a-1/")
    assert [(row.verdict, row.reason) for row in done.rows] == [
        ("uncacheable", "private-page-shared")
    ]
    assert site.visit("/leaky/a-1/").status == 200
    assert "DATA LEAK: http://news.example.test/leaky/a-1/ is behind a login" in done.stdout


def test_a_leak_is_found_behind_more_popular_pages_that_are_kept_apart(site: Site) -> None:
    site.write(LOGIN, CUSTOMER_LOGIN, STAFF_VARIANT, CUSTOMER_VARIANT)
    done = site.crawl(*(f"/members/a-{n}/" for n in range(1, 6)), "/leaky/a-1/", "/leaky/a-2/")
    assert site.visit("/leaky/a-1/").status == 200
    assert "DATA LEAK: http://news.example.test/leaky/a-1/ is behind a login" in done.stdout


def test_a_page_that_is_everybodys_is_told_of_where_a_session_made_it(site: Site) -> None:
    site.write(LOGIN, STAFF_VARIANT)
    done = site.crawl("/a/a-1/", "/a/a-2/")
    assert done.warm() == ["/a/a-1/", "/a/a-2/"]
    (warning,) = done.report["warnings"]
    assert warning == (
        "2 pages rendered for a login, stored for everybody, such as"
        " http://news.example.test/a/a-1/: see that they show nothing of the account;"
        " Cache-Control: private, or Vary: Cookie, keeps them from others"
    )


@pytest.mark.parametrize(
    ("key", "verdict"),
    [
        ("$cookie_sessionid", ("uncacheable", "unknown")),
        ("", ("uncacheable", "private-page-shared")),
    ],
)
def test_a_proxy_in_silence_is_asked_by_another_session(
    site: Site, tmp_path: Path, key: str, verdict: tuple[str, str]
) -> None:
    with running_nginx(tmp_path / "nginx", in_silence(site.server.port, key)) as proxy:
        site.write(LOGIN, STAFF_VARIANT, keys=False, port=proxy.port)
        done = site.crawl("/members/a-1/", "/members/a-2/")
    assert {(row.verdict, row.reason) for row in done.rows} == {verdict}


def in_silence(origin: int, key: str) -> str:
    """nginx that keeps every page under host, path and `key`, and takes Vary away."""
    return f"""
        proxy_cache_path @DIR@/cache keys_zone=pages:1m;
        server {{
            listen 127.0.0.1:@PORT@;
            location / {{
                proxy_pass http://127.0.0.1:{origin};
                proxy_set_header Host $http_host;
                proxy_ignore_headers Vary Cache-Control Expires Set-Cookie;
                proxy_hide_header Vary;
                proxy_cache pages;
                proxy_cache_methods GET;
                proxy_cache_key $http_host$request_uri{key};
                proxy_cache_valid 200 5m;
                proxy_no_cache $is_login;
                proxy_cache_bypass $is_login;
                add_header X-Cache-Status $upstream_cache_status;
            }}
        }}
        map $uri $is_login {{ default ""; ~/login/ 1; }}"""


def test_an_explanation_asks_as_the_variant_does_and_shows_no_secret(site: Site) -> None:
    site.write(LOGIN, STAFF_VARIANT)
    private = warmer(site.place, "explain", "/members/a-1/", "-c", "site.toml", "--json")
    leaky = warmer(site.place, "explain", "/leaky/a-2/", "-c", "site.toml")
    assert json.loads(private.stdout)["visits"][0]["response"]["status"] == 200
    assert json.loads(private.stdout)["visits"][0]["reason"] == "vary-cookie"
    assert json.loads(private.stdout)["visits"][0]["request"]["headers"]["Cookie"] == "***"
    assert "DATA LEAK" in leaky.stdout
    everything = private.stdout + private.stderr + leaky.stdout + leaky.stderr
    assert [word for word in [STAFF, *site.sessions()] if word in everything] == []


def test_check_tries_each_login(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.write(LOGIN, STAFF_VARIANT)
    good = warmer(site.place, "check", "site.toml")
    monkeypatch.setenv("NEWS_STAFF_PASSWORD", f"not-{STAFF}")
    bad = warmer(site.place, "check", "site.toml")
    assert (good.code, bad.code) == (0, 2)
    assert 'login "staff": a session, by /admin/login/' in good.stdout
    assert 'login "staff": refused: the form comes again with status 200' in bad.stdout + bad.stderr
    assert STAFF not in bad.stdout + bad.stderr


def test_a_wrong_password_ends_the_run_before_a_page_is_fetched(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.write(LOGIN, DEFAULT_VARIANT, STAFF_VARIANT)
    monkeypatch.setenv("NEWS_STAFF_PASSWORD", f"not-{STAFF}")
    done = site.crawl("/a/a-1/")
    assert done.code == 2
    assert 'login "staff": refused: the form comes again with status 200' in done.stdout
    assert done.report["run"]["status"] == "aborted"
    assert site.room.renders() == []


def test_an_account_that_is_not_in_the_environment_is_asked_for_first(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.write(LOGIN, STAFF_VARIANT)
    monkeypatch.delenv("NEWS_STAFF_PASSWORD")
    done = site.crawl("/a/a-1/")
    assert done.code == 2
    assert "NEWS_STAFF_PASSWORD, which is not set" in done.stderr
    assert not (site.place / "report.json").exists()


def test_nothing_that_is_written_holds_a_secret(site: Site) -> None:
    site.write(LOGIN, CUSTOMER_LOGIN, STAFF_VARIANT, CUSTOMER_VARIANT)
    done = crawl(
        site.place,
        *("-v", "-c", "site.toml", "-", "--report", "all.xml"),
        stdin=f"{BASE}/members/a-1/\n{BASE}/leaky/a-1/\n{BASE}/a/a-1/",
    )
    sessions = site.sessions()
    assert len(sessions) >= 2
    files = [each for each in site.place.iterdir() if each.name != "site.toml"]
    assert {"all.xml", "report.json", "report.jsonl", "warmer.db"} <= {each.name for each in files}
    told = [done.stdout.encode(), done.stderr.encode(), *(each.read_bytes() for each in files)]
    secrets = [STAFF, CUSTOMER, *sessions]
    assert [word for word in secrets if any(word.encode() in each for each in told)] == []


def test_two_roles_see_what_is_theirs(site: Site) -> None:
    site.write(LOGIN, CUSTOMER_LOGIN, STAFF_VARIANT, CUSTOMER_VARIANT)
    done = site.crawl("/admin/newsroom/article/", "/members/a-1/")
    found = {(row.target, row.variant): (row.verdict, row.reason, row.status) for row in done.rows}
    assert found == {
        ("/admin/newsroom/article/", "staff"): ("uncacheable", "vary-cookie", 200),
        ("/admin/newsroom/article/", "customer"): ("failed", "login", None),
        ("/members/a-1/", "staff"): ("uncacheable", "vary-cookie", 200),
        ("/members/a-1/", "customer"): ("uncacheable", "vary-cookie", 200),
    }


def test_a_run_without_a_cache_server_calls_no_sessions_page_warm(site: Site) -> None:
    site.write(LOGIN, DEFAULT_VARIANT, STAFF_VARIANT, keys=False)
    done = site.crawl("/members/a-1/", "/members/a-2/")
    assert done.warm() == []


def test_verify_needs_no_login_and_finds_no_entry_of_a_session(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.write(LOGIN, DEFAULT_VARIANT, STAFF_VARIANT)
    site.crawl("/a/a-1/", "/members/a-1/")
    monkeypatch.delenv("NEWS_STAFF_PASSWORD")
    done = site.crawl("/a/a-1/", "/members/a-1/", word="verify")
    found = {(row.target, row.variant): (row.verdict, row.reason) for row in done.rows}
    assert done.code == 0
    assert found == {
        ("/a/a-1/", "default"): ("warm", None),
        # Which language a cookie chooses, only a response could tell.
        ("/a/a-1/", "staff"): ("unverified", "not-attempted"),
        ("/members/a-1/", "default"): ("unverified", "not-in-cache"),
        ("/members/a-1/", "staff"): ("unverified", "not-attempted"),
    }
