"""Which entries a URL has in a Redis page cache: an index, since no key can be derived.

A sorted set for each URL, written when Django stores a page: member = entry, score = when
its rendering began. One entry in it, `saved`, says when the page last became stale. So
removing all entries of a URL costs what it has entries, whatever else Redis holds.

Entries that Django stored without the app, or whose index was evicted, are found by one
search through the keys; it is repeated only after Redis restarted or evicted something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from warmer.contrib.django.impatient import impatient
from warmer.contrib.django.page_keys import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MIN_LIFE_S = 86_400
ADOPTED_LIFE_S = 365 * MIN_LIFE_S
ABANDONED_S = 3_600
"""An entry that was refreshed is left to the next refresh, but no longer than this."""
SEARCH_LIMIT = 2_000_000
SEARCH_PAUSE_S = 60.0
_SLICE = 1_000
_SAVED = b"saved"
_VISITED, _REFRESHED, _HEADERS = b"v:", b"r:", b"h:"
_INDEX = "warmer.variants."
_STATE = "warmer.variants-known"
_PAGES = "views.decorators.cache.cache_page."


class SearchRefusedError(Exception):
    """More keys than a search may look at, or keys whose names tell nothing."""


class Variants:
    """The index in one Redis cache. Methods raise redis errors."""

    def __init__(self, cache: Any, client: Any) -> None:  # noqa: ANN401 -- Django's and redis' own
        self._cache = cache
        self._client = client

    def note(self, key: str, *, began: float, life_s: float | None, refreshed: bool) -> None:
        """An entry is about to be stored; `began`: when its rendering did, unix seconds."""
        names = parse(key)
        if names is None:
            return
        index = self._index(names.digest)
        page, headers = self._name(names.page), self._name(names.header_list)
        mine, other = (_REFRESHED, _VISITED) if refreshed else (_VISITED, _REFRESHED)
        pipeline = self._client.pipeline(transaction=False)
        pipeline.zadd(index, {mine + page: began, _HEADERS + headers: began})
        pipeline.zrem(index, other + page)
        pipeline.ttl(index)
        left_s = pipeline.execute()[-1]
        wanted_s = max(int(life_s), MIN_LIFE_S) if life_s is not None else None
        if wanted_s is None:
            self._client.persist(index)
        elif left_s < wanted_s:
            self._client.expire(index, 2 * wanted_s)

    def mark(self, digests: Sequence[str], now: float) -> None:
        """These URLs became stale at `now`: whatever began to be rendered before is old."""
        pipeline = self._client.pipeline(transaction=False)
        for digest in digests:
            index = self._index(digest)
            pipeline.zadd(index, {_SAVED: now})
            pipeline.ttl(index)
        answers = pipeline.execute()[1::2]
        fresh = [digest for digest, left_s in zip(digests, answers, strict=True) if left_s < 0]
        if fresh:
            pipeline = self._client.pipeline(transaction=False)
            for digest in fresh:
                pipeline.zcard(self._index(digest))
            for digest, count in zip(fresh, pipeline.execute(), strict=True):
                # Also without end is an index of endless entries; it has more than the mark.
                if count == 1:
                    pipeline.expire(self._index(digest), MIN_LIFE_S)
            pipeline.execute()

    def is_overtaken(self, digest: str, began: float) -> bool:
        """Whether the URL became stale while a rendering that began then was under way."""
        saved = self._client.zscore(self._index(digest), _SAVED)
        return saved is not None and began < saved

    def remove(self, digests: Iterable[str]) -> int:
        """Remove every known entry of these URLs; how many pages these were."""
        removed = 0
        for digest in digests:
            entries = self._entries(digest)
            pages = [name for kind, name, _ in entries if kind != _HEADERS]
            lists = [name for kind, name, _ in entries if kind == _HEADERS]
            if entries:
                # Pages first: a header list without pages is harmless, the other way is not.
                removed += self._client.unlink(*pages) if pages else 0
                self._client.unlink(*lists)
                self._client.zrem(self._index(digest), *(kind + name for kind, name, _ in entries))
        return removed

    def remove_overtaken(self, digest: str, kept: str) -> int:
        """Remove what a save made stale and nobody refreshes, but not the page `kept`."""
        entries = self._entries(digest)
        saved = self._client.zscore(self._index(digest), _SAVED)
        if saved is None:
            return 0
        stays = self._name(kept)
        limit = {_VISITED: saved, _REFRESHED: saved - ABANDONED_S}
        old = [
            (kind, name)
            for kind, name, began in entries
            if kind != _HEADERS and name != stays and began < limit[kind]
        ]
        if not old:
            return 0
        removed: int = self._client.unlink(*(name for _, name in old))
        self._client.zrem(self._index(digest), *(kind + name for kind, name in old))
        return removed

    def pages(self, digest: str) -> Iterator[tuple[str, int]]:
        """Known page entries of a URL with seconds to live: -1 for ever, -2 gone."""
        for kind, name, _ in self._entries(digest):
            if kind != _HEADERS:
                yield name.decode(), self._client.ttl(name)

    def is_complete(self) -> bool:
        """Whether nothing can have been stored or lost behind the index's back."""
        known = self._client.get(self._name(_STATE))
        return known is not None and known == self._state()

    def search(self) -> None:
        """Find every page entry there is, in slices that hold up Redis for a millisecond each.

        Raises SearchRefusedError where that would be too many keys. Entries found so count as old.
        """
        if (count := self._client.dbsize()) > SEARCH_LIMIT:
            raise SearchRefusedError(f"{count} keys; expected at most {SEARCH_LIMIT}")
        state = self._state()
        before, mark, after = str(self._cache.make_key("\0")).partition("\0")
        if not mark:
            raise SearchRefusedError("KEY_FUNCTION hides the key; expected it to stay readable")
        pattern = f"{_literal(before)}{_PAGES}*{_literal(after)}"
        cursor = 0
        while True:
            cursor, found = self._client.scan(cursor, match=pattern, count=_SLICE)
            self._adopt(found, len(before), len(after))
            if not cursor:
                break
        self._client.set(self._name(_STATE), state)

    def _adopt(self, found: Sequence[bytes], before: int, after: int) -> None:
        pages = []
        for name in found:
            logical = name.decode(errors="replace")
            names = parse(logical[before : len(logical) - after])
            if names is not None:
                pages.append((self._index(names.digest), name, self._name(names.header_list)))
        pipeline = self._client.pipeline(transaction=False)
        for index, page, _ in pages:
            pipeline.zscore(index, _REFRESHED + page)
        for (index, page, headers), known in zip(pages, pipeline.execute(), strict=True):
            if known is None:
                pipeline.zadd(index, {_VISITED + page: 0, _HEADERS + headers: 0}, nx=True)
                pipeline.expire(index, ADOPTED_LIFE_S)
        pipeline.execute()

    def _state(self) -> bytes:
        """Changes whenever Redis may have lost an index: another process, or an eviction."""
        run_id = self._client.info("server")["run_id"]
        evicted = self._client.info("stats")["evicted_keys"]
        return f"{run_id} {evicted}".encode()

    def _entries(self, digest: str) -> list[tuple[bytes, bytes, float]]:
        members = self._client.zrange(self._index(digest), 0, -1, withscores=True)
        return [(name[:2], name[2:], score) for name, score in members if name != _SAVED]

    def _index(self, digest: str) -> bytes:
        return self._name(_INDEX + digest)

    def _name(self, key: str) -> bytes:
        return str(self._cache.make_key(key)).encode()


