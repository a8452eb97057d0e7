"""Refresh in place and Cache-Status, on every kind of page cache and each Django here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.component.django_releases import RUNNABLE, installed_django
from tests.sites.newsroom.pages import refreshed, signed, start
from warmer.caches.cache_status import members
from warmer.model import CacheState

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sites.newsroom.pages import StartNewsroom

__all__ = ["start"]


@pytest.mark.parametrize(
    ("version", "python"), [pytest.param(*each.values[:2], id=each.id) for each in RUNNABLE]
)
@pytest.mark.parametrize("path", ["/a/one/", "/by-decorator/one/"])
def test_a_signed_request_renders_and_stores_anew_in_this_django(
    start: StartNewsroom, environments: Path, version: str, python: str, path: str
) -> None:
    site = installed_django(version, python, environments)
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
