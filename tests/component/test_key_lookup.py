"""What is in a cache without Django's help, on a real Redis: no crafted content is called warm."""

from __future__ import annotations

import pickle
import zlib
from typing import TYPE_CHECKING

import pytest

from tests.component.planted_entries import HEADERS, LEGACY, QUESTION, URL, VARIED, Entries
from warmer.caches.django_keys import HashVariant
from warmer.caches.key_evidence import Learnt
from warmer.caches.key_learning import KeyLearner
from warmer.caches.key_scheme import KeyScheme, scheme_from_config
from warmer.caches.key_template import parse_template
from warmer.caches.lookup import KeyLookup, TemplateLookup
from warmer.config import KeysConfig
from warmer.model import KeyQuestion

if TYPE_CHECKING:
    from warmer.caches.server import CacheServer


def test_a_page_is_present_with_the_lifetime_of_what_expires_first(
    cache: CacheServer, entries: Entries
) -> None:
    entries.header_list(VARIED, ttl_s=50)
    key = entries.page(VARIED, HashVariant.LEGACY, ttl_s=500)
    (answer,) = KeyLookup(cache, LEGACY).look_up([QUESTION])
    assert (answer.state, answer.key) == ("present", key)
    assert answer.ttl_s is not None
    assert 48 < answer.ttl_s <= 50


def test_a_page_that_never_expires_has_no_lifetime(cache: CacheServer, entries: Entries) -> None:
    entries.header_list([], ttl_s=None)
    entries.page([], HashVariant.LEGACY, ttl_s=None)
    (answer,) = KeyLookup(cache, LEGACY).look_up([QUESTION])
    assert (answer.state, answer.ttl_s) == ("present", None)


def test_a_header_list_or_a_page_alone_is_absent(cache: CacheServer, entries: Entries) -> None:
    entries.page(VARIED, HashVariant.LEGACY)
    (no_list,) = KeyLookup(cache, LEGACY).look_up([QUESTION])
    entries.client.flushdb()
    entries.header_list(VARIED)
    (no_page,) = KeyLookup(cache, LEGACY).look_up([QUESTION])
    assert (no_list.state, no_list.detail) == ("absent", "no header list")
    assert (no_page.state, no_page.detail) == ("absent", "no page for these headers")


def test_a_head_entry_is_no_page(cache: CacheServer, entries: Entries) -> None:
    entries.header_list(VARIED)
    entries.page(VARIED, HashVariant.LEGACY, method="HEAD")
    assert KeyLookup(cache, LEGACY).look_up([QUESTION])[0].state == "absent"


@pytest.mark.parametrize("old", [HashVariant.MARKER, HashVariant.NETSTRING])
def test_an_entry_of_another_hash_variant_is_absent(
    old: HashVariant, cache: CacheServer, entries: Entries
) -> None:
    entries.header_list(VARIED)
    entries.page(VARIED, old)
    assert KeyLookup(cache, LEGACY).look_up([QUESTION])[0].state == "absent"


@pytest.mark.parametrize(
    ("prefix", "page_prefix", "language", "zone"),
    [("v1:1:", "", "", ""), (":2:", "", "", ""), (":1:", "old", "", ""), (":1:", "", "en", ""),
     (":1:", "", "", "UTC")],
)  # fmt: skip
def test_an_entry_under_other_settings_is_absent(
    cache: CacheServer, entries: Entries, *, prefix: str, page_prefix: str, language: str, zone: str
) -> None:
    entries.header_list([], prefix=prefix, page_prefix=page_prefix, language=language, zone=zone)
    entries.page(
        [], HashVariant.LEGACY,
        prefix=prefix, page_prefix=page_prefix, language=language, zone=zone,
    )  # fmt: skip
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
    raw: bytes, detail: str, cache: CacheServer, entries: Entries
) -> None:
    entries.header_list(raw)
    entries.page([], HashVariant.LEGACY)
    (answer,) = KeyLookup(cache, LEGACY).look_up([QUESTION])
    assert answer.state == "inconclusive"
    assert detail in answer.detail


