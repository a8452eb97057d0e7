"""The caches as the application has them: who shares them, whether they keep what they are given.

Writes one key of its own into each cache, for a moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.cache import caches

from warmer.contrib.django.options import options, page_caches
from warmer.contrib.django.preflight.asked import is_a, words_of
from warmer.contrib.django.variants import redis_of
from warmer.preflight.result import Grade, Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warmer.contrib.django.preflight.asked import Asked

_BACKENDS = "django.core.cache.backends."
_LOCAL = f"{_BACKENDS}locmem.LocMemCache"
_DUMMY = f"{_BACKENDS}dummy.DummyCache"
_LIFE_S = 60
_SHARED = "put pages into Redis or memcached, which all processes share"


def cache_backend(_asked: Asked) -> Iterator[Result]:
    """Pages are kept where every process of every machine finds them."""
    pages = page_caches(options())
    for alias in settings.CACHES:
        yield _backend(alias, for_pages=alias in pages)


def _backend(alias: str, *, for_pages: bool) -> Result:
    check, where = "cache-backend", f"CACHES {alias}"
    name = settings.CACHES[alias]["BACKEND"]
    cache = caches[alias]
    if not for_pages:
        return Result(check, Grade.OK, where, f"{name}, for no pages")
    if is_a(cache, _LOCAL):
        reason = "each process keeps pages for itself: warming reaches one, a restart empties all"
        return Result(check, Grade.FAIL, where, reason, _SHARED)
    if is_a(cache, _DUMMY):
        return Result(check, Grade.FAIL, where, "keeps nothing", _SHARED)
    if is_a(cache, f"{_BACKENDS}db.DatabaseCache"):
        reason = "in the database: a hit still asks it"
        return Result(check, Grade.WARN, where, reason, _SHARED)
    if is_a(cache, f"{_BACKENDS}filebased.FileBasedCache"):
        reason = "in files of one machine, listed whenever one is added"
        return Result(check, Grade.WARN, where, reason, _SHARED)
    return Result(check, Grade.OK, where, name)


def cache_round_trip(asked: Asked) -> Iterator[Result]:
    """What is set comes back, has a time to live, and goes."""
    for alias in settings.CACHES:
        where = f"CACHES {alias}"
        cache = caches[alias]
        if is_a(cache, _DUMMY):
            yield Result("cache-round-trip", Grade.SKIPPED, where, "DummyCache keeps nothing")
            continue
        try:
            fault, told = _round_trip(cache, asked)
        except Exception as error:  # noqa: BLE001 -- each client has errors of its own
            fault, told = words_of(error), ""
        if fault:
            cure = "start the cache server, or mend LOCATION and the login"
            yield Result("cache-round-trip", Grade.FAIL, where, fault, cure)
        else:
            yield Result("cache-round-trip", Grade.OK, where, told)


def _round_trip(cache: Any, asked: Asked) -> tuple[str, str]:  # noqa: ANN401 -- any backend
    """What is wrong, or else what was seen."""
    cache.set(asked.name, asked.token, _LIFE_S)
    try:
        found = cache.get(asked.name)
        if found != asked.token:
            kind = "nothing" if found is None else "something else"
            return f"a key was set, and {kind} came back", ""
        client = redis_of(cache)
        if client is None:
            cache.touch(asked.name, 0)
            if cache.get(asked.name) is not None:
                return "a key outlives its time", ""
            return "", "set, read, expired"
        left_s = client.ttl(cache.make_key(asked.name))
        if not 0 < left_s <= _LIFE_S:
            return f"a key set for {_LIFE_S} s has {left_s} s to live", ""
        return "", f"set, read, {left_s} s to live, removed"
    finally:
        cache.delete(asked.name)
