"""Every kind of source through the command line: what is planned, in which order, with what share."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from tests.servers.misbehaviour import page
from tests.system.command import crawl, warmer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.servers.rogue import Rogue
    from tests.servers.stores import RedisServer

SITE = "http://www.example.test"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0"


@pytest.fixture
def address(rogue: Rogue) -> tuple[str, ...]:
    return ("--base-url", SITE, "--connect-to", f"127.0.0.1:{rogue.port}")


def planned(directory: Path, *arguments: str, stdin: str = "") -> tuple[list[tuple[str, str]], str]:
    """Path and share of each target in rank order, and the line that sums up."""
    result = warmer(directory, "plan", *arguments, stdin=stdin)
    assert result.code == 0, result.stderr
    head, *rows, summary = result.stdout.splitlines()
    assert head == "rank\tshare\turl\tvariant"
    found = []
    for rank, row in enumerate(rows, 1):
        number, share, url, variant = row.split("\t")
        assert (number, variant) == (str(rank), "default")
        assert url.startswith(SITE)
        found.append((url.removeprefix(SITE), share))
    return found, summary


def combined(hits: Sequence[tuple[str, int]], status: int = 200, method: str = "GET") -> str:
    line = '192.0.2.1 - - [23/Nov/2026:08:00:00 +0000] "{} {} HTTP/1.1" {} 512 "-" "{}"\n'
    return "".join(line.format(method, target, status, BROWSER) * count for target, count in hits)


def urlset(*pages: tuple[str, str]) -> bytes:
    entries = "".join(
        f"<url><loc>{SITE}{path}</loc><priority>{priority}</priority></url>"
        for path, priority in pages
    )
    return (
        '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        f"{entries}</urlset>"
    ).encode()


def test_a_list_keeps_its_order(tmp_path: Path, address: tuple[str, ...]) -> None:
    (tmp_path / "urls.txt").write_text(f"# best first\n/b\n{SITE}/a#x\n/c?utm_source=m\n/d\n")
    assert planned(tmp_path, "urls.txt", *address) == (
        [("/b", "0.25"), ("/a", "0.25"), ("/c", "0.25"), ("/d", "0.25")],
        "# 4 targets; no traffic was observed",
    )


def test_standard_input_is_a_list_too(tmp_path: Path, address: tuple[str, ...]) -> None:
    found, _ = planned(tmp_path, "-", *address, stdin="/a\n/b\n/a\n/c\n")
    assert found == [("/a", "0.5"), ("/b", "0.25"), ("/c", "0.25")]


def test_the_first_url_says_which_site_it_is(tmp_path: Path) -> None:
    (tmp_path / "none.txt").write_text("ftp://x/\n")
    found, _ = planned(tmp_path, "none.txt", "-", stdin=f"{SITE}/a\nhttp://other.test/\n/b\n")
    assert found == [("/a", "0.5"), ("/b", "0.5")]


def test_an_export_is_ranked_by_its_counts(tmp_path: Path, address: tuple[str, ...]) -> None:
    (tmp_path / "export.csv").write_text(
        "\ufeffPage path;Views;Users\r\n/a;1.000;9\r\n/b;6.000;1\r\n/c;3.000;2\r\nTotal;10.000;12\r\n"
    )
    assert planned(tmp_path, "export.csv", *address, "--top", "2") == (
        [("/b", "0.6"), ("/c", "0.3")],
        "# 2 targets; 90.0 % of the observed traffic",
    )


def test_a_log_is_counted_and_the_plan_says_how_much_of_it_is_covered(
    tmp_path: Path, address: tuple[str, ...]
) -> None:
    (tmp_path / "access.log").write_text(
        combined([("/a", 3), ("/b?utm_source=x", 4), ("/b", 1), ("/style.css", 50), ("/c", 2)])
        + combined([("/gone", 99)], status=404)
        + combined([("/form", 99)], method="POST")
    )
    assert planned(tmp_path, "access.log", *address, "--top", "2") == (
        [("/b", "0.5"), ("/a", "0.3")],
        "# 2 targets; 80.0 % of the observed traffic",
    )


def test_rotated_logs_are_one_source_whether_they_are_compressed_or_not(
    tmp_path: Path, address: tuple[str, ...]
) -> None:
    (tmp_path / "access.log").write_text(combined([("/a", 1)]))
    (tmp_path / "access.log.1").write_text(combined([("/b", 2)]))
    for number, hits in ((2, [("/a", 4)]), (10, [("/c", 1)])):
        (tmp_path / f"access.log.{number}.gz").write_bytes(gzip.compress(combined(hits).encode()))
    assert planned(tmp_path, "access.log*", *address) == (
        [("/a", "0.625"), ("/b", "0.25"), ("/c", "0.125")],
        "# 3 targets; 100 % of the observed traffic",
    )


def test_a_json_log_is_recognised(tmp_path: Path, address: tuple[str, ...]) -> None:
    lines = [
        {
            "request": {"method": "GET", "host": "www.example.test", "uri": uri},
            "status": 200,
            "duration": 0.01,
        }
        for uri in ("/a", "/b", "/b", "/b")
    ]
    (tmp_path / "caddy.log").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert planned(tmp_path, "caddy.log", *address) == (
        [("/b", "0.75"), ("/a", "0.25")],
        "# 2 targets; 100 % of the observed traffic",
    )


def test_a_log_format_of_ones_own_is_taken(tmp_path: Path, address: tuple[str, ...]) -> None:
    (tmp_path / "own.log").write_text("200|GET /b HTTP/1.1\n200|GET /a HTTP/1.1\n" * 2)
    found, _ = planned(tmp_path, "own.log", *address, "--log-format", "$status|$request")
    assert found == [("/b", "0.5"), ("/a", "0.5")]


def test_a_kind_can_be_forced(tmp_path: Path, address: tuple[str, ...]) -> None:
    (tmp_path / "urls").write_text("url,hits\n")
    found, _ = planned(tmp_path, "list:-", *address, stdin="/url,hits\n/a\n")
    assert found == [("/url,hits", "0.5"), ("/a", "0.5")]


def test_a_sitemap_file_is_ranked_by_priority(tmp_path: Path, address: tuple[str, ...]) -> None:
    (tmp_path / "map.xml").write_bytes(urlset(("/a", "0.2"), ("/b", "1.0"), ("/c", "0.8")))
    found, _ = planned(tmp_path, "map.xml", *address)
    assert found == [("/b", "0.5"), ("/c", "0.4"), ("/a", "0.1")]


def test_sitemaps_over_http_are_read_at_the_new_machine_under_the_public_name(
    rogue: Rogue, tmp_path: Path, address: tuple[str, ...]
) -> None:
    index = (
        f"<sitemapindex><sitemap><loc>{SITE}/1.xml</loc></sitemap>"
        f"<sitemap><loc>{SITE}/2.xml.gz</loc></sitemap></sitemapindex>"
    )
    rogue.on("/sitemap.xml", page(index.encode()))
    rogue.on("/1.xml", page(urlset(("/a", "0.5"))))
    rogue.on("/2.xml.gz", page(gzip.compress(urlset(("/b", "1.0"), ("/c", "0.5")))))
    found, summary = planned(
        tmp_path, f"{SITE}/sitemap.xml", *address, "--header", "X-Token: let-me-in"
    )
    assert found == [("/b", "0.5"), ("/a", "0.25"), ("/c", "0.25")]
    assert summary == "# 3 targets; no traffic was observed"
    assert {seen.target for seen in rogue.requests()} == {"/sitemap.xml", "/1.xml", "/2.xml.gz"}
    assert {seen.headers["host"] for seen in rogue.requests()} == {"www.example.test"}
    assert {seen.headers["x-token"] for seen in rogue.requests()} == {"let-me-in"}


def test_an_index_on_disk_names_sitemaps_that_are_fetched(
    rogue: Rogue, tmp_path: Path, address: tuple[str, ...]
) -> None:
    (tmp_path / "index.xml").write_text(
        f"<sitemapindex><sitemap><loc>{SITE}/1.xml</loc></sitemap></sitemapindex>"
    )
    rogue.on("/1.xml", page(urlset(("/a", "0.5"))))
    found, _ = planned(tmp_path, "index.xml", *address)
    assert found == [("/a", "1")]


def test_robots_txt_names_the_sitemaps(
    rogue: Rogue, tmp_path: Path, address: tuple[str, ...]
) -> None:
    rogue.on("/robots.txt", page(f"Sitemap: {SITE}/map.xml\n".encode()))
    rogue.on("/map.xml", page(urlset(("/a", "0.5"))))
    found, _ = planned(tmp_path, "robots:", *address)
    assert found == [("/a", "1")]


def test_links_are_followed_where_there_is_no_list(
    rogue: Rogue, tmp_path: Path, address: tuple[str, ...]
) -> None:
    html = {"Content-Type": "text/html"}
    rogue.on("/", page(b'<a href="/a">a</a><a href="http://other.test/">x</a>', headers=html))
    rogue.on("/a", page(b'<a href="/b#x">b</a>', headers=html))
    rogue.on("/b", page(b'<a href="/c">c</a>', headers=html))
    rogue.on("/c", page(b'<a href="/d">d</a>', headers=html))
    found, _ = planned(tmp_path, "discover:", *address)
    # To a depth of two links, the start first.
    assert [path for path, _ in found] == ["/", "/a", "/b"]
    assert rogue.count("/c") == 0


def test_a_popularity_set_is_read_from_redis(
    redis_server: RedisServer, tmp_path: Path, address: tuple[str, ...]
) -> None:
    with redis_server.client() as client:
        client.zadd("pages#hits", {"/a": 1, f"{SITE}/b": 5, "/c": 2})
    assert planned(tmp_path, f"popularity:{redis_server.url}#pages#hits", *address) == (
        [("/b", "0.625"), ("/c", "0.25"), ("/a", "0.125")],
        "# 3 targets; 100 % of the observed traffic",
    )


def test_sources_merge_each_normalised_first_and_then_weighted(
    rogue: Rogue, redis_server: RedisServer, tmp_path: Path
) -> None:
    (tmp_path / "access.log").write_text(combined([("/both", 6), ("/log", 2)]))
    (tmp_path / "list.txt").write_text("/list\n/both\n")
    rogue.on("/sitemap.xml", page(urlset(("/map", "0.8"), ("/log", "0.2"))))
    with redis_server.client() as client:
        client.zadd("pages", {"/seen": 3, "/list": 1})
    (tmp_path / "shop.toml").write_text(
        f"""
        base_url = "{SITE}"
        connect_to = "127.0.0.1:{rogue.port}"
        [[source]]
        path = "access.log"
        weight = 2.0
        [[source]]
        path = "list.txt"
        [[source]]
        url = "/sitemap.xml"
        weight = 0.5
        [[source]]
        kind = "popularity"
        url = "{redis_server.url}"
        key = "pages"
        weight = 0.5
        """
    )
    # Of a sum of 4: log /both 1.5, /log 0.5; list 0.5 each; sitemap /map 0.4, /log 0.1;
    # set /seen 0.375, /list 0.125. Traffic is what log and set saw, 2.5.
    assert planned(tmp_path, "-c", "shop.toml") == (
        [
            ("/both", "0.5"),
            ("/list", "0.15625"),
            ("/log", "0.15"),
            ("/map", "0.1"),
            ("/seen", "0.09375"),
        ],
        "# 5 targets; 100 % of the observed traffic",
    )
    assert planned(tmp_path, "-c", "shop.toml", "--top", "2")[1] == (
        "# 2 targets; 65.0 % of the observed traffic"
    )


def test_include_and_exclude_come_before_the_cap(tmp_path: Path, address: tuple[str, ...]) -> None:
    (tmp_path / "access.log").write_text(
        combined([("/cart", 50), ("/p/1", 20), ("/p/2?page=2", 20), ("/p/3", 10)])
    )
    chosen = ("--include", "^/p/", "--exclude", "page=", "--top", "2")
    assert planned(tmp_path, "access.log", *address, *chosen) == (
        [("/p/1", "0.2"), ("/p/3", "0.1")],
        "# 2 targets; 30.0 % of the observed traffic",
    )


def test_a_log_without_a_page_in_it_is_no_observed_traffic(
    tmp_path: Path, address: tuple[str, ...]
) -> None:
    (tmp_path / "access.log").write_text(combined([("/style.css", 5)]))
    assert planned(tmp_path, "access.log", "-", *address, stdin="/a\n/b\n") == (
        [("/a", "0.5"), ("/b", "0.5")],
        "# 2 targets; no traffic was observed",
    )


def test_what_is_planned_is_what_is_fetched(
    rogue: Rogue, tmp_path: Path, address: tuple[str, ...]
) -> None:
    hit = page(headers={"X-Cache": "HIT from proxy"})
    for path in ("/a", "/b", "/c"):
        rogue.on(path, hit)
    (tmp_path / "access.log").write_text(combined([("/a", 1), ("/b", 3), ("/c", 4)]))
    arguments = ("access.log", *address, "--top", "2", "--concurrency", "1")
    dry = warmer(tmp_path, "crawl", *arguments, "--dry-run")
    assert (dry.code, rogue.count()) == (0, 0)
    assert dry.stdout == warmer(tmp_path, "plan", *arguments[:-2]).stdout
    assert not (tmp_path / "warmer.db").exists()

    result = crawl(tmp_path, *arguments)

    assert result.warm() == ["/b", "/c"], result.stderr
    warmed = [seen.target for seen in rogue.requests()]
    assert warmed[:2] == ["/c", "/b"]
    assert set(warmed) == {"/b", "/c"}
    assert result.report["traffic_hit_ratio"] == 0.875


def test_no_page_is_fetched_for_a_plan_and_the_site_is_asked_for_its_sitemap_alone(
    rogue: Rogue, tmp_path: Path, address: tuple[str, ...]
) -> None:
    rogue.on("/sitemap.xml", page(urlset(("/a", "0.5"))))
    planned(tmp_path, f"{SITE}/sitemap.xml", *address)
    assert [seen.target for seen in rogue.requests()] == ["/sitemap.xml"]


def test_a_sitemap_that_nobody_answers_for_is_unreachable(tmp_path: Path, rogue: Rogue) -> None:
    port = rogue.port
    rogue.stop()
    where = ("--base-url", SITE, "--connect-to", f"127.0.0.1:{port}")
    result = warmer(tmp_path, "crawl", f"{SITE}/sitemap.xml", *where)
    assert (result.code, result.stdout, result.stderr.count("\n")) == (3, "", 1)
    assert result.stderr.startswith(f"warmer: {SITE}/sitemap.xml: cannot be fetched: ")
