"""What was warm when it was looked at and has gone since is not called warm at the end."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from typing import TYPE_CHECKING

import pytest

from tests.servers.misbehaviour import in_turn, page
from tests.system.command import crawl, started, warmer

if TYPE_CHECKING:
    from pathlib import Path

    from redis import Redis

    from tests.conftest import StartRedis
    from tests.servers.rogue import Behaviour, Exchange, Rogue

SITE = "http://www.example.test"
GONE = ("unverified", "not-in-cache")
WARM = ("warm", None)
SHORT_MS = 5000
"""How long an entry lives that is to be seen, and to expire within a test."""


@pytest.fixture
def cache(start_redis: StartRedis, tmp_path: Path, rogue: Rogue) -> Redis:
    """A Redis whose keys are `page:PATH`, and a site file of pages /1 to /6 behind it."""
    redis = start_redis()
    (tmp_path / "urls.txt").write_text("/1\n/2\n/3\n/4\n/5\n/6\n", encoding="utf-8")
    (tmp_path / "site.toml").write_text(
        f"""
        base_url = "{SITE}"
        connect_to = "127.0.0.1:{rogue.port}"
        source = [{{ path = "urls.txt" }}]
        [crawl]
        concurrency = 1
        retries = 0
        [verify]
        probe = "never"
        [[cache]]
        url = "{redis.url}"
        keys = {{ template = "page:{{path}}" }}
        """,
        encoding="utf-8",
    )
    client = redis.client()
    for number in range(1, 7):
        rogue.on(f"/{number}", stored(client))
    return client


def last_hit_ratio(directory: Path) -> float | None:
    """Of the last run, as it is kept with it."""
    *_, last = warmer(directory, "report", "--trend", "--json").stdout.splitlines()
    found: float | None = json.loads(last)["hit_ratio"]
    return found


def stored(cache: Redis, *, px: int = 600_000) -> Behaviour:
    """A page that the site keeps as it renders it."""

    def behave(exchange: Exchange) -> None:
        cache.set(f"page:{exchange.request.target}", "x", px=px)
        page()(exchange)

    return behave


def test_what_was_left_alone_and_expired_meanwhile_is_fetched_after_all(
    cache: Redis, rogue: Rogue, tmp_path: Path
) -> None:
    cache.set("page:/1", "x")
    cache.set("page:/2", "x")

    def last(exchange: Exchange) -> None:
        cache.delete("page:/1")
        stored(cache)(exchange)

    rogue.on("/6", last)
    result = crawl(tmp_path, "-c", "site.toml", "--only-missing")
    assert [rogue.count(f"/{number}") for number in range(1, 7)] == [1, 0, 1, 1, 1, 1]
    assert set(result.verdicts().values()) == {WARM}, result.stderr
    assert cache.exists("page:/1")


def test_an_entry_that_expires_while_others_are_probed_is_not_called_warm(
    cache: Redis, rogue: Rogue, tmp_path: Path
) -> None:
    site = tmp_path / "site.toml"
    site.write_text(site.read_text().replace('"never"', '"auto"\nprobe_sample = 0'))
    rogue.on("/1", stored(cache, px=SHORT_MS))

    def keeps(exchange: Exchange) -> None:
        while cache.exists("page:/1"):
            exchange.pause(0.02)
        page(headers={"X-Cache": "HIT from proxy"})(exchange)

    rogue.on("/6", in_turn(page(headers={"X-Cache": "MISS from proxy"}), keeps))
    found = crawl(tmp_path, "-c", "site.toml").verdicts()
    assert (found.pop("/1"), set(found.values())) == (GONE, {WARM})
    assert last_hit_ratio(tmp_path) == 5 / 6


def test_what_a_later_pass_evicted_is_not_called_warm(
    cache: Redis, rogue: Rogue, tmp_path: Path
) -> None:
    order: list[str] = []

    def keeps_three(exchange: Exchange) -> None:
        stored(cache)(exchange)
        order.append(exchange.request.target)
        if len(order) > 3:
            cache.delete(f"page:{order.pop(0)}")

    for number in range(1, 7):
        rogue.on(f"/{number}", keeps_three)
    result = crawl(tmp_path, "-c", "site.toml", "--passes", "4")
    assert set(result.warm()) <= set(order)
    assert rogue.count() < 12, "passes that gain nothing go on"


def test_a_run_that_is_resumed_after_entries_have_expired_fetches_them_again(
    cache: Redis, rogue: Rogue, tmp_path: Path
) -> None:
    finished = crawl(tmp_path, "-c", "site.toml")
    assert set(finished.verdicts().values()) == {WARM}
    cut_short(tmp_path)
    cache.delete("page:/1", "page:/4")
    result = crawl(tmp_path, "--resume", "last")
    assert [rogue.count(f"/{number}") for number in range(1, 7)] == [2, 1, 1, 2, 1, 1]
    assert set(result.verdicts().values()) == {WARM}, result.stderr


def test_the_trend_has_a_resumed_run_as_it_ended_at_last(
    cache: Redis, rogue: Rogue, tmp_path: Path
) -> None:
    crawl(tmp_path, "-c", "site.toml")
    assert last_hit_ratio(tmp_path) == 1.0
    cut_short(tmp_path)
    cache.delete("page:/1")
    rogue.on("/1", page(status="503 Service Unavailable"))
    crawl(tmp_path, "--resume", "last")
    assert last_hit_ratio(tmp_path) == 5 / 6


def test_a_response_whose_time_is_over_at_the_end_is_no_evidence_any_more(
    rogue: Rogue, tmp_path: Path
) -> None:
    (tmp_path / "urls.txt").write_text("/1\n/2\n", encoding="utf-8")
    hit = {"X-Cache": "HIT from proxy"}
    rogue.on("/1", page(headers=hit | {"Cache-Control": "max-age=1"}))

    def later(exchange: Exchange) -> None:
        exchange.pause(rogue.requests("/1")[-1].at + 1.5 - time.monotonic())
        page(headers=hit)(exchange)

    rogue.on("/2", later)
    result = crawl(
        tmp_path, "urls.txt", "--base-url", SITE, "--connect-to", f"127.0.0.1:{rogue.port}"
    )
    assert result.verdicts() == {"/1": ("unverified", "expired"), "/2": WARM}


def test_of_a_resumed_run_pages_whose_time_is_over_are_fetched_again(
    rogue: Rogue, tmp_path: Path
) -> None:
    (tmp_path / "urls.txt").write_text("/1\n/2\n", encoding="utf-8")
    hit = {"X-Cache": "HIT from proxy", "Cache-Control": "max-age=600"}
    for path in ("/1", "/2"):
        rogue.on(path, page(headers=hit))
    (tmp_path / "site.toml").write_text('[verify]\nprobe = "never"\n', encoding="utf-8")
    where = ("--base-url", SITE, "--connect-to", f"127.0.0.1:{rogue.port}")
    crawl(tmp_path, "urls.txt", "-c", "site.toml", *where)
    cut_short(tmp_path, "UPDATE outcomes SET at = at - 700 WHERE rank = 1")
    result = crawl(tmp_path, "--resume", "last")
    assert (rogue.count("/1"), rogue.count("/2")) == (2, 1)
    assert set(result.verdicts().values()) == {WARM}


def test_a_killed_run_that_is_resumed_looks_again_at_what_it_had_left_alone(
    cache: Redis, rogue: Rogue, tmp_path: Path
) -> None:
    cache.set("page:/1", "x")
    with (
        started(tmp_path, "crawl", "-c", "site.toml", "--only-missing") as process,
        rogue.hold("/4") as held,
    ):
        held.wait_until_arrived()
        process.kill()
        process.wait()
    cache.delete("page:/1")
    result = crawl(tmp_path, "--resume", "last")
    assert rogue.count("/1") == 1
    assert set(result.verdicts().values()) == {WARM}, result.stderr


def cut_short(directory: Path, *statements: str) -> None:
    """As if the last run had been interrupted at its very end."""
    with contextlib.closing(sqlite3.connect(directory / "warmer.db")) as store, store:
        for statement in ("UPDATE runs SET status = 'interrupted'", *statements):
            store.execute(statement)
