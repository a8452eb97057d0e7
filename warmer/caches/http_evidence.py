"""What the headers of one response say about the caches it came through. Pure, never raises.

Reads headers only: no status, no body, no clock. It does not say whether the response
*may* be stored (`http_obstacles`), nor whether the target is warm (`warmer.verify`).

Where several caches speak, the order is from the visitor inwards: content networks
(CF-Cache-Status, X-Vercel-Cache, X-Cache, Server-Timing), Cache-Status, reverse proxies
(X-Cache-Status, X-Proxy-Cache, X-Varnish, X-LiteSpeed-Cache), the application (Cache-Status
signed `django`, X-Wagtail-Cache, X-Drupal-Cache), and Age last. Within one header, the last
element is the nearest. Then:

1. A cache that let the request pass (BYPASS) leaves the word to the next one inwards, at
   last to Age; only if nobody else speaks, or the application is among them, is it BYPASS.
2. Otherwise the nearest cache decides, for it is the one that the next visitor meets. What
   stands behind a HIT was stored with the body and tells of another request.
3. If it says MISS, the response came from further inside, so the application's word is
   fresh: its HIT is a hit, its MISS or BYPASS is named as well. Another proxy's hit behind
   a MISS leaves it a MISS, but `stored` is True: a cache does keep this page.
4. Age proves a hit if it is above 0 and within the lifetime; above it, it shows STALE.
   X-Cache, X-Varnish, X-LiteSpeed-Cache and Server-Timing have no word for stale (Varnish
   calls grace a hit, so does Fastly): their HIT is STALE with an Age above the lifetime,
   except a lifetime of 0, by which no cache keeps anything.

`ResponseEvidence.header` names the proof; several names are parted by ", ", nearest first.
The application's Cache-Status member is named `cache-status:django`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from warmer.caches import cache_status, freshness
from warmer.model import CacheState, ResponseEvidence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_HIT, _MISS, _STALE = CacheState.HIT, CacheState.MISS, CacheState.STALE
_BYPASS, _UNKNOWN = CacheState.BYPASS, CacheState.UNKNOWN

_NGINX = {
    "HIT": _HIT,
    "REVALIDATED": _HIT,
    "MISS": _MISS,
    "EXPIRED": _MISS,
    "STALE": _STALE,
    "UPDATING": _STALE,
    "BYPASS": _BYPASS,
}
_CLOUDFLARE = {**_NGINX, "DYNAMIC": _BYPASS, "NONE": _BYPASS}
_VERCEL = {
    "HIT": _HIT,
    "PRERENDER": _HIT,
    "MISS": _MISS,
    "REVALIDATED": _MISS,
    "STALE": _STALE,
    "BYPASS": _BYPASS,
}
# Squid, Fastly, CloudFront, Akamai, Azure, and nginx's words under this name.
_X_CACHE = {
    **_NGINX,
    "PASS": _BYPASS,
    "REFRESHHIT": _HIT,
    "TCP_HIT": _HIT,
    "TCP_MEM_HIT": _HIT,
    "TCP_IMS_HIT": _HIT,
    "TCP_REFRESH_HIT": _HIT,
    "TCP_REMOTE_HIT": _HIT,
    "TCP_MISS": _MISS,
    "TCP_REFRESH_MISS": _MISS,
    # Served although the origin failed; and a stored error page. Neither is a hot page.
    "TCP_REFRESH_FAIL_HIT": _STALE,
    "TCP_NEGATIVE_HIT": _STALE,
}
_DRUPAL = {"HIT": _HIT, "MISS": _MISS, "UNCACHEABLE": _BYPASS}
_WAGTAIL = {"HIT": _HIT, "MISS": _MISS, "SKIP": _BYPASS}
_LITESPEED = {"HIT": _HIT, "MISS": _MISS, "BKD": _BYPASS}

_CDN_CACHE = re.compile(r"\bcdn-cache\s*;\s*desc\s*=\s*\"?([A-Za-z_]{1,20})", re.IGNORECASE)
_LONGEST_DETAIL = 120


class _Word(NamedTuple):
    """What one header says; `header` as in ResponseEvidence."""

    state: CacheState
    header: str
    detail: str
    stored: bool = False
    ttl_s: float | None = None


def judge(headers: Sequence[tuple[str, str]]) -> ResponseEvidence:
    """Say whether the response came from a cache, by its headers in the order received.

    Names must be lower-case; repeated ones in order. `age_s` is the Age header. `ttl_s`
    is the freshness left, 0 or more: by Cache-Status, else s-maxage or max-age less Age,
    else Expires less Date (RFC 9111, section 4.2.1). It is None for a HIT that is past
    that lifetime: the cache keeps the page by a rule that the response does not tell.
    """
    seen: dict[str, str] = {}
    for name, value in headers:
        if name in _READ:
            seen[name] = f"{seen[name]}, {value}" if name in seen else value
    if not seen:
        return _SILENT
    age_s = freshness.age_s(seen)
    lifetime_s = freshness.lifetime_s(seen)
    past = bool(age_s and lifetime_s is not None and age_s > lifetime_s)
    words: list[_Word] = []
    for name, value in seen.items():
        read = _READERS.get(name)
        if read is not None:
            read(words, name, value)
    if len(words) > 1:
        words.sort(key=_distance)
    word = _of_the_nearest(words) or _without_a_word(words, age_s, past=past)
    state = word.state
    if state is _HIT and past and word.header in _NO_WORD_FOR_STALE:
        state = _STALE if freshness.governs(seen, lifetime_s) else _HIT
    ttl_s = word.ttl_s
    if ttl_s is None and lifetime_s is not None:
        ttl_s = freshness.left_s(seen, lifetime_s, age_s, hit=state is _HIT)
    return ResponseEvidence(
        state,
        word.header,
        word.detail,
        age_s,
        None if ttl_s is None else max(0.0, ttl_s),
        word.stored,
    )


def each_cache(headers: Sequence[tuple[str, str]]) -> list[ResponseEvidence]:
    """Return what each cache says by itself, nearest first; `judge` weighs them."""
    seen: dict[str, str] = {}
    for name, value in headers:
        if name in _READERS:
            seen[name] = f"{seen[name]}, {value}" if name in seen else value
    words: list[_Word] = []
    for name, value in seen.items():
        _READERS[name](words, name, value)
    return [
        ResponseEvidence(word.state, word.header, word.detail, None, word.ttl_s, word.stored)
        for word in sorted(words, key=_distance)
    ]


def _of_the_nearest(words: list[_Word]) -> _Word | None:
    """Return what rules 2 and 3 make of `words`, nearest first; None if all let it pass."""
    speaking = [word for word in words if word.state is not _BYPASS]
    if not speaking:
        return None
    nearest = speaking[0]
    if nearest.state is not _MISS or len(words) == 1:
        return nearest
    for word in words[words.index(nearest) + 1 :]:
        in_application = word.header in _APPLICATION
        if word.state is _HIT and in_application:
            return word._replace(detail=f"{word.detail}, behind {nearest.detail}")
        if word.state is _HIT:
            return nearest._replace(detail=f"{nearest.detail}, before {word.detail}", stored=True)
        if word.state is _STALE:
            break
        if in_application:
            return nearest._replace(header=f"{nearest.header}, {word.header}")
    return nearest


def _without_a_word(passed: list[_Word], age_s: float | None, *, past: bool) -> _Word:
    """Return what is left when no cache says more than that it let the request pass."""
    if age_s and not any(word.header in _APPLICATION for word in passed):
        return _Word(_STALE if past else _HIT, "age", f"age: {age_s:.0f}")
    if passed:
        return passed[0]._replace(header=", ".join(word.header for word in passed))
    return _NOTHING


def _distance(word: _Word) -> int:
    return _NEAREST_FIRST[word.header]


# Readers: each adds to `words` what one header says, or nothing.


def _by_table(table: Mapping[str, CacheState]) -> Callable[[list[_Word], str, str], None]:
    """Read the first word of the header's last element, `Hit from cloudfront` is HIT."""

    def read(words: list[_Word], name: str, value: str) -> None:
        last = value if "," not in value else value.rstrip(" ,").rpartition(",")[2]
        first = last.split(None, 1)
        state = table.get(first[0].upper()) if first else None
        if state is not None:
            words.append(_Word(state, name, _detail(name, last.strip())))

    return read


