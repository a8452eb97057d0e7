"""`warmer explain` against a Django shop on Redis, and behind nginx; its renders are the judge."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from tests.servers import fronts
from tests.servers.django_site import DjangoSite, SiteOptions
from tests.servers.visitor import visit
from tests.system.command import Result, warmer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartNginx, StartRedis, StartSite
    from tests.servers.stores import MemcachedServer, RedisServer

PASSWORD = "explain-passw0rd"
TOKEN = "explain-t0ken"


@pytest.fixture
def site(start_site: StartSite, redis_server: RedisServer) -> DjangoSite:
    return start_site(
        SiteOptions(cache_backend="redis", cache_location=redis_server.url, site_cache=True)
    )


def explain(directory: Path, site: DjangoSite, path: str, *arguments: str) -> Result:
    address = ("--connect-to", site.node) if "--connect-to" not in arguments else ()
    return warmer(directory, "explain", f"{site.url}{path}", *address, *arguments)


SCHEMA = json.loads((resources.files("warmer.explain") / "schema.json").read_text())


def visit_of(result: Result) -> dict[str, Any]:
    """The first visit of a document that keeps to the schema which the package publishes."""
    document = json.loads(result.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    found: dict[str, Any] = document["visits"][0]
    return found


def test_the_published_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def about(visit: dict[str, Any]) -> set[str]:
    return {each["about"] for each in visit["findings"]}


def test_a_cold_page_is_told_from_a_warm_one_and_neither_is_rendered_twice(
    site: DjangoSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    first = explain(tmp_path, site, "/p/1/", "--cache", redis_server.url, "--json")

    cold = visit_of(first)
    assert (first.code, site.renders("/p/1/")) == (0, 1), first.stderr
    assert (cold["verdict"], cold["evidence"], cold["was_cold"]) == ("warm", ["key"], True)
    assert [(key["what"], key["there"], key["before"]) for key in cold["caches"][0]["keys"]] == [
        ("header list", True, False),
        ("page", True, False),
    ]
    assert 590 < cold["caches"][0]["keys"][1]["ttl_s"] <= 600
    assert cold["caches"][0]["keys_known_by"] == "new-entry"

    second = explain(tmp_path, site, "/p/1/", "--cache", redis_server.url, "--json")

    warm = visit_of(second)
    assert (second.code, site.total_renders()) == (0, 1), second.stderr
    assert (warm["verdict"], warm["was_cold"]) == ("warm", False)
    assert warm["caches"][0]["keys_known_by"] == "only-entry"
    assert warm["second_fetch"] is None


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/cookie/", "vary-cookie"),
        ("/private/", "private"),
        ("/ua/", "vary-user-agent"),
        ("/csrf/", "csrf-token"),
        ("/404", "status"),
        ("/away/", "answer"),
    ],
)
def test_a_page_that_is_not_warm_says_why_with_a_cure_and_is_rendered_once(
    path: str,
    told: str,
    site: DjangoSite,
    redis_server: RedisServer,
    tmp_path: Path,
) -> None:
    result = explain(tmp_path, site, path, "--cache", redis_server.url, "--json")
    found = visit_of(result)
    assert (result.code, found["verdict"] == "warm") == (1, False), result.stderr
    assert site.renders(path) == 1
    assert any(each["about"] == told and each["cure"] for each in found["findings"])


def test_a_csrf_form_under_cache_page_shows_what_was_added_after_storing(
    site: DjangoSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    found = visit_of(explain(tmp_path, site, "/csrf/", "--cache", redis_server.url, "--json"))
    assert {"vary-after-storing", "csrf-token"} <= about(found)
    assert found["response"]["set_cookie"] == ["csrftoken"]
    token = visit(site.node, f"{site.url}/csrf/").headers["Set-Cookie"] or "csrftoken=none;"
    assert token.partition(";")[0].partition("=")[2] not in json.dumps(found)


def test_a_redirect_is_explained_by_the_page_that_it_ends_on(
    site: DjangoSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    result = explain(tmp_path, site, "/redirect/3/", "--cache", redis_server.url)
    assert result.code == 0, result.stderr
    assert f"redirected to {site.url}/p/3/" in result.stdout
    assert f" ms: {site.url}/redirect/3/\n      leads to /p/3/\n" in result.stdout
    assert "Cure: link and list the final URL" in result.stdout
    assert site.renders("/p/3/") == 1


@pytest.mark.parametrize(
    ("gzip", "finding"), [("inside", "vary-accept-encoding"), ("outside", "compression")]
)
def test_where_pages_are_compressed_shows_the_order_of_the_middleware(
    gzip: Any,
    finding: str,
    start_site: StartSite,
    redis_server: RedisServer,
    tmp_path: Path,
) -> None:
    site = start_site(
        SiteOptions(
            cache_backend="redis", cache_location=redis_server.url, site_cache=True, gzip=gzip
        )
    )
    found = visit_of(explain(tmp_path, site, "/p/1/", "--cache", redis_server.url, "--json"))
    assert finding in about(found)


def test_visitors_of_another_language_have_an_entry_of_their_own(
    start_site: StartSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    site = start_site(
        SiteOptions(
            cache_backend="redis", cache_location=redis_server.url, site_cache=True, i18n=True
        )
    )
    found = visit_of(explain(tmp_path, site, "/p/1/", "--cache", redis_server.url, "--json"))
    visitors = {each["name"]: each for each in found["visitors"]}
    assert visitors["another language"]["split_by"] == ["accept-language"]
    assert visitors["mobile"]["split_by"] == []
    assert visitors["mobile"]["caches"][0]["state"] == "present"
    assert visitors["another language"]["caches"][0]["state"] != "present"
    assert site.total_renders() == 1


def test_a_proxy_with_nothing_configured_is_read_from_its_responses(
    start_site: StartSite, start_nginx: StartNginx, tmp_path: Path
) -> None:
    site = start_site(SiteOptions())
    proxy = start_nginx(fronts.nginx_cache(site.port))
    way = ("--connect-to", proxy.node, "--json")

    cold = visit_of(explain(tmp_path, site, "/p/1/", *way))
    warm = visit_of(explain(tmp_path, site, "/p/1/", *way))

    assert [each["state"] for each in cold["upstream"]] == ["miss"]
    assert (cold["evidence"], cold["second_fetch"]["cache"]) == (["probe"], "hit")
    assert [each["state"] for each in warm["upstream"]] == ["hit"]
    assert (warm["evidence"], warm["second_fetch"]) == (["response"], None)
    assert site.total_renders() == 1


def test_a_page_hot_in_one_worker_only_is_not_called_warm(
    start_site: StartSite, tmp_path: Path
) -> None:
    site = start_site(SiteOptions(cache_backend="locmem", site_cache=True), workers=4, threads=1)
    result = explain(tmp_path, site, "/p/1/", "--json")
    found = visit_of(result)
    assert (result.code, found["verdict"]) == (1, "unverified")
    # Which of the two depends on the worker that the second fetch came to.
    assert found["reason"] in {"cache-not-shared", "no-evidence"}


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_no_secret_is_printed(
    form: tuple[str, ...], start_site: StartSite, start_redis: StartRedis, tmp_path: Path
) -> None:
    redis = start_redis("--requirepass", PASSWORD)
    url = f"redis://:{PASSWORD}@{redis.node}/0"
    site = start_site(SiteOptions(cache_backend="redis", cache_location=url, site_cache=True))
    secrets = ("--header", f"Authorization: Bearer {TOKEN}", "--header", f"Cookie: sid={TOKEN}")

    result = explain(tmp_path, site, "/p/1/", "--cache", url, *secrets, *form)

    assert result.code == 1, result.stderr
    assert "vary-authorization" in result.stdout
    assert TOKEN not in result.stdout + result.stderr
    assert PASSWORD not in result.stdout + result.stderr


def test_each_variant_of_the_site_is_asked_for(
    site: DjangoSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    (tmp_path / "shop.toml").write_text(
        f"""
