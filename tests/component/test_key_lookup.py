"""What is in a cache without Django's help, on a real Redis: no crafted content is called warm."""

from __future__ import annotations

import pickle
import zlib
from typing import TYPE_CHECKING

import pytest

from warmer.caches.django_keys import (
    HashVariant,
    absolute_uri,
    context_digest,
    header_list_key,
    key_suffix,
    page_key,
    public_request,
    request_meta,
    uri_digest,
)
from warmer.caches.key_evidence import Basis, Learnt, Unsettled
from warmer.caches.key_learning import KeyLearner
from warmer.caches.key_scheme import KeyPins, KeyScheme, scheme_from_config
from warmer.caches.key_template import parse_template
from warmer.caches.lookup import KeyLookup, TemplateLookup
from warmer.caches.open import open_cache
from warmer.config import KeysConfig
from warmer.model import KeyQuestion

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import redis

    from tests.servers.stores import RedisServer
    from warmer.caches.server import CacheServer

URL = "https://www.example.com/a/"
HEADERS = {"Cookie": "a=b", "User-Agent": "T"}
QUESTION = KeyQuestion(URL, HEADERS)
LEGACY = KeyScheme(hashes=(HashVariant.LEGACY,))
VARIED = ("HTTP_COOKIE", "HTTP_X_ABSENT")


@pytest.fixture
def cache(redis_server: RedisServer) -> Iterator[CacheServer]:
    opened = open_cache(redis_server.url)
    yield opened
    opened.close()


class Store:
    """Puts entries where a Django with these settings would."""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client

    def header_list(
        self, value: bytes | Sequence[str], *, url: str = URL, prefix: str = ":1:",
        page_prefix: str = "", language: str = "", zone: str = "", ttl_s: int | None = 600,
    ) -> None:  # fmt: skip
        raw = value if isinstance(value, bytes) else pickle.dumps(list(value))
        key = header_list_key(page_prefix, self.digest(url), key_suffix(language, zone))
        self.client.set(prefix + key, raw, ex=ttl_s)

    def page(
        self, names: Sequence[str], variant: HashVariant, *, url: str = URL, prefix: str = ":1:",
        page_prefix: str = "", language: str = "", zone: str = "", ttl_s: int | None = 600,
        method: str = "GET",
    ) -> str:  # fmt: skip
        context = context_digest(names, request_meta(HEADERS, "www.example.com"), variant)
        suffix = key_suffix(language, zone)
        key = prefix + page_key(page_prefix, self.digest(url), context, suffix, method=method)
        self.client.set(key, b"page", ex=ttl_s)
        return key

    @staticmethod
    def digest(url: str) -> str:
        return uri_digest(absolute_uri(public_request(url)))


@pytest.fixture
def store(redis_server: RedisServer) -> Store:
    return Store(redis_server.client())


def test_a_page_is_present_with_the_lifetime_of_what_expires_first(
    cache: CacheServer, store: Store
) -> None:
    store.header_list(VARIED, ttl_s=50)
    key = store.page(VARIED, HashVariant.LEGACY, ttl_s=500)
    (answer,) = KeyLookup(cache, LEGACY).look_up([QUESTION])
    assert (answer.state, answer.key) == ("present", key)
    assert answer.ttl_s is not None
    assert 48 < answer.ttl_s <= 50


def test_a_page_that_never_expires_has_no_lifetime(cache: CacheServer, store: Store) -> None:
    store.header_list([], ttl_s=None)
    store.page([], HashVariant.LEGACY, ttl_s=None)
    (answer,) = KeyLookup(cache, LEGACY).look_up([QUESTION])
    assert (answer.state, answer.ttl_s) == ("present", None)


def test_a_header_list_or_a_page_alone_is_absent(cache: CacheServer, store: Store) -> None:
    store.page(VARIED, HashVariant.LEGACY)
    (no_list,) = KeyLookup(cache, LEGACY).look_up([QUESTION])
    store.client.flushdb()
    store.header_list(VARIED)
    (no_page,) = KeyLookup(cache, LEGACY).look_up([QUESTION])
    assert (no_list.state, no_list.detail) == ("absent", "no header list")
    assert (no_page.state, no_page.detail) == ("absent", "no page for these headers")