def _read_cache_status(words: list[_Word], name: str, value: str) -> None:
    for member in cache_status.members(value):
        header = "cache-status:django" if member.application else name
        words.append(_Word(member.state, header, _detail(name, value), member.stored, member.ttl_s))


def _read_varnish(words: list[_Word], name: str, value: str) -> None:
    """Read the transaction ids: this request's, and on a hit that of the one it stored."""
    ids = value.rpartition(",")[2].split()
    if 1 <= len(ids) <= 2 and all(part.isdigit() for part in ids):
        words.append(_Word(_HIT if len(ids) == 2 else _MISS, name, _detail(name, value)))


def _read_litespeed(words: list[_Word], name: str, value: str) -> None:
    """Read the first element; the others say which of its caches it was."""
    first, _, rest = value.partition(",")
    state = _LITESPEED.get(first.strip().upper())
    if state is not None:
        # `hit,private` is one visitor's own copy: the next one gets another.
        state = _BYPASS if "private" in rest.lower() else state
        words.append(_Word(state, name, _detail(name, value)))


def _read_server_timing(words: list[_Word], name: str, value: str) -> None:
    found = _CDN_CACHE.findall(value)
    state = _X_CACHE.get(found[-1].upper()) if found else None
    if state is not None:
        words.append(_Word(state, name, f"server-timing: cdn-cache; desc={found[-1]}"))


def _detail(name: str, value: str) -> str:
    """Return header and value fit for one line on a terminal: the value is a stranger's."""
    text = f"{name}: {value}"[:_LONGEST_DETAIL]
    return text if text.isprintable() else ascii(text)[1:-1]


_READERS: Mapping[str, Callable[[list[_Word], str, str], None]] = {
    "cf-cache-status": _by_table(_CLOUDFLARE),
    "x-vercel-cache": _by_table(_VERCEL),
    "x-cache": _by_table(_X_CACHE),
    "server-timing": _read_server_timing,
    "cache-status": _read_cache_status,
    "x-cache-status": _by_table(_NGINX),
    "x-proxy-cache": _by_table(_NGINX),
    "x-varnish": _read_varnish,
    "x-litespeed-cache": _read_litespeed,
    "x-wagtail-cache": _by_table(_WAGTAIL),
    "x-drupal-cache": _by_table(_DRUPAL),
}
_APPLICATION = ("cache-status:django", "x-wagtail-cache", "x-drupal-cache")
_NEAREST_FIRST = {
    name: tier
    for tier, name in enumerate(
        [*(name for name in _READERS if name not in _APPLICATION), *_APPLICATION]
    )
}
_NO_WORD_FOR_STALE = frozenset({"x-cache", "server-timing", "x-varnish", "x-litespeed-cache"})
_READ = frozenset({*_READERS, "age", "cache-control", "expires", "date"})
_NOTHING = _Word(_UNKNOWN, "", "")
_SILENT = ResponseEvidence(_UNKNOWN)
