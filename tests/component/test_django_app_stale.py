"""What a save, a delete and a refresh do to the pages that a site has cached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sites.newsroom.pages import CORE, keys, refreshed, signed, start

if TYPE_CHECKING:
    from tests.conftest import StartRedis
    from tests.servers.stores import RedisServer
    from tests.sites.newsroom.pages import StartNewsroom

__all__ = ["start"]


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


def test_a_page_cache_that_hangs_is_waited_for_by_one_save_alone(
    start: StartNewsroom, start_redis: StartRedis
) -> None:
    hanging = start_redis()
    _, shell = start(CORE, hanging.database(1), stale="purge")
    before = hanging.connections()
    hanging.server.freeze()
    shell("for n in range(6): Article.objects.create(slug=f'a{n}', title='x')")
    assert shell.log().count("cached pages stay as they are") == 1
    hanging.server.thaw()
    # The save's one, and this look's.
    assert hanging.connections() == before + 2
