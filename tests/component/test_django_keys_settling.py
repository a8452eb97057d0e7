"""Which of the entries that are there are a real Django's own: new ones, or the only explanation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.component.site_keys import GERMAN, fetch, learn, questions, states
from tests.servers.django_site import SiteOptions
from warmer.caches.key_evidence import Basis, Learnt, Unsettled
from warmer.caches.key_learning import KeyLearner
from warmer.caches.lookup import KeyLookup
from warmer.model import KeyQuestion

if TYPE_CHECKING:
    from tests.conftest import StartSite
    from tests.servers.stores import RedisServer
    from warmer.caches.server import CacheServer


def test_an_old_deployment_in_the_same_redis_is_not_taken_for_the_new_one(
    redis_server: RedisServer, cache: CacheServer, start_site: StartSite
) -> None:
    options = SiteOptions(cache_backend="redis", cache_location=redis_server.url, site_cache=True)
    old, new = start_site(options), start_site(replace(options, key_prefix="v2"))
    pages = questions("/p/1/", "/p/2/", "/p/3/", "/p/4/")
    for page in pages:
        fetch(old, page, {})
    learner = KeyLearner(cache)
    first = learn(new, learner, pages[:1])
    assert isinstance(first, Unsettled)
    assert first.retry
    assert 'keys = { prefix = "", version = 1' in first.reason
    assert 'keys = { prefix = "v2", version = 1' in first.reason
    second = learn(new, learner, pages[1:2])
    assert isinstance(second, Learnt)
    assert (second.scheme.prefix, second.basis) == ("v2", Basis.NEW_ENTRY)
    lookup = KeyLookup(cache, second.scheme)
    assert states(lookup, pages) == ["present", "present", "absent", "absent"]


def test_a_new_deployment_that_caches_nothing_is_not_called_warm_by_the_old_ones_entries(
    redis_server: RedisServer, cache: CacheServer, start_site: StartSite
) -> None:
    old = start_site(
        SiteOptions(cache_backend="redis", cache_location=redis_server.url, site_cache=True)
    )
    new = start_site(SiteOptions())
    page, other = questions("/p/1/", "/p/2/")
    fetch(old, page, {})
    learner = KeyLearner(cache)
    pilots = [page, other, learner.unvisited(page, "run-1")]
    learner.before(pilots)
    fetched = [fetch(new, each, {}) for each in pilots]
    fetch(old, other, {})  # a visitor, meanwhile
    outcome = learner.after(fetched)
    assert isinstance(outcome, Unsettled)
    assert "this cache holds no Django page entry" in outcome.reason


def test_pages_that_were_warm_before_settle_when_a_search_shows_nothing_else(
    redis_server: RedisServer, cache: CacheServer, start_site: StartSite
) -> None:
    site = start_site(
        SiteOptions(
            cache_backend="redis", cache_location=redis_server.url, site_cache=True,
            key_prefix="shop",
        )
    )  # fmt: skip
    pages = questions("/p/1/", "/p/2/")
    for page in pages:
        fetch(site, page, {})
    learnt = learn(site, KeyLearner(cache), pages)
    assert isinstance(learnt, Learnt)
    assert (learnt.basis, learnt.scheme.prefix) == (Basis.ONLY_ENTRY, "shop")

    bounded = learn(site, KeyLearner(cache, scan_limit=1), pages)
    assert isinstance(bounded, Unsettled)
    assert "ended at its limit of 1 keys" in bounded.reason
    assert bounded.retry

    learner = KeyLearner(cache)
    fresh = learn(site, learner, [learner.unvisited(pages[0], "run-1")])
    assert isinstance(fresh, Learnt)
    assert fresh.basis == Basis.NEW_ENTRY


def test_settling_without_a_fetch_needs_one_explanation_of_all_that_is_there(
    redis_server: RedisServer, cache: CacheServer, start_site: StartSite
) -> None:
    site = start_site(
        SiteOptions(
            cache_backend="redis", cache_location=redis_server.url, site_cache=True, i18n=True,
            key_prefix="shop", time_zone="Europe/Berlin",
        )
    )  # fmt: skip
    pages = questions("/p/1/", "/p/2/", "/p/3/")
    assert isinstance(KeyLearner(cache).settle_without_fetch(pages), Unsettled)
    for page in pages[1:]:
        fetch(site, page, {})
    learnt = KeyLearner(cache).settle_without_fetch(pages)
    assert isinstance(learnt, Learnt)
    assert learnt.basis == Basis.NO_FETCH
    lookup = KeyLookup(cache, learnt.scheme)
    assert states(lookup, pages) == ["absent", "present", "present"]
    german = [KeyQuestion(each.url, GERMAN) for each in pages]
    assert states(lookup, german) == ["inconclusive"] * 3
    assert isinstance(KeyLearner(cache).settle_without_fetch(german), Unsettled)
    fetch(site, german[1], {})
    assert isinstance(KeyLearner(cache).settle_without_fetch(pages), Unsettled)
