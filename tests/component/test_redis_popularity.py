"""Popular URLs from a sorted set of a real Redis, and what is refused in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers.process import free_port
from warmer.caches.popularity import read_popularity
from warmer.errors import ConfigError, SourceError, UnreachableError
from warmer.model import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

    from tests.servers.stores import RedisServer


@pytest.fixture
def site(redis_server: RedisServer) -> Iterator[redis.Redis]:
    """What the site itself does in its database."""
    with redis_server.client(db=1) as client:
        yield client


def test_popular_urls_come_from_a_sorted_set_best_first(
    redis_server: RedisServer, site: redis.Redis
) -> None:
    site.zadd("popular", {f"/p/{number}": number for number in range(2500)})
    candidates = list(read_popularity(redis_server.database(1), "popular", 2100))
    assert len(candidates) == 2100
    assert candidates[0] == Candidate("/p/2499", 2499.0)
    assert candidates[-1] == Candidate("/p/400", 400.0)


def test_a_popular_url_that_is_no_utf_8_is_percent_encoded(
    redis_server: RedisServer, site: redis.Redis
) -> None:
    site.zadd("popular", {b"/caf\xe9?a=b%20c": 2})
    assert list(read_popularity(redis_server.database(1), "popular", 10)) == [
        Candidate("/caf%E9?a=b%20c", 2.0)
    ]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("absent", 'no key "absent"; expected a sorted set of URLs by hits'),
        ("text", 'key "text" is of another type; expected a sorted set of URLs by hits'),
        ("endless", 'key "endless" gives "/p/1" the score inf; expected a number'),
    ],
)
def test_a_key_that_is_no_sorted_set_of_urls_is_refused(
    redis_server: RedisServer, site: redis.Redis, key: str, message: str
) -> None:
    site.set("text", b"x")
    site.zadd("endless", {"/p/1": float("inf")})
    with pytest.raises(SourceError) as caught:
        list(read_popularity(redis_server.database(1), key, 10))
    assert str(caught.value) == f"source {redis_server.database(1)}: {message}"


def test_popularity_from_no_server_is_unreachable() -> None:
    with pytest.raises(UnreachableError):
        list(read_popularity(f"redis://127.0.0.1:{free_port()}/0", "popular", 10))


def test_popularity_from_memcached_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected a redis"):
        list(read_popularity("memcached://127.0.0.1", "popular", 10))
