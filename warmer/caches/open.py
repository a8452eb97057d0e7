"""From a `--cache` URL to the cache server behind it; connects to nothing yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warmer.caches.address import parse
from warmer.caches.memcached import MemcachedCache
from warmer.caches.redis import RedisCache

if TYPE_CHECKING:
    from warmer.caches.server import CacheServer


def open_cache(url: str) -> CacheServer:
    """The cache at a URL; ConfigError if it is none. Connects with the first question."""
    address = parse(url)
    return RedisCache(address) if address.is_redis else MemcachedCache(address)
