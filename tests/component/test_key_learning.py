"""How keys are made, learnt from entries in a real Redis before and after a fetch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.component.planted_entries import HEADERS, QUESTION, URL, VARIED, Entries
from warmer.caches.django_keys import HashVariant
from warmer.caches.key_evidence import Basis, Learnt, Unsettled
from warmer.caches.key_learning import KeyLearner
from warmer.caches.key_scheme import KeyPins, scheme_from_config
from warmer.caches.lookup import KeyLookup
from warmer.config import KeysConfig
from warmer.model import KeyQuestion

if TYPE_CHECKING:
    from warmer.caches.server import CacheServer


def test_a_custom_key_function_is_looked_up_by_its_template(
    cache: CacheServer, entries: Entries
) -> None:
    entries.header_list([], prefix="v2|")
    entries.page([], HashVariant.LEGACY, prefix="v2|")
    found = KeyLearner(cache).settle_without_fetch([QUESTION])
    assert isinstance(found, Unsettled)
    assert "keys = { template = 'v2|{key}' }" in found.reason
    pins = scheme_from_config(KeysConfig(template="v2|{key}"))
    learnt = KeyLearner(cache, pins=pins).settle_without_fetch([QUESTION])
    assert isinstance(learnt, Learnt)
    assert KeyLookup(cache, learnt.scheme).look_up([QUESTION])[0].state == "present"


def test_old_variants_beside_the_new_one_are_told_apart_by_what_is_new(
    cache: CacheServer, entries: Entries
) -> None:
    entries.header_list(VARIED)
    entries.page(VARIED, HashVariant.LEGACY)
    learner = KeyLearner(cache)
    learner.before([QUESTION])
    entries.page(VARIED, HashVariant.NETSTRING)  # the fetch, after an upgrade
    learnt = learner.after([QUESTION])
    assert isinstance(learnt, Learnt)
    assert learnt.scheme.hashes == (HashVariant.NETSTRING,)


def test_an_entry_that_was_written_again_is_new(cache: CacheServer, entries: Entries) -> None:
    entries.header_list(VARIED, ttl_s=300)
    entries.page(VARIED, HashVariant.LEGACY, ttl_s=300)
    entries.page(VARIED, HashVariant.MARKER, ttl_s=300)
    learner = KeyLearner(cache)
    learner.before([QUESTION])
    entries.page(VARIED, HashVariant.MARKER, ttl_s=310)
    learnt = learner.after([QUESTION])
    assert isinstance(learnt, Learnt)
    assert (learnt.basis, learnt.scheme.hashes) == (Basis.NEW_ENTRY, (HashVariant.MARKER,))


def test_several_hash_variants_of_which_none_is_new_settle_nothing(
    cache: CacheServer, entries: Entries
) -> None:
    entries.header_list(VARIED)
    for variant in (HashVariant.LEGACY, HashVariant.NETSTRING):
        entries.page(VARIED, variant)
    learner = KeyLearner(cache)
    learner.before([QUESTION])
    outcome = learner.after([QUESTION])
    assert isinstance(outcome, Unsettled)
    assert "several hash variants" in outcome.reason
    assert isinstance(learner.settle_without_fetch([QUESTION]), Unsettled)


def test_another_pilot_settles_the_hash_variant(cache: CacheServer, entries: Entries) -> None:
    other = KeyQuestion(URL + "b", HEADERS)
    entries.header_list(VARIED)
    for variant in (HashVariant.LEGACY, HashVariant.NETSTRING):
        entries.page(VARIED, variant)
    learner = KeyLearner(cache)
    learner.before([QUESTION, other])
    entries.header_list(VARIED, url=other.url)
    entries.page(VARIED, HashVariant.NETSTRING, url=other.url)
    learnt = learner.after([QUESTION, other])
    assert isinstance(learnt, Learnt)
    assert learnt.scheme.hashes == (HashVariant.NETSTRING,)


def test_a_proxy_that_changes_a_header_in_vary_is_named(
    cache: CacheServer, entries: Entries
) -> None:
    learner = KeyLearner(cache)
    learner.before([QUESTION])
    entries.header_list(["HTTP_X_FORWARDED_PROTO", "HTTP_COOKIE"])
    outcome = learner.after([QUESTION])
    assert isinstance(outcome, Unsettled)
    assert "a proxy changes what Django keys it by (HTTP_X_FORWARDED_PROTO, HTTP_COOKIE)" in (
        outcome.reason
    )


def test_a_scheme_pinned_whole_needs_nothing_in_the_cache_and_no_search(
    cache: CacheServer, entries: Entries
) -> None:
    pins = KeyPins(prefix="p", version=1, page_prefix="", language="", time_zone="UTC")
    learner = KeyLearner(cache, pins=pins, scan_limit=1)
    learner.before([QUESTION])
    empty = learner.after([QUESTION])
    assert isinstance(empty, Learnt)
    assert (empty.basis, empty.scheme.scheme) == (Basis.PINNED, None)
    http = URL.replace("https", "http")
    entries.header_list([], prefix="p:1:", zone="UTC", url=http)
    entries.page([], HashVariant.LEGACY, prefix="p:1:", zone="UTC", url=http)
    seen = learner.settle_without_fetch([QUESTION])
    assert isinstance(seen, Learnt)
    assert seen.scheme.scheme == "http"


def test_pinned_fields_keep_other_deployments_out(cache: CacheServer, entries: Entries) -> None:
    for prefix in ("a:1:", "b:1:"):
        entries.header_list([], prefix=prefix, zone="Asia/Kathmandu")
        entries.page([], HashVariant.LEGACY, prefix=prefix, zone="Asia/Kathmandu")
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
