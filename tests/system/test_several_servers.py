"""Several servers of one site: spread over them, or cloned to each; the origin is the judge."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.servers import fronts
from tests.servers.django_site import PUBLIC_HOST, SiteOptions
from tests.servers.misbehaviour import in_turn, page
from tests.servers.process import HOST
from tests.servers.rogue import Rogue
from tests.servers.visitor import visit
from tests.system.command import crawl, warmer

if TYPE_CHECKING:
    import contextlib
    from pathlib import Path

    from tests.conftest import StartNginx, StartRedis, StartSite
    from tests.servers.django_site import DjangoSite
    from tests.servers.proxies import Proxy
    from tests.servers.stores import RedisServer
    from tests.system.command import Result

PAGES = 8
PRODUCTS = [f"/p/{number}/" for number in range(1, PAGES + 1)]


def plain_front(origin: int) -> str:
    """An nginx that caches nothing."""
    return f"""
    server {{
        listen {HOST}:@PORT@;
        location / {{ proxy_pass http://{HOST}:{origin}; proxy_set_header Host $http_host; }}
    }}
    """


def run(directory: Path, site: DjangoSite, *more: str) -> Result:
    urls = "\n".join(PRODUCTS)
    return crawl(directory, "-", "--base-url", site.url, *more, stdin=urls)


def to(*nodes: str) -> list[str]:
    return [argument for node in nodes for argument in ("--connect-to", node)]


def requests(proxy: Proxy) -> int:
    return len(proxy.access_log.read_text(encoding="utf-8").splitlines())


def rendered_for_visitors(site: DjangoSite, *nodes: str) -> int:
    """How many renders it takes to show each page at each of these servers to somebody else."""
    before = site.total_renders()
    for node in nodes:
        for path in PRODUCTS:
            visit(node, f"{site.url}{path}")
    return site.total_renders() - before


def test_a_spread_run_warms_a_shared_cache_once_by_way_of_every_server(
    start_site: StartSite, start_nginx: StartNginx, redis_server: RedisServer, tmp_path: Path
) -> None:
    site = start_site(
        SiteOptions(
            cache_backend="redis", cache_location=redis_server.url, site_cache=True, pages=PAGES
        )
    )
    fronts_of_it = [start_nginx(plain_front(site.port)) for _ in range(3)]
    nodes = [each.node for each in fronts_of_it]

    result = run(tmp_path, site, *to(*nodes), "--cache", redis_server.url)

    assert result.warm() == PRODUCTS, result.stderr
    assert [site.renders(path) for path in PRODUCTS] == [1] * PAGES
    assert all(requests(each) >= PAGES // 3 for each in fronts_of_it)
    assert rendered_for_visitors(site, *nodes) == 0
    assert result.report["warnings"] == []


def test_a_spread_run_calls_no_page_warm_that_another_server_lacks(
    start_site: StartSite, start_nginx: StartNginx, tmp_path: Path
) -> None:
    site = start_site(SiteOptions(pages=PAGES))
    nodes = [start_nginx(fronts.nginx_cache(site.port)).node for _ in range(2)]

    result = run(tmp_path, site, *to(*nodes))

    assert result.warm() == []
    (warning,) = result.report["warnings"]
    assert warning == (
        f"{PAGES} pages of one server were missing at the next: if each keeps its own cache, set"
        ' crawl.distribute = "clone" (--distribute clone), which warms every one'
    )


def test_a_page_that_one_server_had_already_is_asked_for_at_the_next(
    start_site: StartSite, start_nginx: StartNginx, tmp_path: Path
) -> None:
    site = start_site(SiteOptions(pages=PAGES))
    first, second = (start_nginx(fronts.nginx_cache(site.port)).node for _ in range(2))
    assert rendered_for_visitors(site, first) == PAGES

    result = run(tmp_path, site, *to(first, second))

    # Fetched first at the second one, and found at the first; or the other way round.
    found = result.verdicts()
    assert [found[path] for path in PRODUCTS[::2]] == [("warm", None)] * (PAGES // 2)
    assert [found[path] for path in PRODUCTS[1::2]] == [("unverified", "contradiction")] * (
        PAGES // 2
    )
    assert rendered_for_visitors(site, first, second) == 0


def test_of_three_servers_that_share_nothing_no_pair_speaks_for_the_third(
    start_site: StartSite, start_nginx: StartNginx, tmp_path: Path
) -> None:
    site = start_site(SiteOptions(pages=PAGES))
    nodes = [start_nginx(fronts.nginx_cache(site.port)).node for _ in range(3)]
    rendered_for_visitors(site, *nodes[:2])

    result = run(tmp_path, site, *to(*nodes))

    assert result.warm() == []
    assert {row.reason for row in result.rows} >= {"cache-not-shared"}


def test_a_cloned_run_warms_the_cache_of_every_server(
    start_site: StartSite, start_nginx: StartNginx, tmp_path: Path
) -> None:
    site = start_site(SiteOptions(pages=PAGES))
    nodes = [start_nginx(fronts.nginx_cache(site.port)).node for _ in range(2)]

    result = run(tmp_path, site, *to(*nodes), "--distribute", "clone", "--top", str(PAGES))

    assert result.warm() == sorted([*PRODUCTS, *PRODUCTS]), result.stderr
    assert {row.variant for row in result.rows} == {f"default @ {node}" for node in nodes}
    assert [site.renders(path) for path in PRODUCTS] == [2] * PAGES
    assert rendered_for_visitors(site, *nodes) == 0


def test_a_cloned_run_warms_the_memory_of_each_process(
    start_site: StartSite, tmp_path: Path
) -> None:
    options = SiteOptions(cache_backend="locmem", site_cache=True, render_s=0.3, pages=PAGES)
    sites = [start_site(options, workers=1, threads=4) for _ in range(2)]
    nodes = [site.node for site in sites]

    result = run(tmp_path, sites[0], *to(*nodes), "--distribute", "clone")

    assert result.warm() == sorted([*PRODUCTS, *PRODUCTS]), result.stderr
    for site in sites:
        assert [site.renders(path) for path in PRODUCTS] == [1] * PAGES
        assert rendered_for_visitors(site, site.node) == 0


def test_keys_of_a_servers_own_cache_speak_for_that_server_alone(
    start_site: StartSite, start_redis: StartRedis, tmp_path: Path
) -> None:
    stores = [start_redis(), start_redis()]
    sites = [
        start_site(
            SiteOptions(
                cache_backend="redis", cache_location=each.url, site_cache=True, pages=PAGES
            )
        )
        for each in stores
    ]
    caches = "".join(
        f'[[cache]]\nurl = "{store.url}"\nserver = "{site.node}"\n'
        for store, site in zip(stores, sites, strict=True)
    )
    (tmp_path / "urls.txt").write_text("\n".join(PRODUCTS), encoding="utf-8")
    (tmp_path / "site.toml").write_text(
        f"""
        base_url = "http://{PUBLIC_HOST}"
        connect_to = ["{sites[0].node}", "{sites[1].node}"]
        [[source]]
        path = "urls.txt"
        {caches}
        [crawl]
        distribute = "clone"
        """,
        encoding="utf-8",
    )
    result = crawl(tmp_path, "-c", "site.toml")
    assert result.warm() == sorted([*PRODUCTS, *PRODUCTS]), result.stderr
    stores[1].flush()
    verified = crawl(tmp_path, "-c", "site.toml", word="verify")
    assert {(row.variant, row.verdict) for row in verified.rows} == {
        (f"default @ {sites[0].node}", "warm"),
        (f"default @ {sites[1].node}", "unverified"),
    }
    before = sites[0].total_renders()
    missing = crawl(tmp_path, "-c", "site.toml", "--only-missing")
    assert missing.warm() == sorted([*PRODUCTS, *PRODUCTS]), missing.stderr
    assert sites[0].total_renders() == before
    assert rendered_for_visitors(sites[1], sites[1].node) == 0


def test_a_server_that_is_down_costs_a_cloned_run_its_own_targets_and_no_others(
    start_site: StartSite, start_nginx: StartNginx, nobody: str, tmp_path: Path
) -> None:
    site = start_site(SiteOptions(pages=PAGES))
    node = start_nginx(fronts.nginx_cache(site.port)).node

    result = run(tmp_path, site, *to(node, nobody), "--distribute", "clone")

    assert (result.code, result.report["run"]["status"]) == (0, "finished"), result.stderr
    assert {(row.variant, row.verdict, row.reason) for row in result.rows} == {
        (f"default @ {node}", "warm", None),
        (f"default @ {nobody}", "failed", "connect"),
    }
    assert [site.renders(path) for path in PRODUCTS] == [1] * PAGES
    (warning,) = result.report["warnings"]
    assert warning.startswith(f"server {nobody} could not be reached for a time: ")


def test_the_others_take_over_what_is_spread_to_a_server_that_is_down(
    start_site: StartSite, start_nginx: StartNginx, nobody: str, tmp_path: Path
) -> None:
    site = start_site(SiteOptions(pages=PAGES))
    node = start_nginx(fronts.nginx_cache(site.port)).node

    result = run(tmp_path, site, *to(node, nobody))

    assert result.warm() == PRODUCTS, result.stderr
    assert [site.renders(path) for path in PRODUCTS] == [1] * PAGES
    (warning,) = result.report["warnings"]
    assert warning.startswith(f"server {nobody} could not be reached for a time: ")


@pytest.mark.parametrize("distribute", ["spread", "clone"])
def test_a_site_without_a_single_server_ends_the_run(
    start_site: StartSite, nobody: str, distribute: str, tmp_path: Path
) -> None:
    site = start_site(SiteOptions(pages=PAGES))
    with socket.socket() as other:
        other.bind((HOST, 0))
        nodes = to(nobody, f"{HOST}:{other.getsockname()[1]}")
        result = run(tmp_path, site, *nodes, "--distribute", distribute)
    assert (result.code, result.report["run"]["status"]) == (3, "aborted"), result.stderr


def test_the_plan_of_a_cloned_run_names_the_servers_and_caps_each(tmp_path: Path) -> None:
    result = warmer(
        tmp_path, "plan", "-", "--base-url", f"http://{PUBLIC_HOST}", "--distribute", "clone",
        "--top", "1", *to("10.0.0.5:80", "10.0.0.6:80"), stdin="/1\n/2\n",
    )  # fmt: skip
    assert [line.split("\t")[2:] for line in result.stdout.splitlines()[1:3]] == [
        [f"http://{PUBLIC_HOST}/1", "default @ 10.0.0.5:80"],
        [f"http://{PUBLIC_HOST}/1", "default @ 10.0.0.6:80"],
    ]


def test_of_a_cloned_run_the_witnesses_of_every_server_are_heard(
    started: contextlib.ExitStack, tmp_path: Path
) -> None:
    hot, rendered = page(headers={"Age": "5"}), page()
    servers = [Rogue() for _ in range(4)]
    for server in servers:
        server.start()
        started.callback(server.stop)
        server.on("/", hot)
    servers[3].on("/", in_turn(hot, hot, rendered))
    nodes = [f"{HOST}:{server.port}" for server in servers]
    found = crawl(
        tmp_path,
        "-",
        *("--base-url", "http://www.example.test", "--distribute", "clone", *to(*nodes)),
        stdin="/",
    )
    verdicts = {row.variant: (row.verdict, row.reason) for row in found.rows}
    warm = {f"default @ {node}": ("warm", None) for node in nodes[:3]}
    assert verdicts == warm | {f"default @ {nodes[3]}": ("unverified", "cache-not-shared")}