base_url = "{site.url}"
connect_to = "{site.node}"
[[variant]]
name = "desktop"
[[variant]]
name = "phone"
profile = "mobile"
[[cache]]
url = "{redis_server.url}"
"""
    )
    result = warmer(tmp_path, "explain", "/p/2/", "-c", "shop.toml")
    assert result.code == 0, result.stderr
    assert "as variant desktop" in result.stdout
    assert "as variant phone" in result.stdout
    assert site.renders("/p/2/") == 1
    assert not (tmp_path / "warmer.db").exists()


def test_keys_that_are_pinned_are_looked_up_before_and_after_on_memcached_too(
    start_site: StartSite, memcached_server: MemcachedServer, tmp_path: Path
) -> None:
    options = SiteOptions(
        cache_backend="pymemcache",
        cache_location=memcached_server.node,
        site_cache=True,
        key_prefix="shop",
        i18n=True,
    )
    site = start_site(options)
    (tmp_path / "shop.toml").write_text(
        f"""
base_url = "{site.url}"
connect_to = "{site.node}"
[[cache]]
url = "{memcached_server.url}"
keys = {{ prefix = "shop", language = "en", time_zone = "", hash = "marker" }}
"""
    )
    for was_cold in (True, False):
        found = visit_of(warmer(tmp_path, "explain", "/p/2/", "-c", "shop.toml", "--json"))
        assert (found["verdict"], found["was_cold"]) == ("warm", was_cold)
        assert found["caches"][0]["keys_known_by"] == "pinned"
        assert found["caches"][0]["header_list"] == []
        assert "language" in about(found)
        assert "vary-after-storing" not in about(found)
    assert site.renders("/p/2/") == 1


def test_what_does_not_answer_ends_with_3(site: DjangoSite, tmp_path: Path) -> None:
    origin = explain(tmp_path, site, "/p/1/", "--connect-to", "127.0.0.1:9")
    cache = explain(tmp_path, site, "/p/1/", "--cache", "redis://127.0.0.1:9/0")
    assert (origin.code, cache.code) == (3, 3)
    assert "failed, connect" in origin.stdout
    assert cache.stderr.startswith("warmer: ")
    assert site.total_renders() == 0


@pytest.mark.parametrize("url", ["/p/1/", "no-url", "https://user:pw@www.example.test/"])
def test_what_is_no_url_ends_with_2(url: str, tmp_path: Path) -> None:
    result = warmer(tmp_path, "explain", url)
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith("warmer: URL: ")


def test_a_url_of_another_site_ends_with_2(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text('base_url = "https://www.example.test"\n')
    result = warmer(tmp_path, "explain", "https://elsewhere.test/", "-c", "shop.toml")
    assert result.code == 2
    assert "is not the site's" in result.stderr


def test_each_step_of_a_redirect_out_of_the_site_is_shown(
    site: DjangoSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    result = explain(tmp_path, site, "/away/", "--cache", redis_server.url, "--json")
    (hop,) = visit_of(result)["redirects"]
    assert (hop["url"], hop["status"]) == (f"{site.url}/away/", 302)
    assert hop["location"].startswith("http")
