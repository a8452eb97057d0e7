"""What a run fetches, learns and gates by; the origin's renders and Redis itself are the judges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.servers.django_site import DjangoSite, SiteOptions
from tests.servers.misbehaviour import in_turn, page
from tests.servers.process import free_port
from tests.servers.visitor import visit
from tests.system.command import assert_proven, crawl, warmer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.conftest import StartRedis, StartSite
    from tests.servers.rogue import Rogue
    from tests.servers.stores import RedisServer
    from tests.system.command import Result

PAGES = 12
PRODUCTS = [f"/p/{number}/" for number in range(1, PAGES + 1)]
HIT = page(headers={"X-Cache": "HIT from proxy"})
MISS = page(headers={"X-Cache": "MISS from proxy"})


@pytest.fixture
def site(start_site: StartSite, redis_server: RedisServer) -> DjangoSite:
    return start_site(options(redis_server))


def options(redis: RedisServer, **more: Any) -> SiteOptions:
    usual: dict[str, Any] = {"cache_backend": "redis", "cache_location": redis.url, "pages": PAGES}
    return SiteOptions(**{**usual, "site_cache": True, **more})


def run(
    directory: Path, site: DjangoSite, paths: Sequence[str], more: str, *arguments: str
) -> Result:
    """A crawl of these paths of a Django site with a site file of its own."""
    (directory / "site.toml").write_text(
        f'base_url = "{site.url}"\nconnect_to = "{site.node}"\n{more}\n', encoding="utf-8"
    )
    return crawl(directory, "-", "-c", "site.toml", *arguments, stdin="\n".join(paths))


def cache(redis: RedisServer, more: str = "") -> str:
    return f'[[cache]]\nurl = "{redis.url}"\n{more}\n'


def test_minimum_counts_of_key_patterns_are_part_of_the_gate(
    site: DjangoSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    page_keys = "*views.decorators.cache.cache_page.*"
    for minimum, code, verdict in ((PAGES, 0, "pass"), (PAGES + 1, 1, "fail")):
        pattern = f'[[cache.pattern]]\nmatch = "{page_keys}"\nmin = {minimum}'
        result = run(tmp_path, site, PRODUCTS, cache(redis_server, pattern))
        assert (result.code, result.report["thresholds"]) == (
            code,
            [
                {
                    "expr": f"count({page_keys})>={minimum}",
                    "value": PAGES,
                    "verdict": verdict,
                }
            ],
        ), result.stderr


def test_pilots_that_are_not_there_are_followed_by_others(
    site: DjangoSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    missing = [f"/p/{number}/" for number in (101, 102, 103, 104)]
    result = run(tmp_path, site, [*missing, *PRODUCTS], cache(redis_server))
    assert result.warm() == sorted(PRODUCTS), result.stderr
    assert {row.reason for row in result.rows[:4]} == {"status"}
    assert [site.renders(path) for path in PRODUCTS] == [1] * PAGES
    assert_proven(result.rows[4:], site, site.node)


def test_pages_that_redirect_teach_keys_though_those_after_them_fail(
    site: DjangoSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    old = [f"/redirect/{number}/" for number in (1, 2, 3)]
    result = run(tmp_path, site, [*old, "/loop/", "/away/", "/404"], cache(redis_server))
    assert result.warm() == old, result.stderr
    assert {tuple(row.evidence) for row in result.rows[:3]} == {("key", "probe")}
    assert "keys are not known" not in result.stdout
    assert_proven(result.rows, site, site.node)


def test_languages_asked_for_by_header_are_learnt_together(
    start_site: StartSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    site = start_site(options(redis_server, i18n=True, time_zone="Europe/Berlin"))
    variants = "".join(
        f'[[variant]]\nname = "{name}"\nheaders = {{ "Accept-Language" = "{name}" }}\n'
        for name in ("de", "en", "fr")
    )
    result = run(tmp_path, site, PRODUCTS[:5], variants + cache(redis_server))
    assert [row.verdict for row in result.rows] == ["warm"] * 15, result.stderr
    assert {row.evidence[0] for row in result.rows} == {"key"}
    headers = {name: {"Accept-Language": name} for name in ("de", "en", "fr")}
    assert_proven(result.rows, site, site.node, headers)


def test_where_keys_cannot_be_learnt_the_run_goes_on_and_says_what_to_pin(
    rogue: Rogue, redis_server: RedisServer, tmp_path: Path
) -> None:
    for number in range(1, 6):
        rogue.on(f"/p/{number}/", in_turn(MISS, HIT))
    where = ("--base-url", "http://www.example.test", "--connect-to", f"127.0.0.1:{rogue.port}")
    urls = "".join(f"/p/{number}/\n" for number in range(1, 6))
    result = crawl(tmp_path, "-", *where, "--cache", redis_server.url, stdin=urls)
    assert result.code == 0, result.stderr
    # A proxy in front says hit, which is no word of the cache that was configured.
    assert {row.verdict for row in result.rows} <= {"warm", "unverified"}
    shown = " ".join(result.stdout.split())  # lines are wrapped
    assert (
        "WARNING: keys are not known, so the cache is not evidence:"
        " this cache holds no Django page entry of http://www.example.test/p/"
    ) in shown
    assert "pin under [[cache]] keys = {" in shown


def test_what_expires_before_the_next_scheduled_run_is_not_warm(
    site: DjangoSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    schedule = '[[schedule]]\nevery = "2m"\n'
    result = run(tmp_path, site, ["/p/1/", "/short/"], schedule + cache(redis_server))
    assert result.verdicts() == {
        "/p/1/": ("warm", None),
        "/short/": ("uncacheable", "expires-before-next-run"),
    }, result.stderr
    never = '[[schedule]]\nevery = "1d"\n'
    result = run(tmp_path, site, ["/p/1/"], never + cache(redis_server))
    assert result.verdicts() == {"/p/1/": ("uncacheable", "expires-before-next-run")}


@pytest.mark.parametrize(
    ("verify", "fetches", "hot"),
    [
        ('probe = "never"', [1] * 5, False),
        ("probe_sample = 0", [1] * 5, False),
        ("probe_sample = 2", [2, 2, 1, 1, 1], True),
        ('probe = "always"\nprobe_sample = 0', [2] * 5, True),
    ],
)
def test_how_much_is_asked_for_again_of_what_a_cache_has_is_chosen(
    rogue: Rogue,
    tmp_path: Path,
    verify: str,
    fetches: list[int],
    hot: bool,
) -> None:
    for number in range(1, 6):
        rogue.on(f"/p/{number}/", HIT)
    (tmp_path / "site.toml").write_text(
        f"""
        base_url = "http://www.example.test"
        connect_to = "127.0.0.1:{rogue.port}"
        [verify]
        {verify}
        """,
        encoding="utf-8",
    )
    urls = "".join(f"/p/{number}/\n" for number in range(1, 6))
    result = crawl(tmp_path, "-", "-c", "site.toml", stdin=urls)
    assert [row.verdict for row in result.rows] == ["warm"] * 5, result.stderr
    assert [rogue.count(f"/p/{number}/") for number in range(1, 6)] == fetches
    probed = [row.target for row in result.rows if "probe" in row.evidence]
    assert bool(probed) is hot


def test_what_only_a_second_fetch_can_settle_is_left_open_where_probes_are_off(
    rogue: Rogue, tmp_path: Path
) -> None:
    rogue.on("/a", in_turn(MISS, HIT))
    (tmp_path / "site.toml").write_text(
        f"""
        base_url = "http://www.example.test"
        connect_to = "127.0.0.1:{rogue.port}"
        [verify]
        probe = "never"
        """,
        encoding="utf-8",
    )
    result = crawl(tmp_path, "-", "-c", "site.toml", stdin="/a\n")
    assert result.verdicts() == {"/a": ("unverified", "not-probed")}
    assert rogue.count("/a") == 1


def test_a_page_is_warm_when_it_is_in_one_of_two_caches(
    site: DjangoSite, redis_server: RedisServer, start_redis: StartRedis, tmp_path: Path
) -> None:
    other = start_redis()
    for caches in (
        cache(redis_server) + cache(other),
        cache(other) + cache(redis_server),
    ):
        redis_server.flush()
        site.reset()
        result = run(tmp_path, site, [*PRODUCTS, "/no-store/"], caches)
        assert result.warm() == sorted(PRODUCTS), result.stderr
        assert {row.evidence[0] for row in result.rows[:-1]} == {"key"}
        assert [each["node"] for each in result.report["caches"]] in (
            [redis_server.node, other.node],
            [other.node, redis_server.node],
        )
        assert_proven(result.rows, site, site.node)


def test_verify_fetches_no_page_and_leaves_the_cache_as_it_is(
    site: DjangoSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    for path in PRODUCTS[:7]:
        visit(site.node, site.url + path)
    with redis_server.client() as client:
        before = sorted(client.keys())
    where = ("--base-url", site.url, "--connect-to", site.node, "--cache", redis_server.url)
    result = crawl(tmp_path, "-", *where, stdin="\n".join(PRODUCTS), word="verify")
    assert result.warm() == sorted(PRODUCTS[:7]), result.stderr
    assert {row.reason for row in result.rows if row.verdict != "warm"} == {"not-in-cache"}
    assert site.total_renders() == 7
    with redis_server.client() as client:
        assert sorted(client.keys()) == before
    assert result.report["counts"]["attempted"] == 0


def test_only_missing_renders_exactly_what_is_cold(
    site: DjangoSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    warm, cold = PRODUCTS[::2], PRODUCTS[1::2]
    for path in warm:
        visit(site.node, site.url + path)
    site.reset()
    where = ("--base-url", site.url, "--connect-to", site.node, "--cache", redis_server.url)
    result = crawl(tmp_path, "-", *where, "--only-missing", stdin="\n".join(PRODUCTS))
    assert result.warm() == sorted(PRODUCTS), result.stderr
    rendered = {render.target for render in site.rendered() if "warmer=" not in render.target}
    assert rendered == set(cold)
    assert [site.renders(path) for path in cold] == [1] * len(cold)
    assert_proven(result.rows, site, site.node)


def test_check_names_what_is_wrong_and_what_is_right(
    site: DjangoSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    (tmp_path / "urls.txt").write_text("/p/1/\n", encoding="utf-8")
    (tmp_path / "site.toml").write_text(
        f'base_url = "{site.url}"\nconnect_to = "{site.node}"\n'
        f'[[source]]\npath = "urls.txt"\n{cache(redis_server)}',
        encoding="utf-8",
    )
    good = warmer(tmp_path, "check", "site.toml")
    assert good.code == 0, good.stdout
    assert [line.split(" ", 1)[0] for line in good.stdout.splitlines()] == ["ok"] * 4
    site.server.stop()
    bad = warmer(tmp_path, "check", "site.toml")
    assert bad.code == 3
    assert bad.stdout.splitlines()[-1].startswith(f"FAIL origin {site.url} by way of {site.node}")
    assert (bad.stderr, bad.stdout.count("FAIL")) == ("", 1)


def test_check_says_when_the_origin_does_not_let_us_in(site: DjangoSite, tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(
        f'base_url = "http://shop.example.test"\nconnect_to = "{site.node}"\n', encoding="utf-8"
    )
    bad = warmer(tmp_path, "check", "site.toml")
    assert bad.code == 2
    shown = bad.stdout.splitlines()[-1]
    assert shown.startswith(
        f"FAIL origin http://shop.example.test by way of {site.node}: status 400 after "
    )
    assert "does the site know its host name (base_url, ALLOWED_HOSTS of Django)" in shown


def test_check_tries_the_redis_that_triggers_come_by(
    site: DjangoSite, redis_server: RedisServer, tmp_path: Path
) -> None:
    stream = f"127.0.0.1:{free_port()}"
    for port, shown in (
        (redis_server.node, f"ok   stream: redis {redis_server.node}"),
        (stream, f"FAIL stream: cache redis://{stream}/5: Redis does not answer"),
    ):
        (tmp_path / "site.toml").write_text(
            f'base_url = "{site.url}"\nconnect_to = "{site.node}"\n'
            f'[invalidation]\nstream = "redis://{port}/5"\n',
            encoding="utf-8",
        )
        assert f"\n{shown}" in warmer(tmp_path, "check", "site.toml").stdout
