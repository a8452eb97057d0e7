"""Cached pages after a save: refreshed in place or removed, whichever Django stores them.

Every kind of page cache on the Django that is installed here; the mechanism itself on each
Django version that an interpreter here can run.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.component.test_django_keys_versions import RUNNABLE, installed
from tests.sites.newsroom.driver import Newsroom, Shell
from warmer.caches.cache_status import members
from warmer.crawl.refresh import refresh_line
from warmer.model import CacheState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import StartRedis
    from tests.servers.stores import MemcachedServer, RedisServer

BASE = "https://news.example.test"
SECRET = "a shared secret"
StartNewsroom = Any
CORE = "django.core.cache.backends.redis.RedisCache"
HELPERS = """
def get(path, method="get", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    site = {"secure": True, "SERVER_NAME": "news.example.test", "headers": named}
    response = getattr(client, method)(path, **site)
    return response.content.decode(), response.headers.get("Cache-Status")
"""


@pytest.fixture
def start(tmp_path: Path, redis_server: RedisServer) -> Iterator[StartNewsroom]:
    rooms: list[Newsroom] = []

    def begin(
        backend: str = CORE, location: str = "", *, stale: str = "", **more: Any
    ) -> tuple[Newsroom, Shell]:
        caches = {
            "default": {
                "BACKEND": backend,
                "LOCATION": location or redis_server.database(1),
                "KEY_PREFIX": "n*ws",
            }
        }
        warmer = {"base_url": BASE, "secret": SECRET, **({"stale": stale} if stale else {})}
        keywords = {key: more.pop(key) for key in ("python", "path") if key in more}
        room = Newsroom(tmp_path, {"CACHES": caches, "WARMER": warmer, **more}, **keywords)
        rooms.append(room.migrate())
        shell = room.shell()
        shell(HELPERS)
        return room, shell

    yield begin
    for room in rooms:
        room.close()


def signed(path: str, secret: str = SECRET, ago_s: float = 0) -> str:
    return refresh_line(BASE + path, secret, time.time() - ago_s).partition(": ")[2]


def refreshed(shell: Shell, path: str, **headers: str) -> list[str | None]:
    named = "".join(f", {name}={value!r}" for name, value in headers.items())
    answer: list[str | None] = shell(f"get({path!r}, X_Warmer_Refresh={signed(path)!r}{named})")
    return answer


def keys(server: RedisServer) -> list[str]:
    """Page entries and header lists; not the index beside them."""
    found: Any = server.client(1).keys("*views.decorators.cache*")
    return sorted(key.decode().partition("cache.")[2] for key in found)


@pytest.fixture
def environments(pytestconfig: pytest.Config) -> Path:
    """Where each Django version is installed once."""
    kept = os.environ.get("WARMER_DJANGO_VERSIONS")
    directory = Path(kept) if kept else pytestconfig.cache.mkdir("django-versions")
    directory.mkdir(parents=True, exist_ok=True)
    return directory


@pytest.mark.parametrize(
    ("version", "python"), [pytest.param(*each.values[:2], id=each.id) for each in RUNNABLE]
)
@pytest.mark.parametrize("path", ["/a/one/", "/by-decorator/one/"])
def test_a_signed_request_renders_and_stores_anew_in_this_django(
    start: StartNewsroom, environments: Path, version: str, python: str, path: str
) -> None:
    site = installed(version, python, environments)
    site_wide = path == "/a/one/"
    room, shell = start(
        python=python, path=(site,), **({} if site_wide else {"MIDDLEWARE": WITHOUT_SITE_CACHE})
    )
    assert shell("import django; django.get_version()") == version
    shell("a = Article.objects.create(slug='one', title='Old')")
    assert shell(f"get('{path}')") == ["Old", "django; fwd=miss; stored"]
    assert shell(f"get('{path}')") == ["Old", "django; hit"]
    shell("a.title = 'New'; a.save()")
    assert shell(f"get('{path}')") == ["Old", "django; hit"]
    assert refreshed(shell, path) == ["New", "django; fwd=request; stored"]
    assert shell(f"get('{path}')") == ["New", "django; hit"]
    assert room.renders() == [path] * 2


WITHOUT_SITE_CACHE = [
    "warmer.contrib.django.middleware.CacheStatusMiddleware",
    "warmer.contrib.django.middleware.RefreshMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]


@pytest.mark.parametrize(
    "middleware",
    [
        ["django.middleware.cache.CacheMiddleware"],
        [],
    ],
    ids=["CacheMiddleware", "none"],
)
def test_the_one_part_middleware_is_refreshed_too_and_no_cache_is_a_bypass(
    start: StartNewsroom, middleware: list[str]
) -> None:
    _, shell = start(MIDDLEWARE=[*WITHOUT_SITE_CACHE[:2], *middleware, *WITHOUT_SITE_CACHE[2:]])
    shell("a = Article.objects.create(slug='one', title='Old'); get('/a/one/')")
    shell("a.title = 'New'; a.save()")
    answer = refreshed(shell, "/a/one/")
    status = "fwd=request; stored" if middleware else "fwd=bypass"
    assert answer == ["New", f"django; {status}"]
    assert shell("get('/a/one/')") == ["New", f"django; {'hit' if middleware else 'fwd=bypass'}"]


def test_a_bad_signature_makes_an_ordinary_request(start: StartNewsroom) -> None:
    room, shell = start()
    shell("Article.objects.create(slug='one', title='x'); get('/a/one/')")
    for header in (
        signed("/a/two/"),
        signed("/a/one/", secret="another"),
        signed("/a/one/", ago_s=400),
        signed("/a/one/", ago_s=-400),
        signed("/a/one/")[:-1],
        "x" * 5000,
        "99999999999999.abc",
        ".",
    ):
        assert shell(f"get('/a/one/', X_Warmer_Refresh={header!r})") == ["x", "django; hit"]
    assert len(room.renders()) == 1


def test_a_replayed_signature_renders_that_page_again_and_no_other(start: StartNewsroom) -> None:
    _, shell = start()
    shell("for slug in ('one', 'two'): Article.objects.create(slug=slug, title=slug)")
    header = signed("/a/one/")
    for _ in range(3):
        answer = shell(f"get('/a/one/', X_Warmer_Refresh={header!r})")
        assert answer == ["one", "django; fwd=request; stored"]
    shell("get('/a/two/')")
    assert shell(f"get('/a/two/', X_Warmer_Refresh={header!r})") == ["two", "django; hit"]


def test_the_status_is_one_that_warmer_reads(start: StartNewsroom) -> None:
    _, shell = start()
    shell("Article.objects.create(slug='one', title='x')")

    def read(path: str, method: str = "get") -> tuple[CacheState, bool, bool]:
        (member,) = members(shell(f"get({path!r}, {method!r})")[1])
        return member.state, member.application, member.stored

    assert read("/a/one/") == (CacheState.MISS, True, True)
    assert read("/a/one/") == (CacheState.HIT, True, False)
    assert read("/private/") == (CacheState.MISS, True, False)
    assert read("/a/missing/") == (CacheState.MISS, True, False)
    assert read("/a/one/", "post") == (CacheState.BYPASS, True, False)


def test_the_status_is_added_after_that_of_caches_behind(start: StartNewsroom) -> None:
    _, shell = start()
    shell("""
        from django.http import HttpResponse
        from django.test import RequestFactory
        from warmer.contrib.django.middleware import CacheStatusMiddleware
        inner = lambda request: HttpResponse(headers={"Cache-Status": "inner; hit"})
        told = CacheStatusMiddleware(inner)(RequestFactory().get("/"))["Cache-Status"]
    """)
    assert shell("told") == "inner; hit, django; fwd=bypass"


def test_stored_is_not_said_of_what_the_cache_did_not_keep(start: StartNewsroom) -> None:
    _, shell = start("django.core.cache.backends.dummy.DummyCache")
    shell("Article.objects.create(slug='one', title='x')")
    assert shell("get('/a/one/')") == ["x", "django; fwd=miss"]


def test_a_page_that_is_gone_is_removed_by_its_refresh(
    start: StartNewsroom, redis_server: RedisServer
) -> None:
    _, shell = start()
    shell("""
        Article.objects.create(slug="one", title="x")
        get("/a/one/"); get("/a/one/", X_Device="phone")
        Article.objects.all()._raw_delete("default")
    """)
    assert len(keys(redis_server)) == 3
    assert refreshed(shell, "/a/one/")[1] == "django; fwd=request"
    assert keys(redis_server) == []


def test_a_refresh_that_fails_leaves_the_old_page(start: StartNewsroom) -> None:
    _, shell = start()
    shell("""
        Article.objects.create(slug="one", title="x"); get("/a/one/")
        connection.cursor().execute("ALTER TABLE newsroom_article RENAME TO away")
        client.raise_request_exception = False
    """)
    assert "Server Error" in str(refreshed(shell, "/a/one/")[0])
    assert shell("get('/a/one/')") == ["x", "django; hit"]


def test_a_refresh_ends_older_entries_that_nobody_refreshes(start: StartNewsroom) -> None:
    _, shell = start()
    shell("""
        a = Article.objects.create(slug="one", title="Old")
        get("/a/one/", X_Device="phone"); get("/a/one/", X_Device="watch")
    """)
    shell("a.title = 'New'; a.save()")
    assert refreshed(shell, "/a/one/", X_Device="phone")[0] == "New"
    assert shell("get('/a/one/', X_Device='phone')") == ["New", "django; hit"]
    assert shell("get('/a/one/', X_Device='watch')") == ["New", "django; fwd=miss; stored"]


def test_a_refresh_leaves_entries_that_are_refreshed_themselves(start: StartNewsroom) -> None:
    _, shell = start()
    shell("a = Article.objects.create(slug='one', title='1')")
    for device in ("phone", "watch"):
        refreshed(shell, "/a/one/", X_Device=device)
    shell("a.title = '2'; a.save()")
    refreshed(shell, "/a/one/", X_Device="phone")
    # Not cold: its own refresh is on the way.
    assert shell("get('/a/one/', X_Device='watch')") == ["1", "django; hit"]
    refreshed(shell, "/a/one/", X_Device="watch")
    assert shell("get('/a/one/', X_Device='watch')") == ["2", "django; hit"]


def test_a_deleted_page_is_removed_at_once_whoever_is_down(start: StartNewsroom) -> None:
    _, shell = start()
    shell("a = Article.objects.create(slug='one', title='x'); get('/a/one/'); get('/')")
    shell("a.delete()")
    assert shell("get('/a/one/')")[1] == "django; fwd=miss"
    assert shell("get('/')") == ["x", "django; hit"]


STORES: dict[str, Callable[[RedisServer], tuple[str, str]]] = {
    "core": lambda server: (CORE, server.database(1)),
    "django-redis": lambda server: ("django_redis.cache.RedisCache", server.database(1)),
    "locmem": lambda _: ("django.core.cache.backends.locmem.LocMemCache", "x"),
}


@pytest.mark.parametrize("store", STORES)
def test_a_purge_removes_every_entry_of_the_url_and_nothing_else(
    start: StartNewsroom, redis_server: RedisServer, store: str
) -> None:
    _, shell = start(*STORES[store](redis_server))
    shell("""
        Article.objects.create(slug="one", title="x")
        for method in ("head", "get"):
            for language in ("en", "de"):
                for device in ("phone", "watch", ""):
                    get("/a/one/", method, Accept_Language=language, X_Device=device)
        get("/by-decorator/one/")
        get("/")
    """)
    assert shell("purge(['/a/one/'])") == 12
    assert shell("get('/a/one/', X_Device='watch')")[1] == "django; fwd=miss; stored"
    assert shell("get('/a/one/', X_Device='phone', Accept_Language='de')")[1] == "django; fwd=miss; stored"  # fmt: skip
    assert shell("get('/')") == ["x", "django; hit"]
    assert shell(f"purge(['{BASE}/by-decorator/one/', '{BASE}/a/two/', '//', ''])") >= 1


def test_a_purge_finds_what_was_stored_before_the_app_was_there(
    start: StartNewsroom, redis_server: RedisServer
) -> None:
    _, shell = start()
    shell("Article.objects.create(slug='one', title='x')")
    shell("for device in 'abc': get('/a/one/', X_Device=device)")
    client = redis_server.client(1)
    indexes: Any = client.keys("*warmer.variants*")
    client.delete(*indexes)
    assert shell("purge(['/a/one/'])") == 3
    assert keys(redis_server) == []


@pytest.mark.parametrize("language_only", [True, False])
def test_on_memcached_a_purge_removes_what_can_be_derived(
    start: StartNewsroom, memcached_server: MemcachedServer, *, language_only: bool
) -> None:
    _, shell = start("django.core.cache.backends.memcached.PyMemcacheCache", memcached_server.node)
    shell("Article.objects.create(slug='one', title='x')")
    path = "/" if language_only else "/a/one/"
    shell(f"get('{path}'); get('{path}', Accept_Language='de'); get('{path}', 'head')")
    assert shell(f"purge(['{path}'])") == 2
    assert shell(f"get('{path}')")[1] == "django; fwd=miss; stored"
    assert ("stay until they expire" in shell.log()) is not language_only


def test_a_save_removes_the_pages_where_the_site_wants_that(start: StartNewsroom) -> None:
    _, shell = start(stale="purge")
    shell("a = Article.objects.create(slug='one', title='Old'); get('/'); get('/a/one/')")
    shell("a.title = 'New'; a.save()")
    # The first purge searches for what is not in the index, and no save waits for that.
    shell("from warmer.contrib.django.background import background; background.drain(10)")
    assert shell("get('/a/one/')") == ["New", "django; fwd=miss; stored"]
    shell("a.title = 'Newer'; a.save()")
    assert shell("get('/a/one/')") == ["Newer", "django; fwd=miss; stored"]
    assert shell("get('/')") == ["Newer", "django; fwd=miss; stored"]


def test_a_save_leaves_the_pages_where_the_site_wants_that(start: StartNewsroom) -> None:
    _, shell = start(stale="leave")
    shell("a = Article.objects.create(slug='one', title='Old'); get('/a/one/')")
    shell("a.title = 'New'; a.save(); a.delete()")
    assert shell("get('/a/one/')") == ["Old", "django; hit"]


@pytest.mark.parametrize("stale", ["purge", "refresh"])
def test_a_page_rendered_while_it_was_saved_is_not_kept(start: StartNewsroom, stale: str) -> None:
    room, shell = start(stale=stale)
    shell("a = Article.objects.create(slug='one', title='Old'); purge(['/'])")
    shell("""
        import threading
        from tests.sites.newsroom import urls
        rendering, saved = threading.Event(), threading.Event()
        def pause(_seconds):
            rendering.set()
            saved.wait(10)
        urls.time.sleep, slept = pause, urls.time.sleep
        visitor = threading.Thread(target=get, args=["/a/one/"])
        visitor.start()
        rendering.wait(10)
        a.title = "New"; a.save()
        urls.time.sleep = slept
        saved.set()
        visitor.join()
    """)
    assert shell("get('/a/one/')") == ["New", "django; fwd=miss; stored"]
    assert len(room.renders()) == 2


def test_a_page_that_is_refreshed_while_it_is_saved_again_stays_warm(start: StartNewsroom) -> None:
    _, shell = start()
    shell("a = Article.objects.create(slug='one', title='1'); get('/a/one/')")
    header = signed("/a/one/")
    shell(f"""
        from tests.sites.newsroom import urls
        def save_meanwhile(_seconds):
            urls.time.sleep = slept
            a.title = "2"; a.save()
        urls.time.sleep, slept = save_meanwhile, urls.time.sleep
        get("/a/one/", X_Warmer_Refresh={header!r})
    """)
    assert shell("get('/a/one/')") == ["1", "django; hit"]
    assert refreshed(shell, "/a/one/") == ["2", "django; fwd=request; stored"]


def test_an_asgi_site_is_refreshed_too(start: StartNewsroom) -> None:
    _, shell = start()
    shell("""
        import asyncio
        from django.test import AsyncClient
        visitors = AsyncClient()
        def ask(**headers):
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            response = asyncio.run(visitors.get("/a/one/", headers=named))
            return response.content.decode(), response.headers["Cache-Status"]
        a = Article.objects.create(slug="one", title="Old")
    """)
    assert shell("ask()") == ["Old", "django; fwd=miss; stored"]
    shell("a.title = 'New'; a.save()")
    assert shell("ask()") == ["Old", "django; hit"]
    header = signed("/a/one/")
    answer = shell(f"ask(X_Warmer_Refresh={header!r})")
    assert answer == ["New", "django; fwd=request; stored"]
    assert shell("ask()") == ["New", "django; hit"]


@pytest.mark.parametrize("stale", ["purge", "refresh"])
def test_a_dead_page_cache_breaks_no_save(start: StartNewsroom, stale: str) -> None:
    _, shell = start(CORE, "redis://127.0.0.1:1/0", stale=stale)
    shell("for n in range(3): Article.objects.create(slug=str(n), title='x').delete()")
    assert shell.log().count("cached pages stay as they are") == 1


def test_a_page_cache_that_hangs_costs_a_save_a_quarter_of_a_second_once(
    start: StartNewsroom, start_redis: StartRedis
) -> None:
    hanging = start_redis()
    _, shell = start(CORE, hanging.database(1), stale="purge")
    hanging.server.freeze()
    first, later = shell("""
        import time
        def timed(slug):
            began = time.monotonic()
            Article.objects.create(slug=slug, title="x")
            return time.monotonic() - began
        timed("a"), max(timed(f"b{n}") for n in range(5))
    """)
    assert 0.2 < first < 1.5
    assert later < 0.2


def test_a_cache_behind_a_unix_socket_has_an_index_too(
    start: StartNewsroom, start_redis: StartRedis, tmp_path: Path
) -> None:
    socket = tmp_path / "redis.sock"
    start_redis("--unixsocket", str(socket))
    _, shell = start(CORE, f"unix://{socket}?db=1")
    shell("Article.objects.create(slug='one', title='x'); get('/a/one/')")
    assert shell("purge(['/a/one/'])") == 1


def test_purging_costs_the_same_in_a_large_redis(
    start: StartNewsroom, redis_server: RedisServer
) -> None:
    _, shell = start()
    shell("Article.objects.create(slug='one', title='x'); get('/a/one/'); purge(['/a/one/'])")
    client: Any = redis_server.client(1)
    pipeline = client.pipeline(transaction=False)
    for n in range(50_000):
        pipeline.set(f"n*ws:1:other.{n}", "")
    pipeline.execute()

    def commands() -> dict[str, int]:
        stats = client.info("commandstats")
        return {name.removeprefix("cmdstat_"): stats[name]["calls"] for name in stats}

    shell("for device in 'abc': get('/a/one/', X_Device=device)")
    before = commands()
    assert shell("purge(['/a/one/'])") == 3
    after = commands()
    spent = {name: after[name] - before.get(name, 0) for name in after}
    assert spent.get("scan", 0) == 0
    assert sum(spent.values()) < 15