def test_variants_that_are_all_there_are_present_and_some_are_inconclusive(
    cache: CacheServer, entries: Entries
) -> None:
    lookup = KeyLookup(cache, KeyScheme(hashes=(HashVariant.LEGACY, HashVariant.MARKER)))
    entries.header_list(VARIED)
    entries.page(VARIED, HashVariant.LEGACY)
    assert lookup.look_up([QUESTION])[0].state == "inconclusive"
    entries.page(VARIED, HashVariant.MARKER)
    assert lookup.look_up([QUESTION])[0].state == "present"
    # A header that was sent: both variants hash it alike.
    entries.header_list(["HTTP_COOKIE"], url=URL + "b")
    entries.page(["HTTP_COOKIE"], HashVariant.MARKER, url=URL + "b")
    assert lookup.look_up([KeyQuestion(URL + "b", HEADERS)])[0].state == "present"


def test_of_several_page_prefixes_the_one_that_is_there_counts(
    cache: CacheServer, entries: Entries
) -> None:
    scheme = KeyScheme(page_prefixes=("wide", ""), hashes=(HashVariant.LEGACY,))
    other = KeyQuestion(URL + "b", HEADERS)
    entries.header_list([], page_prefix="wide", ttl_s=10)
    entries.header_list([], ttl_s=100)
    entries.page([], HashVariant.LEGACY, ttl_s=100)
    entries.header_list([], url=other.url, page_prefix="wide")
    first, second = KeyLookup(cache, scheme).look_up([QUESTION, other])
    assert (first.state, second.state) == ("present", "absent")
    entries.page([], HashVariant.LEGACY, page_prefix="wide", ttl_s=10)
    (both,) = KeyLookup(cache, scheme).look_up([QUESTION])
    assert both.ttl_s is not None
    assert both.ttl_s > 90


def test_a_url_without_a_key_is_inconclusive_among_others(
    cache: CacheServer, entries: Entries
) -> None:
    entries.header_list([])
    entries.page([], HashVariant.LEGACY)
    bad = KeyQuestion("https://www.example.com:x/", HEADERS)
    answers = KeyLookup(cache, LEGACY).look_up([bad, QUESTION, bad])
    assert [each.state for each in answers] == ["inconclusive", "present", "inconclusive"]
    assert KeyLookup(cache, LEGACY).look_up([]) == []


def test_a_pinned_language_gives_way_to_a_response_in_another(
    cache: CacheServer, entries: Entries
) -> None:
    pinned = scheme_from_config(KeysConfig(language="en-US", time_zone="", hash="legacy"))
    learnt = KeyLearner(cache, pins=pinned).settle_without_fetch([QUESTION])
    assert isinstance(learnt, Learnt)
    entries.header_list([], language="en-us")
    entries.page([], HashVariant.LEGACY, language="en-us")
    asked = [KeyQuestion(URL, HEADERS, language) for language in (None, "en-us", "en", "de")]
    states = [each.state for each in KeyLookup(cache, learnt.scheme).look_up(asked)]
    assert states == ["present", "present", "present", "absent"]


def test_a_template_of_whole_keys_needs_that_key_only(cache: CacheServer, entries: Entries) -> None:
    entries.client.set("page:www.example.com/a/:a=b", "x", ex=60)
    lookup = TemplateLookup(cache, parse_template("page:{host}{path}:{header[cookie]}"))
    bad = KeyQuestion("nothing", {})
    present, absent, unclear = lookup.look_up([QUESTION, KeyQuestion(URL, {}), bad])
    assert (present.state, absent.state, unclear.state) == ("present", "absent", "inconclusive")
    assert present.key == "page:www.example.com/a/:a=b"
    assert present.ttl_s is not None
    assert 58 < present.ttl_s <= 60