def test_a_head_entry_is_no_page(cache: CacheServer, store: Store) -> None:
    store.header_list(VARIED)
    store.page(VARIED, HashVariant.LEGACY, method="HEAD")
    assert KeyLookup(cache, LEGACY).look_up([QUESTION])[0].state == "absent"


@pytest.mark.parametrize("old", [HashVariant.MARKER, HashVariant.NETSTRING])
def test_an_entry_of_another_hash_variant_is_absent(
    old: HashVariant, cache: CacheServer, store: Store
) -> None:
    store.header_list(VARIED)
    store.page(VARIED, old)
    assert KeyLookup(cache, LEGACY).look_up([QUESTION])[0].state == "absent"


@pytest.mark.parametrize(
    ("prefix", "page_prefix", "language", "zone"),
    [("v1:1:", "", "", ""), (":2:", "", "", ""), (":1:", "old", "", ""), (":1:", "", "en", ""),
     (":1:", "", "", "UTC")],
)  # fmt: skip
def test_an_entry_under_other_settings_is_absent(
    cache: CacheServer, store: Store, *, prefix: str, page_prefix: str, language: str, zone: str
) -> None:
    where = {"prefix": prefix, "page_prefix": page_prefix, "language": language, "zone": zone}
    store.header_list([], **where)  # type: ignore[arg-type]  # all strings
    store.page([], HashVariant.LEGACY, **where)  # type: ignore[arg-type]  # all strings
    assert KeyLookup(cache, LEGACY).look_up([QUESTION])[0].state == "absent"


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        (b"(cos\nsystem\nl.", "pickle opcode GLOBAL"),
        (pickle.dumps([1]), "pickle opcode BININT1"),
        (b"x" * 5000, "bytes, or no string"),
        (zlib.compress(b"[" + b" " * 100_000 + b"]"), "more than 4096 bytes when decompressed"),
    ],
)
def test_a_header_list_that_is_refused_is_inconclusive(
    raw: bytes, detail: str, cache: CacheServer, store: Store
) -> None:
    store.header_list(raw)
    store.page([], HashVariant.LEGACY)
    (answer,) = KeyLookup(cache, LEGACY).look_up([QUESTION])
    assert answer.state == "inconclusive"
    assert detail in answer.detail


def test_variants_that_are_all_there_are_present_and_some_are_inconclusive(
    cache: CacheServer, store: Store
) -> None:
    lookup = KeyLookup(cache, KeyScheme(hashes=(HashVariant.LEGACY, HashVariant.MARKER)))
    store.header_list(VARIED)
    store.page(VARIED, HashVariant.LEGACY)
    assert lookup.look_up([QUESTION])[0].state == "inconclusive"
    store.page(VARIED, HashVariant.MARKER)
    assert lookup.look_up([QUESTION])[0].state == "present"
    # A header that was sent: both variants hash it alike.
    store.header_list(["HTTP_COOKIE"], url=URL + "b")
    store.page(["HTTP_COOKIE"], HashVariant.MARKER, url=URL + "b")
    assert lookup.look_up([KeyQuestion(URL + "b", HEADERS)])[0].state == "present"


def test_of_several_page_prefixes_the_one_that_is_there_counts(
    cache: CacheServer, store: Store
) -> None:
    scheme = KeyScheme(page_prefixes=("wide", ""), hashes=(HashVariant.LEGACY,))
    other = KeyQuestion(URL + "b", HEADERS)
    store.header_list([], page_prefix="wide", ttl_s=10)
    store.header_list([], ttl_s=100)
    store.page([], HashVariant.LEGACY, ttl_s=100)
    store.header_list([], url=other.url, page_prefix="wide")
    first, second = KeyLookup(cache, scheme).look_up([QUESTION, other])
    assert (first.state, second.state) == ("present", "absent")
    store.page([], HashVariant.LEGACY, page_prefix="wide", ttl_s=10)
    (both,) = KeyLookup(cache, scheme).look_up([QUESTION])
    assert both.ttl_s is not None
    assert both.ttl_s > 90


