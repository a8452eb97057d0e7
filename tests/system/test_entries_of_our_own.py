"""Entries that only our own request headers select are never called warm; renders are the judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers.django_site import DjangoSite, SiteOptions
from tests.servers.misbehaviour import page
from tests.system.command import assert_proven, crawl

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartRedis, StartSite
    from tests.servers.rogue import Rogue
    from tests.servers.stores import RedisServer
    from tests.system.command import Result

PAGES = 8
PRODUCTS = [f"/p/{number}/" for number in range(1, PAGES + 1)]
LOGIN = "Basic bGF1bmNoOnMzY3I3dA=="


@pytest.fixture
def redis(start_redis: StartRedis) -> RedisServer:
    return start_redis()


@pytest.fixture
def site(start_site: StartSite, redis: RedisServer) -> DjangoSite:
    return start_site(
        SiteOptions(cache_backend="redis", cache_location=redis.url, site_cache=True, pages=PAGES)
    )


def run(
    directory: Path,
    site: DjangoSite,
    redis: RedisServer,
    more: str,
    *,
    word: str = "crawl",
    paths: list[str] = PRODUCTS,
) -> Result:
    (directory / "site.toml").write_text(
        f'base_url = "{site.url}"\nconnect_to = "{site.node}"\n'
        f'{more}\n[[cache]]\nurl = "{redis.url}"\n',
        encoding="utf-8",
    )
    return crawl(directory, "-", "-c", "site.toml", stdin="\n".join(paths), word=word)


@pytest.mark.parametrize(
    "login",
    [
        pytest.param('[crawl]\nbasic_auth = "launch:s3cr7t"', id="basic_auth"),
        pytest.param(f'headers = {{ Authorization = "{LOGIN}" }}', id="header"),
    ],
)
def test_pages_warmed_behind_a_login_are_not_warm_for_those_who_come_without(
    site: DjangoSite, redis: RedisServer, tmp_path: Path, login: str
) -> None:
    found = run(tmp_path, site, redis, login)
    assert set(found.verdicts().values()) == {("uncacheable", "vary-authorization")}, found.stdout
    assert [site.renders(path) for path in PRODUCTS] == [1] * PAGES
    alone = run(tmp_path, site, redis, login, word="verify")
    assert alone.warm() == []
    assert_proven(found.rows, site, site.node)


def test_a_login_that_visitors_have_too_is_a_variant(
    site: DjangoSite, redis: RedisServer, tmp_path: Path
) -> None:
    headers = {"Authorization": LOGIN}
    variant = f'[[variant]]\nname = "staging"\nheaders = {{ Authorization = "{LOGIN}" }}'
    for word in ("crawl", "verify"):
        found = run(tmp_path, site, redis, variant, word=word)
        assert found.warm() == sorted(PRODUCTS), found.stdout
        assert_proven(found.rows, site, site.node, {"staging": headers})


@pytest.mark.parametrize(
    ("variant", "is_told"),
    [("", True), ('[[variant]]\nname = "de"\nheaders = { Cookie = "lang=de" }\n', False)],
)
def test_pages_that_vary_on_cookie_are_told_of_unless_a_variant_sends_some(
    rogue: Rogue, tmp_path: Path, variant: str, *, is_told: bool
) -> None:
    rogue.on("/a", page(headers={"Vary": "Accept-Encoding, Cookie", "X-Cache": "HIT"}))
    rogue.on("/b", page(headers={"Vary": "Accept-Encoding", "X-Cache": "HIT"}))
    (tmp_path / "site.toml").write_text(f'base_url = "{rogue.url}"\n{variant}', encoding="utf-8")
    found = crawl(tmp_path, "-", "-c", "site.toml", stdin="/a\n/b\n")
    assert found.warm() == ["/a", "/b"]
    warning = (
        "WARNING: Vary names Cookie on 1 page: who comes with any, such as the _ga of analytics"
    )
    assert (warning in " ".join(found.stdout.split())) == is_told


def test_verifying_alone_does_not_take_what_our_user_agent_selects_for_warm(
    site: DjangoSite, redis: RedisServer, tmp_path: Path
) -> None:
    paths = [*PRODUCTS, "/ua/"]
    run(tmp_path, site, redis, "", paths=paths)
    alone = run(tmp_path, site, redis, "", paths=paths, word="verify")
    assert alone.verdicts()["/ua/"] == ("unverified", "not-in-cache")
    assert_proven(alone.rows, site, site.node)