def _literal(text: str) -> str:
    return "".join(f"\\{each}" if each in "*?[]\\" else each for each in text)


def variants_of(cache: Any) -> Variants | None:  # noqa: ANN401 -- any of Django's backends
    """The index of a cache, if it is one Redis; None for every other backend."""
    known: Variants | None = getattr(cache, "_warmer_variants", None)
    if known is not None:
        return known
    client = redis_of(cache)
    if client is None:
        return None
    found = Variants(cache, client)
    cache._warmer_variants = found  # noqa: SLF001 -- lives and dies with the cache's object
    return found


def redis_of(cache: Any) -> Any:  # noqa: ANN401 -- any of Django's backends; a redis.Redis, optional
    """A client of the one Redis that a cache is kept in; None for every other backend.

    Waits at most a quarter of a second for an answer, whatever the cache itself does.
    """
    pool = _pool(cache)
    if pool is None:
        return None
    import redis  # noqa: PLC0415 -- optional, but here if the cache is a Redis

    settings = {**pool.connection_kwargs, **impatient(), "decode_responses": False}
    own = redis.ConnectionPool(connection_class=pool.connection_class, **settings)
    return redis.Redis(connection_pool=own)


_CORE = "django.core.cache.backends.redis.RedisCache"
_DJANGO_REDIS = "django_redis.cache.RedisCache"


def is_redis(cache: Any) -> bool:  # noqa: ANN401 -- any of Django's backends
    """Whether it is one of the two Redis backends, or inherits from one."""
    return bool(_kinds(cache) & {_CORE, _DJANGO_REDIS})


def _kinds(cache: Any) -> set[str]:  # noqa: ANN401 -- a cache of Django
    """By name: neither backend may be imported where it is not used."""
    return {f"{each.__module__}.{each.__qualname__}" for each in type(cache).__mro__}


def _pool(cache: Any) -> Any:  # noqa: ANN401 -- a redis connection pool, optional
    """The pool of the server that is written to."""
    kinds = _kinds(cache)
    if _CORE in kinds:
        return cache._cache.get_client(None, write=True).connection_pool  # noqa: SLF001 -- no other way
    if _DJANGO_REDIS in kinds:
        try:
            return cache.client.get_client(write=True).connection_pool
        except NotImplementedError:  # several servers, each with a part of the keys
            return None
    return None


class SearchPace:
    """Lets a search begin at most once a minute in this process; monotonic seconds."""

    def __init__(self) -> None:
        self._last: float | None = None

    def allows(self, now: float) -> bool:
        if self._last is not None and now - self._last < SEARCH_PAUSE_S:
            return False
        self._last = now
        return True
