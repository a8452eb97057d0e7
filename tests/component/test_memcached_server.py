"""MemcachedCache against real servers; the servers' own counters are the oracle."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymemcache.client.base import Client

from warmer.caches.address import parse
from warmer.caches.delta import difference, eviction_warning
from warmer.caches.memcached import MemcachedCache
from warmer.caches.memcached_protocol import can_exist
from warmer.caches.open import open_cache
from warmer.errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import StartMemcached
    from tests.servers.stores import MemcachedServer


@pytest.fixture
def cache(memcached_server: MemcachedServer) -> Iterator[MemcachedCache]:
    opened = MemcachedCache(parse(memcached_server.url))
    yield opened
    opened.close()


@pytest.fixture
def site(memcached_server: MemcachedServer) -> Iterator[Client]:
    """What the site itself does in the cache."""
    client = Client((memcached_server.host, memcached_server.port), default_noreply=False)
    yield client
    client.close()


def hits_and_misses(client: Client) -> tuple[int, int]:
    stats = client.stats()
    return stats[b"get_hits"], stats[b"get_misses"]


def test_presence_and_ttl_of_keys_are_told(cache: MemcachedCache, site: Client) -> None:
    site.set("page", b"x" * 1000, expire=90)
    site.set("kept", b"y")
    page, absent, kept = cache.entries(["page", "absent", "kept"])
    assert page is not None
    assert page.ttl_s is not None
    assert 88 <= page.ttl_s <= 90
    assert page.size_bytes > 1000
    assert absent is None
    assert kept is not None
    assert kept.ttl_s is None


def test_an_expired_key_is_absent(cache: MemcachedCache, site: Client) -> None:
    site.set("page", b"x", expire=-1)
    site.set("soon", b"x", expire=1)
    while cache.entries(["soon"]) != [None]:
        pass
    assert cache.entries(["page"]) == [None]


def test_keys_that_memcached_cannot_hold_are_absent_and_not_sent(
    cache: MemcachedCache, site: Client
) -> None:
    site.set("page", b"x")
    asked = ["k" * 251, "page\r\nflush_all", "a b", "", "\x7f", "page", "é" * 126]
    assert [entry is not None for entry in cache.entries(asked)] == [
        *[False] * 5,
        True,
        False,
    ]
    assert cache.values(asked, 10)[5] == b"x"


@given(st.binary(max_size=260))
def test_what_can_exist_is_one_word_of_the_protocol(key: bytes) -> None:
    assert not can_exist(key) or (b"x %b y" % key).split() == [b"x", key, b"y"]


def test_keys_are_utf_8(cache: MemcachedCache, memcached_server: MemcachedServer) -> None:
    site = Client((memcached_server.host, memcached_server.port), allow_unicode_keys=True)
    site.set("prix:é€😀", b"x", noreply=False)
    site.close()
    assert cache.entries(["prix:é€😀"]) != [None]
    assert cache.find("é€", 100) == (["prix:é€😀"], True)


def test_presence_moves_no_counter_and_values_are_tallied_exactly(
    cache: MemcachedCache, site: Client
) -> None:
    for number in range(40):
        site.set(f"page:{number}", b"x")
    hits, misses = hits_and_misses(site)
    cache.entries([f"page:{number}" for number in range(50)])
    cache.find("page:", 1000)
    assert hits_and_misses(site) == (hits, misses)
    cache.values([f"page:{number}" for number in range(35, 45)], 100)
    assert hits_and_misses(site) == (hits + 5, misses)
    reading = cache.readings()[0]
    assert (reading.own_hits, reading.own_misses) == (5, 0)


def test_what_visitors_ask_is_the_difference_of_two_readings(
    cache: MemcachedCache, site: Client
) -> None:
    site.set("page", b"x")
    before = cache.readings()[0]
    for _ in range(3):
        site.get("page")
    site.get("absent")
    cache.entries(["page", "absent"])
    cache.values(["page"], 100)
    delta = difference(before, cache.readings()[0])
    assert (delta.hits, delta.misses, delta.hit_ratio, delta.note) == (3, 1, 0.75, None)


def test_a_value_comes_raw_and_only_up_to_its_limit(cache: MemcachedCache, site: Client) -> None:
    site.set("ten", b"\r\nEN\r\n\x80\x00\xff.")
    site.set("eleven", b"y" * 11)
    site.set("huge", b"z" * 900_000)
    site.set("empty", b"")
    assert cache.values(["ten", "eleven", "huge", "empty", "absent"], 10) == [
        b"\r\nEN\r\n\x80\x00\xff.",
        None,
        None,
        b"",
        None,
    ]
    assert cache.values(["huge", "ten"], 900_000) == [b"z" * 900_000, b"\r\nEN\r\n\x80\x00\xff."]


def test_many_large_values_come_whole(cache: MemcachedCache, site: Client) -> None:
    keys = [f"page:{number}" for number in range(300)]
    for key in keys:
        site.set(key, key.encode() * 4_000)
    assert cache.values(keys, 100_000) == [key.encode() * 4_000 for key in keys]


def test_ten_thousand_keys_are_asked_for_in_forty_round_trips(
    cache: MemcachedCache, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [f"page:{number}".rjust(120, "x") for number in range(10_000)]
    site.set_many(dict.fromkeys(keys, b"x"), noreply=True)
    site.version()
    sent: list[bytes] = []
    send = socket.socket.sendall

    def sendall(connection: socket.socket, commands: bytes) -> None:
        sent.append(commands)
        send(connection, commands)

    monkeypatch.setattr(socket.socket, "sendall", sendall)
    assert None not in cache.entries(keys)
    assert len(sent) == 40


def test_keys_are_found_and_counted_whatever_is_in_them(
    cache: MemcachedCache, site: Client
) -> None:
    for key in ("t.nav.1", "t.nav.%2", "t.foot.[3]", "T.nav.4"):
        site.set(key, b"x")
    assert sorted(cache.find("nav.", 100)[0]) == ["T.nav.4", "t.nav.%2", "t.nav.1"]
    assert cache.find(".[3", 100) == (["t.foot.[3]"], True)
    assert cache.count("t.nav.*", 100) == (2, True)
    assert cache.count("?.nav.[14]", 100) == (2, True)
    assert cache.count("[^t]*", 100) == (1, True)


def test_a_search_stops_at_its_limit(cache: MemcachedCache, site: Client) -> None:
    site.set_many({f"page:{number}": b"x" for number in range(20_000)}, noreply=True)
    site.version()
    # The second finds the crawler still busy with the rest of the first.
    assert cache.count("page:*", 1_000) == (1_000, False)
    assert cache.count("page:*", 1_000) == (1_000, False)


def test_a_server_that_lists_no_keys_finds_none_and_says_so(
    start_memcached: StartMemcached,
) -> None:
    server = start_memcached("-X")
    with contextlib.closing(server.client()) as site:
        site.set("page", b"x", noreply=False)
    cache = open_cache(server.url)
    assert cache.find("page", 100) == ([], False)
    assert cache.count("page", 100) == (0, False)
    assert cache.entries(["page"]) != [None]
    cache.close()


def test_a_flush_is_noticed(cache: MemcachedCache, site: Client) -> None:
    before = cache.readings()[0]
    site.flush_all()
    delta = difference(before, cache.readings()[0])
    assert (delta.trusted, delta.hits) == (False, None)
    assert delta.note == "the cache was flushed between the readings"


def test_a_reset_of_the_counters_is_noticed(
    start_memcached: StartMemcached,
) -> None:
    server = start_memcached()
    cache = MemcachedCache(parse(server.url))
    with contextlib.closing(server.client()) as site:
        for _ in range(100):
            site.get("absent")
        before = cache.readings()[0]
        site.raw_command("stats reset", "RESET\r\n")
    # More connections than before: the other counters tell it all the same.
    for _ in range(before.connections + 1):
        with contextlib.closing(server.client()) as visitor:
            visitor.version()
    after = cache.readings()[0]
    assert after.connections >= before.connections
    assert difference(before, after).note == (
        "the counters were reset, or a look-up of ours broke off, between the readings"
    )
    cache.close()


def test_a_restart_is_noticed_and_its_new_connection_used(start_memcached: StartMemcached) -> None:
    first = start_memcached()
    cache = MemcachedCache(parse(first.url))
    before = cache.readings()[0]
    assert cache.readings()[0].identity == before.identity
    first.server.stop()
    with pytest.raises(UnreachableError):
        cache.readings()
    start_memcached(port=first.port)
    delta = difference(before, cache.readings()[0])
    assert delta.note == "the server restarted or failed over between the readings"
    cache.close()


def test_evictions_are_warned_of_with_memory_and_policy(start_memcached: StartMemcached) -> None:
    server = start_memcached("-m", "2")
    cache = MemcachedCache(parse(server.url))
    before = cache.readings()[0]
    assert (before.max_bytes, before.policy) == (2_097_152, "lru")
    with contextlib.closing(server.client()) as site:
        for number in range(2_000):
            site.set(f"page:{number}", b"x" * 10_000, noreply=False)
        evicted = site.stats()[b"evictions"]
    warning = eviction_warning(before, cache.readings()[0])
    assert warning is not None
    assert warning.startswith(f"memcached {server.node} EVICTED {evicted} entries during the run (")
    assert "of 2.0 MiB, policy lru)" in warning
    cache.close()
