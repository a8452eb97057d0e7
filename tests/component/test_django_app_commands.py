"""`warmer_config` and `warmer_keys` of real sites, read by warmer itself."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from tests.component.django_releases import RUNNABLE, installed_django
from tests.sites.newsroom.driver import Newsroom, Shell
from warmer.caches.address import parse
from warmer.config_file import build_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.stores import RedisServer
    from warmer.config import SiteConfig

FOR_ADMIN = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
CORE = "django.core.cache.backends.redis.RedisCache"
SECRETS = {
    "WARMER_CACHE_PASSWORD": "one",
    "WARMER_CACHE_PAGES_PASSWORD": "two",
    "WARMER_REFRESH_SECRET": "three",
    "WARMER_STREAM_PASSWORD": "four",
}


@pytest.fixture
def open_room(tmp_path: Path) -> Iterator[Any]:
    rooms: list[Newsroom] = []

    def begin(**settings: Any) -> Newsroom:
        keywords = {key: settings.pop(key) for key in ("python", "path") if key in settings}
        rooms.append(Newsroom(tmp_path, settings, **keywords))
        return rooms[-1]

    yield begin
    for room in rooms:
        room.close()


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """One process for all tests that only ask under other settings: `asked`."""
    room = Newsroom(tmp_path_factory.mktemp("newsroom"), {})
    yield room.shell()
    room.close()


def asked(shell: Shell, expression: str, **settings: Any) -> Any:
    return shell(f"""
        from django.test import override_settings
        from warmer.contrib.django.site_file import site_file
        with override_settings(**{settings!r}):
            found = {expression}
        found
    """)


def printed(room: Newsroom) -> str:
    done = room.manage("warmer_config")
    assert done.returncode == 0, done.stderr
    return done.stdout


def read(text: str) -> SiteConfig:
    return build_site(tomllib.loads(text), place="site.toml", environment=SECRETS)


def test_the_printed_file_is_a_site_of_warmers(open_room: Any) -> None:
    text = printed(
        open_room(
            CACHES={
                "default": {
                    "BACKEND": CORE,
                    "LOCATION": "redis://web:hunter2@10.0.0.20:6380/1",
                    "KEY_PREFIX": 'sh"op',
                    "VERSION": 3,
                }
            },
            CACHE_MIDDLEWARE_KEY_PREFIX="wide",
            MIDDLEWARE=["django.middleware.cache.UpdateCacheMiddleware", *FOR_ADMIN],
            WARMER={
                "stream": "redis://:hunter2@10.0.0.21/5",
                "key": "news",
                "base_url": "https://www.example.com",
                "secret": "hunter2",
            },
        )
    )
    assert "hunter2" not in text
    site = read(text)
    assert (site.name, site.base_url) == ("example.com", "https://www.example.com")
    assert [source.url for source in site.source] == ["/sitemap.xml"]
    (cache,) = site.cache
    assert cache.url == "redis://web:one@10.0.0.20:6380/1"
    assert parse(cache.url).password == "one"
    assert cache.keys
    keys = (cache.keys.prefix, cache.keys.version, cache.keys.page_prefix)
    assert keys == ('sh"op', 3, "wide")
    assert (cache.keys.language, cache.keys.time_zone) == ("en", "Europe/Berlin")
    assert site.crawl.refresh_secret == "three"
    assert site.invalidation
    assert (site.invalidation.stream, site.invalidation.key) == (
        "redis://:four@10.0.0.21/5",
        "news",
    )


def test_without_languages_and_zones_the_keys_end_in_neither(shell: Shell) -> None:
    caches = {"default": {"BACKEND": CORE, "LOCATION": "redis://10.0.0.20"}}
    (cache,) = read(asked(shell, "site_file()", CACHES=caches, USE_I18N=False, USE_TZ=False)).cache
    assert cache.keys
    assert (cache.keys.language, cache.keys.time_zone) == ("", "")
    assert cache.url == "redis://10.0.0.20/0"


def test_a_negotiated_language_becomes_variants_and_is_not_pinned(shell: Shell) -> None:
    caches = {"default": {"BACKEND": CORE, "LOCATION": "redis://10.0.0.20/0"}}
    site = read(asked(shell, "site_file()", CACHES=caches))
    assert [each.headers for each in site.variant] == [
        {"Accept-Language": "en"},
        {"Accept-Language": "de"},
    ]
    assert site.cache[0].keys
    assert site.cache[0].keys.language is None


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        (
            {"LOCATION": ["redis://10.0.0.20/1", "redis://replica/1"]},
            "redis://10.0.0.20/1",
        ),
        ({"LOCATION": "redis://10.0.0.20", "OPTIONS": {"db": 4}}, "redis://10.0.0.20/4"),
        ({"LOCATION": "redis://10.0.0.20?db=4"}, "redis://10.0.0.20/4"),
        ({"LOCATION": "unix:///run/redis.sock?db=2"}, "unix:///run/redis.sock?db=2"),
        (
            {"LOCATION": "rediss://10.0.0.20/1?ssl_ca_certs=/etc/ca.pem"},
            "rediss://10.0.0.20/1?ca_file=/etc/ca.pem",
        ),
        (
            {
                "BACKEND": "django_redis.cache.RedisCache",
                "LOCATION": "redis://10.0.0.20/1",
                "OPTIONS": {"PASSWORD": "hunter2"},
            },
            "redis://:one@10.0.0.20/1",
        ),
        (
            {
                "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
                "LOCATION": ["10.0.0.20:11211", "10.0.0.21:11211"],
            },
            "memcached://10.0.0.20:11211,10.0.0.21:11211",
        ),
        (
            {
                "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
                "LOCATION": "unix:/run/memcached.sock",
            },
            "memcached+unix:///run/memcached.sock",
        ),
    ],
)
def test_each_way_to_name_a_cache_becomes_a_cache_url(
    shell: Shell, entry: dict[str, Any], url: str
) -> None:
    text = asked(shell, "site_file()", CACHES={"default": {"BACKEND": CORE, **entry}})
    (cache,) = read(text).cache
    assert cache.url == url
    assert parse(cache.url).shown


def test_a_cache_that_nobody_can_ask_is_a_comment(shell: Shell) -> None:
    text = asked(shell, "site_file()")
    assert read(text).cache == ()
    assert '# Cache "default": django.core.cache.backends.locmem.LocMemCache cannot' in text


def test_a_host_that_is_only_allowed_is_called_a_guess(shell: Shell) -> None:
    text = asked(shell, "site_file()", WARMER={})
    assert read(text).base_url == "https://news.example.test"
    assert "# A guess" in text


@pytest.mark.parametrize(
    ("version", "python", "variant"), [pytest.param(*each.values, id=each.id) for each in RUNNABLE]
)
def test_the_hash_variant_is_that_of_the_running_django(
    open_room: Any,
    environments: Path,
    version: str,
    python: str,
    variant: str,
) -> None:
    caches = {"default": {"BACKEND": CORE, "LOCATION": "redis://10.0.0.20/0"}}
    room = open_room(
        CACHES=caches, python=python, path=(installed_django(version, python, environments),)
    )
    (cache,) = read(printed(room)).cache
    assert cache.keys
    assert cache.keys.hash == variant


def test_the_keys_of_a_url_are_shown_with_presence_and_life(
    open_room: Any, redis_server: RedisServer
) -> None:
    caches = {"default": {"BACKEND": CORE, "LOCATION": redis_server.database(1)}}
    room = open_room(CACHES=caches).migrate()
    nothing = room.manage("warmer_keys", "/a/one/")
    assert nothing.returncode == 1
    assert "present" not in nothing.stdout
    room.shell()("""
        Article.objects.create(slug="one", title="x")
        for device in ("phone", "watch"):
            client.get("/a/one/", secure=True, SERVER_NAME="news.example.test",
                       headers={"X-Device": device})
    """)
    shown = room.manage("warmer_keys", "/a/one/")
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    present = [line.split() for line in lines if line.startswith("present")]
    stored: Any = redis_server.client(1).keys("*cache_page*")
    assert sorted(line[3] for line in present) == sorted(key.decode() for key in stored)
    assert all(500 < int(line[1]) <= 600 for line in present)
    assert any(line.endswith("  HTTP_X_ABSENT, HTTP_X_DEVICE") for line in lines)
    watch = room.manage(
        "warmer_keys", "https://news.example.test/a/one/", "--header", "X-Device: tablet"
    )
    assert sum(line.startswith("absent ") and "cache_page" in line for line in watch.stdout.splitlines()) == 1  # fmt: skip


def test_a_path_for_which_no_host_is_known_is_refused(open_room: Any) -> None:
    done = open_room(WARMER={}, ALLOWED_HOSTS=["*"]).manage("warmer_keys", "/a/")
    assert done.returncode == 1
    assert "no host known" in done.stderr