def test_a_url_without_a_key_is_inconclusive_among_others(cache: CacheServer, store: Store) -> None:
    store.header_list([])
    store.page([], HashVariant.LEGACY)
    bad = KeyQuestion("https://www.example.com:x/", HEADERS)
    answers = KeyLookup(cache, LEGACY).look_up([bad, QUESTION, bad])
    assert [each.state for each in answers] == ["inconclusive", "present", "inconclusive"]
    assert KeyLookup(cache, LEGACY).look_up([]) == []


def test_a_pinned_language_gives_way_to_a_response_in_another(
    cache: CacheServer, store: Store
) -> None:
    pinned = scheme_from_config(KeysConfig(language="en-US", time_zone="", hash="legacy"))
    learnt = KeyLearner(cache, pins=pinned).settle_without_fetch([QUESTION])
    assert isinstance(learnt, Learnt)
    store.header_list([], language="en-us")
    store.page([], HashVariant.LEGACY, language="en-us")
    asked = [KeyQuestion(URL, HEADERS, language) for language in (None, "en-us", "en", "de")]
    states = [each.state for each in KeyLookup(cache, learnt.scheme).look_up(asked)]
    assert states == ["present", "present", "present", "absent"]


def test_a_custom_key_function_is_looked_up_by_its_template(
    cache: CacheServer, store: Store
) -> None:
    store.header_list([], prefix="v2|")
    store.page([], HashVariant.LEGACY, prefix="v2|")
    found = KeyLearner(cache).settle_without_fetch([QUESTION])
    assert isinstance(found, Unsettled)
    assert "keys = { template = 'v2|{key}' }" in found.reason
    pins = scheme_from_config(KeysConfig(template="v2|{key}"))
    learnt = KeyLearner(cache, pins=pins).settle_without_fetch([QUESTION])
    assert isinstance(learnt, Learnt)
    assert KeyLookup(cache, learnt.scheme).look_up([QUESTION])[0].state == "present"


def test_a_template_of_whole_keys_needs_that_key_only(cache: CacheServer, store: Store) -> None:
    store.client.set("page:www.example.com/a/:a=b", "x", ex=60)
    lookup = TemplateLookup(cache, parse_template("page:{host}{path}:{header[cookie]}"))
    bad = KeyQuestion("nothing", {})
    present, absent, unclear = lookup.look_up([QUESTION, KeyQuestion(URL, {}), bad])
    assert (present.state, absent.state, unclear.state) == ("present", "absent", "inconclusive")
    assert present.key == "page:www.example.com/a/:a=b"
    assert present.ttl_s is not None
    assert 58 < present.ttl_s <= 60


def test_old_variants_beside_the_new_one_are_told_apart_by_what_is_new(
    cache: CacheServer, store: Store
) -> None:
    store.header_list(VARIED)
    store.page(VARIED, HashVariant.LEGACY)
    learner = KeyLearner(cache)
    learner.before([QUESTION])
    store.page(VARIED, HashVariant.NETSTRING)  # the fetch, after an upgrade
    learnt = learner.after([QUESTION])
    assert isinstance(learnt, Learnt)
    assert learnt.scheme.hashes == (HashVariant.NETSTRING,)


def test_an_entry_that_was_written_again_is_new(cache: CacheServer, store: Store) -> None:
    store.header_list(VARIED, ttl_s=300)
    store.page(VARIED, HashVariant.LEGACY, ttl_s=300)
    store.page(VARIED, HashVariant.MARKER, ttl_s=300)
    learner = KeyLearner(cache)
    learner.before([QUESTION])
    store.page(VARIED, HashVariant.MARKER, ttl_s=310)
    learnt = learner.after([QUESTION])
    assert isinstance(learnt, Learnt)
    assert (learnt.basis, learnt.scheme.hashes) == (Basis.NEW_ENTRY, (HashVariant.MARKER,))


