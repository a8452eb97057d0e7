"""One explanation is learnt, two are not; visitors and old entries are not taken for ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from warmer.caches.django_keys import HashVariant
from warmer.caches.key_combination import Combination, Seen
from warmer.caches.key_evidence import (
    Basis,
    Learnt,
    Sighting,
    Unsettled,
    agrees_with_response,
    language_is_asked_for,
    own_language,
    settle,
)
from warmer.caches.key_scheme import KeyPins
from warmer.model import KeyQuestion

if TYPE_CHECKING:
    from collections.abc import Sequence

EVERY = frozenset(HashVariant)
NONE = KeyPins()


def page(path: str, told: str | None = None, accepts: str = "") -> KeyQuestion:
    headers = {"Accept-Language": accepts} if accepts else {}
    return KeyQuestion("https://h" + path, headers, told)


def seen(
    question: KeyQuestion, *, prefix: str = "", language: str = "", page_prefix: str = "",
    scheme: str | None = None, variants: frozenset[HashVariant] = EVERY, contexts: int = 1,
) -> Sighting:  # fmt: skip
    combination = Combination(prefix, 1, page_prefix, Seen(scheme, None), language, "UTC")
    return Sighting(question, combination, True, (), variants, contexts)


def learnt(sightings: Sequence[Sighting], pins: KeyPins = NONE) -> Learnt:
    outcome = settle(sightings, pins, Basis.NEW_ENTRY)
    assert isinstance(outcome, Learnt), outcome
    return outcome


def unsettled(sightings: Sequence[Sighting]) -> Unsettled:
    outcome = settle(sightings, NONE, Basis.NEW_ENTRY)
    assert isinstance(outcome, Unsettled), outcome
    return outcome


def test_two_namings_of_one_page_are_unsettled_until_another_page_has_one_only() -> None:
    a, b = page("/a"), page("/b")
    both = [seen(a, prefix="v1"), seen(a, prefix="v2")]
    outcome = unsettled(both)
    assert outcome.retry
    assert 'prefix = "v1"' in outcome.reason
    assert 'prefix = "v2"' in outcome.reason
    assert learnt([*both, seen(b, prefix="v2")]).scheme.prefix == "v2"


def test_pages_that_contradict_each_other_are_unsettled() -> None:
    assert unsettled([seen(page("/a"), prefix="v1"), seen(page("/b"), prefix="v2")]).retry


def test_http_and_https_of_one_page_are_unsettled() -> None:
    question = page("/a")
    assert unsettled([seen(question), seen(question, scheme="http")]).retry


def test_hash_variants_are_what_every_telling_page_allows() -> None:
    sent = frozenset({HashVariant.LEGACY, HashVariant.MARKER})
    absent = frozenset({HashVariant.MARKER, HashVariant.NETSTRING_MARKER})
    pages = [seen(page("/a"), variants=sent), seen(page("/b"), variants=absent)]
    assert learnt(pages).scheme.hashes == (HashVariant.MARKER,)
    assert learnt(pages[:1]).scheme.hashes == (HashVariant.LEGACY, HashVariant.MARKER)
    old_and_new = seen(page("/c"), variants=EVERY, contexts=3)
    assert learnt([*pages, old_and_new]).scheme.hashes == (HashVariant.MARKER,)
    assert "several hash variants" in unsettled([old_and_new]).reason
    contradiction = seen(page("/d"), variants=frozenset({HashVariant.NETSTRING}))
    assert unsettled([*pages, contradiction]).retry
    assert learnt([old_and_new], KeyPins(hash=HashVariant.LEGACY)).scheme.hashes == (
        HashVariant.LEGACY,
    )


def test_page_prefixes_of_one_naming_are_kept_in_order() -> None:
    pages = [seen(page("/a"), page_prefix="wide"), seen(page("/b"), page_prefix="")]
    assert learnt(pages).scheme.page_prefixes == ("wide", "")


@pytest.mark.parametrize(
    ("pages", "language"),
    [
        pytest.param([("/a", None, "")], "", id="no language in keys"),
        pytest.param([("/a", "de", "")], "", id="a response's language is not in keys"),
        pytest.param([("/a", None, "en-us"), ("/b", None, "en-us")], "en-us", id="fixed"),
        pytest.param([("/a", "en", "en-us")], "en-us", id="fixed, told less exactly"),
        pytest.param([("/a", "de", "en"), ("/b", "fr", "en")], "en", id="fixed, told otherwise"),
        pytest.param([("/a", "de", "de")], None, id="told by the response"),
        pytest.param([("/a", "de", "de"), ("/b", "en", "en")], None, id="several, told"),
    ],
)
def test_the_rule_of_the_language_shows_in_pages_and_responses(
    pages: list[tuple[str, str | None, str]], language: str | None
) -> None:
    sightings = [seen(page(path, told), language=key) for path, told, key in pages]
    assert learnt(sightings).scheme.language == language


@pytest.mark.parametrize(
    "pages",
    [
        pytest.param([("/a", "de", "fr")], id="one page in a language that was not answered"),
        pytest.param([("/a", "de", "de"), ("/b", "de", "fr")], id="told and not told"),
        pytest.param([("/a", None, ""), ("/b", None, "fr")], id="with and without"),
    ],
)
def test_languages_without_a_rule_are_unsettled(pages: list[tuple[str, str | None, str]]) -> None:
    sightings = [seen(page(path, told), language=key) for path, told, key in pages]
    assert unsettled(sightings).retry


def test_requests_of_a_kind_that_was_seen_have_its_language() -> None:
    scheme = learnt(
        [
            seen(page("/de/a", "de", "en"), language="de"),
            seen(page("/en/a", "en", "en"), language="en"),
            seen(page("/about", "nl", "nl"), language="nl"),
        ]
    ).scheme
    assert scheme.language_of(page("/de/b", None, "en")) == "de"
    assert scheme.language_of(page("/en/b", None, "en")) == "en"
    assert scheme.language_of(page("/about", None, "en")) is None
    assert scheme.language_of(page("/de/b", None, "nl")) == "nl"
    assert scheme.language_of(page("/de/b", "FR", "en")) == "fr"
    assert scheme.language_of(page("/x", "en, fr", "fr")) is None


def test_without_a_fetch_one_language_binds_requests_of_its_kind_only() -> None:
    pages = [seen(page("/a", None, "en"), language="en")]
    outcome = settle(pages, NONE, Basis.NO_FETCH)
    assert isinstance(outcome, Learnt)
    assert outcome.scheme.language_of(page("/b", None, "en")) == "en"
    assert outcome.scheme.language_of(page("/b", None, "de")) is None


def test_other_languages_of_a_page_are_visitors() -> None:
    question = page("/a", "de")
    both = [seen(question, language="de"), seen(question, language="fr")]
    assert own_language(both) == both[:1]
    assert own_language(both[1:]) == both[1:]
    assert [agrees_with_response(each) for each in both] == [True, False]
    assert agrees_with_response(seen(page("/a"), language="fr"))


@pytest.mark.parametrize(
    ("question", "language", "asked"),
    [
        (page("/a", None, "de-AT,en"), "de-at", True),
        (page("/a", None, "de-AT,en"), "de", True),
        (page("/a", None, "de-AT,en"), "en", False),
        (page("/a"), "en", False),
        (page("/a"), "", True),
        (page("/pt-br/a", None, "en"), "pt-br", True),
    ],
)
def test_a_request_asks_for_a_language_in_its_path_or_first_of_all(
    *, question: KeyQuestion, language: str, asked: bool
) -> None:
    assert language_is_asked_for(seen(question, language=language)) is asked
