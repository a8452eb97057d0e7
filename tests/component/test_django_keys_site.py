"""Keys learnt from a real Django on real servers agree with what Django renders.

The shop counts its renders: a page called present must not render for the next
visitor, and one that was never asked for is called absent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.component.site_keys import GERMAN, HEADERS, fetch, learn, questions, states
from tests.servers.django_site import SiteOptions
from warmer.caches.django_keys import HashVariant
from warmer.caches.key_evidence import Basis, Learnt
from warmer.caches.key_learning import KeyLearner
from warmer.caches.key_scheme import KeyPins, scheme_from_config
from warmer.caches.lookup import KeyLookup
from warmer.caches.open import open_cache
from warmer.config import KeysConfig
from warmer.model import KeyQuestion

if TYPE_CHECKING:
    from tests.conftest import StartSite
    from tests.servers.stores import MemcachedServer, RedisServer
    from warmer.caches.server import CacheServer


SITES = {
    "site-wide middleware": SiteOptions(cache_backend="redis", site_cache=True),
    "cache_page": SiteOptions(cache_backend="redis", cache_page=True),
    "prefix and version": SiteOptions(
        cache_backend="redis", site_cache=True, key_prefix="shop:eu", version=7, page_prefix="p.q"
    ),
    "USE_TZ": SiteOptions(cache_backend="redis", site_cache=True, time_zone="Europe/Berlin"),
    "USE_TZ with a zone of fixed offset": SiteOptions(
        cache_backend="redis", site_cache=True, time_zone="Etc/GMT+5"
    ),
    "USE_I18N and USE_TZ": SiteOptions(
        cache_backend="redis", site_cache=True, i18n=True, time_zone="UTC"
    ),
    "gzip inside the cache": SiteOptions(cache_backend="redis", site_cache=True, gzip="inside"),
    "django-redis": SiteOptions(cache_backend="django-redis", site_cache=True, page_prefix="x"),
    "django-redis with zlib": SiteOptions(
        cache_backend="django-redis-zlib", site_cache=True, gzip="inside", key_prefix="z"
    ),
}


@pytest.mark.parametrize("options", SITES.values(), ids=SITES)
def test_a_learnt_scheme_tells_present_from_absent_as_the_site_does(
    options: SiteOptions, redis_server: RedisServer, cache: CacheServer, start_site: StartSite
) -> None:
    site = start_site(with_location(options, redis_server.url))
    learnt = learn(site, KeyLearner(cache), questions("/p/1/", "/p/2/?q=a%20b", "/ua/?x"))
    assert isinstance(learnt, Learnt), learnt
    scheme = learnt.scheme
    assert (scheme.prefix, scheme.version) == (options.key_prefix, options.version)
    assert scheme.page_prefixes == (options.page_prefix,)
    assert scheme.time_zone == {"Etc/GMT+5": "-05"}.get(options.time_zone, options.time_zone)

    warmed = [fetch(site, each, {}) for each in questions("/p/3/", "/ua/")]
    cold = questions("/p/4/", "/p/3/?x", "/private/")
    lookup = KeyLookup(cache, scheme)
    answers = lookup.look_up([*warmed, *cold])
    assert [each.state for each in answers] == ["present"] * 2 + ["absent"] * 3
    assert all(590 < (each.ttl_s or 0) <= 600 for each in answers[:2])

    other_agent = [KeyQuestion(warmed[1].url, {**HEADERS, "User-Agent": "x"}, warmed[1].language)]
    assert states(lookup, other_agent) == ["absent"]
    before = site.total_renders()
    for each in warmed:
        fetch(site, each, {})
    assert site.total_renders() == before
    fetch(site, other_agent[0], {})
    assert site.total_renders() == before + 1


def with_location(options: SiteOptions, location: str) -> SiteOptions:
    return replace(options, cache_location=location)


def test_what_is_learnt_can_be_pinned_by_the_line_it_prints(
    redis_server: RedisServer, cache: CacheServer, start_site: StartSite
) -> None:
    site = start_site(
        SiteOptions(
            cache_backend="redis", cache_location=redis_server.url, site_cache=True,
            key_prefix="shop", version=2, page_prefix="p", time_zone="Europe/Berlin",
        )
    )  # fmt: skip
    # A header that was sent tells legacy from netstring, one that was not tells the marker.
    silent = {"Accept-Encoding": "br", "Accept-Language": "en"}
    pilots = [*questions("/ua/"), *questions("/ua/?x", headers=silent)]
    learnt = learn(site, KeyLearner(cache), pilots)
    assert str(learnt) == (
        'keys = { prefix = "shop", version = 2, page_prefix = "p", language = "", '
        'time_zone = "Europe/Berlin", hash = "marker" }'
    )
    keys = KeysConfig(
        prefix="shop", version=2, page_prefix="p", language="", time_zone="Europe/Berlin",
        hash="marker",
    )  # fmt: skip
    pinned = KeyLearner(cache, pins=scheme_from_config(keys)).settle_without_fetch(
        questions("/p/9/")
    )
    assert isinstance(pinned, Learnt)
    assert pinned.basis == Basis.PINNED
    assert states(KeyLookup(cache, pinned.scheme), questions("/ua/", "/p/9/")) == [
        "present",
        "absent",
    ]


def test_a_site_behind_tls_that_it_does_not_know_of_is_learnt_as_http(
    redis_server: RedisServer, cache: CacheServer, start_site: StartSite
) -> None:
    site = start_site(
        SiteOptions(cache_backend="redis", cache_location=redis_server.url, site_cache=True)
    )
    learnt = learn(site, KeyLearner(cache), questions("/p/1/", scheme="https"))
    assert isinstance(learnt, Learnt)
    assert learnt.scheme.scheme == "http"
    asked = questions("/p/1/", "/p/2/", scheme="https")
    assert states(KeyLookup(cache, learnt.scheme), asked) == ["present", "absent"]


def test_a_site_that_trusts_its_proxy_keeps_the_public_scheme(
    redis_server: RedisServer, cache: CacheServer, start_site: StartSite
) -> None:
    site = start_site(
        SiteOptions(
            cache_backend="redis", cache_location=redis_server.url, site_cache=True,
            ssl_header=True,
        )
    )  # fmt: skip
    proxy = {"X-Forwarded-Proto": "https"}
    learnt = learn(site, KeyLearner(cache), questions("/p/1/", scheme="https"), proxy)
    assert isinstance(learnt, Learnt)
    assert (learnt.scheme.scheme, learnt.scheme.host) == (None, None)
    # A visitor of http:// has another key, and a page of his own to wait for.
    asked = [*questions("/p/1/", scheme="https"), *questions("/p/1/")]
    assert states(KeyLookup(cache, learnt.scheme), asked) == ["present", "absent"]


def test_a_proxy_that_puts_the_origin_into_host_is_found_out(
    redis_server: RedisServer, cache: CacheServer, start_site: StartSite
) -> None:
    site = start_site(
        SiteOptions(
            cache_backend="redis", cache_location=redis_server.url, site_cache=True,
            hosts="127.0.0.1",
        )
    )  # fmt: skip
    learner = KeyLearner(cache, connect_to=site.node)
    learnt = learn(site, learner, questions("/p/1/", scheme="https"), {"Host": site.node})
    assert isinstance(learnt, Learnt)
    assert (learnt.scheme.scheme, learnt.scheme.host) == ("http", site.node)


def test_pages_for_which_possible_hash_variants_differ_are_inconclusive(
    redis_server: RedisServer, cache: CacheServer, start_site: StartSite
) -> None:
    site = start_site(
        SiteOptions(cache_backend="redis", cache_location=redis_server.url, site_cache=True)
    )
    learnt = learn(site, KeyLearner(cache), questions("/p/1/"))
    assert isinstance(learnt, Learnt)
    assert learnt.scheme.hashes == tuple(HashVariant)
    fetch(site, questions("/ua/")[0], {})
    (varied, plain) = KeyLookup(cache, learnt.scheme).look_up(questions("/ua/", "/p/1/"))
    assert (varied.state, plain.state) == ("inconclusive", "present")
    assert "pin keys.hash" in varied.detail


def test_languages_are_told_by_the_response_and_never_mixed(
    redis_server: RedisServer, cache: CacheServer, start_site: StartSite
) -> None:
    site = start_site(
        SiteOptions(
            cache_backend="redis", cache_location=redis_server.url, site_cache=True, i18n=True
        )
    )
    learnt = learn(site, KeyLearner(cache), questions("/p/1/"))
    assert isinstance(learnt, Learnt)
    assert learnt.scheme.language is None
    lookup = KeyLookup(cache, learnt.scheme)
    url = questions("/p/1/")[0].url
    # The English entry is there, and a German visitor would still render.
    assert states(lookup, [KeyQuestion(url, GERMAN, "de")]) == ["absent"]
    assert states(lookup, [KeyQuestion(url, GERMAN)]) == ["inconclusive"]
    # A request like the pilot's own needs no response to tell its language.
    assert states(lookup, [KeyQuestion(url, HEADERS)]) == ["present"]
    fetch(site, KeyQuestion(url, GERMAN), {})
    assert states(lookup, [KeyQuestion(url, GERMAN, "de")]) == ["present"]


def test_languages_in_paths_are_learnt_from_one_pilot_each(
    redis_server: RedisServer, cache: CacheServer, start_site: StartSite
) -> None:
    site = start_site(
        SiteOptions(
            cache_backend="redis", cache_location=redis_server.url, site_cache=True, i18n=True,
            i18n_patterns=True,
        )
    )  # fmt: skip
    learnt = learn(site, KeyLearner(cache), questions("/de/p/1/", "/en/p/1/"))
    assert isinstance(learnt, Learnt)
    fetch(site, questions("/de/p/2/")[0], {})
    lookup = KeyLookup(cache, learnt.scheme)
    asked = questions("/de/p/1/", "/de/p/2/", "/en/p/1/", "/en/p/2/", "/p/1/")
    assert states(lookup, asked) == ["present", "present", "present", "absent", "inconclusive"]


def test_site_wide_and_cache_page_prefixes_are_both_learnt(
    redis_server: RedisServer, cache: CacheServer, start_site: StartSite
) -> None:
    site = start_site(
        SiteOptions(
            cache_backend="redis", cache_location=redis_server.url, site_cache=True,
            page_prefix="wide",
        )
    )  # fmt: skip
    pins = KeyPins(prefix="", version=1)
    learner = KeyLearner(cache, pins=pins)
    first = learn(site, learner, questions("/p/1/"))
    assert isinstance(first, Learnt)
    assert first.scheme.page_prefixes == ("wide",)
    both = learn(site, learner, questions("/csrf/", "/p/2/"))
    assert isinstance(both, Learnt)
    assert set(both.scheme.page_prefixes) == {"", "wide"}


def test_memcached_is_learnt_and_looked_up_as_redis_is(
    memcached_server: MemcachedServer, start_site: StartSite
) -> None:
    cache = open_cache(memcached_server.url)
    site = start_site(
        SiteOptions(
            cache_backend="pymemcache", cache_location=memcached_server.node, site_cache=True,
            key_prefix="shop", gzip="inside",
        )
    )  # fmt: skip
    learnt = learn(site, KeyLearner(cache), questions("/p/1/"))
    assert isinstance(learnt, Learnt), learnt
    asked = questions("/p/1/", "/p/2/")
    assert states(KeyLookup(cache, learnt.scheme), asked) == ["present", "absent"]
    cache.close()