def test_several_hash_variants_of_which_none_is_new_settle_nothing(
    cache: CacheServer, store: Store
) -> None:
    store.header_list(VARIED)
    for variant in (HashVariant.LEGACY, HashVariant.NETSTRING):
        store.page(VARIED, variant)
    learner = KeyLearner(cache)
    learner.before([QUESTION])
    outcome = learner.after([QUESTION])
    assert isinstance(outcome, Unsettled)
    assert "several hash variants" in outcome.reason
    assert isinstance(learner.settle_without_fetch([QUESTION]), Unsettled)


def test_another_pilot_settles_the_hash_variant(cache: CacheServer, store: Store) -> None:
    other = KeyQuestion(URL + "b", HEADERS)
    store.header_list(VARIED)
    for variant in (HashVariant.LEGACY, HashVariant.NETSTRING):
        store.page(VARIED, variant)
    learner = KeyLearner(cache)
    learner.before([QUESTION, other])
    store.header_list(VARIED, url=other.url)
    store.page(VARIED, HashVariant.NETSTRING, url=other.url)
    learnt = learner.after([QUESTION, other])
    assert isinstance(learnt, Learnt)
    assert learnt.scheme.hashes == (HashVariant.NETSTRING,)


def test_a_proxy_that_changes_a_header_in_vary_is_named(cache: CacheServer, store: Store) -> None:
    learner = KeyLearner(cache)
    learner.before([QUESTION])
    store.header_list(["HTTP_X_FORWARDED_PROTO", "HTTP_COOKIE"])
    outcome = learner.after([QUESTION])
    assert isinstance(outcome, Unsettled)
    assert "a proxy changes what Django keys it by (HTTP_X_FORWARDED_PROTO, HTTP_COOKIE)" in (
        outcome.reason
    )


def test_a_scheme_pinned_whole_needs_nothing_in_the_cache_and_no_search(
    cache: CacheServer, store: Store
) -> None:
    pins = KeyPins(prefix="p", version=1, page_prefix="", language="", time_zone="UTC")
    learner = KeyLearner(cache, pins=pins, scan_limit=1)
    learner.before([QUESTION])
    empty = learner.after([QUESTION])
    assert isinstance(empty, Learnt)
    assert (empty.basis, empty.scheme.scheme) == (Basis.PINNED, None)
    http = URL.replace("https", "http")
    store.header_list([], prefix="p:1:", zone="UTC", url=http)
    store.page([], HashVariant.LEGACY, prefix="p:1:", zone="UTC", url=http)
    seen = learner.settle_without_fetch([QUESTION])
    assert isinstance(seen, Learnt)
    assert seen.scheme.scheme == "http"


def test_pinned_fields_keep_other_deployments_out(cache: CacheServer, store: Store) -> None:
    for prefix in ("a:1:", "b:1:"):
        store.header_list([], prefix=prefix, zone="Asia/Kathmandu")
        store.page([], HashVariant.LEGACY, prefix=prefix, zone="Asia/Kathmandu")
    pins = KeyPins(prefix="b", version=1, page_prefix="")
    learner = KeyLearner(cache, pins=pins)
    learner.before([QUESTION])
    learnt = learner.after([QUESTION])
    assert isinstance(learnt, Learnt)
    assert (learnt.scheme.prefix, learnt.scheme.time_zone) == ("b", "Asia/Kathmandu")


def test_no_pilot_settles_nothing(cache: CacheServer) -> None:
    learner = KeyLearner(cache)
    learner.before([KeyQuestion("nothing", {})])
    assert learner.after([]) == Unsettled("no pilot page was answered with status 200")
    assert isinstance(learner.settle_without_fetch([KeyQuestion("x", {})]), Unsettled)
