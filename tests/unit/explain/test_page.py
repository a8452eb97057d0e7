"""The document and the page: what they show, and that no secret is in them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.explain.seen import URL, cache, visit
from warmer.config import CacheConfig, CrawlConfig, SiteConfig, VariantConfig
from warmer.errors import ConfigError
from warmer.explain.document import document
from warmer.explain.masking import scrubbed, secrets_of, shown
from warmer.explain.observation import Explanation, Unreachable
from warmer.explain.observe import url_of
from warmer.explain.page import page
from warmer.explain.visitors import differing, other_visitors, split_by
from warmer.model import Judgement, Verdict


def explained(headers: list[tuple[str, str]], secrets: frozenset[str] = frozenset()) -> str:
    seen = visit(headers, caches=(cache("cookie"),))
    found = document(Explanation(url=URL, connect_to=None, visits=(seen,)), secrets)
    return page(found) + json.dumps(found)


def test_the_page_begins_with_the_verdict() -> None:
    assert explained([]).splitlines()[0] == f"{URL} is warm, by key, for 9 min 00 s more"


def test_the_json_document_is_warm_only_if_every_variant_is() -> None:
    seen = visit([], caches=(cache(),))
    found = document(Explanation(url=URL, connect_to=None, visits=(seen, seen)), frozenset())
    assert (found["schema"], found["warm"]) == ("warmer.explain/1", True)


def test_values_of_cookies_are_never_shown_and_their_names_are() -> None:
    text = explained([("set-cookie", "visitor=t0psecret; Path=/"), ("set-cookie", "n0name")])
    assert "set-cookie: visitor, (without a name) (values not shown)" in text
    assert "t0psecret" not in text
    assert "n0name" not in text
    assert "s3cret" not in text


def test_a_secret_that_the_server_repeats_is_masked() -> None:
    assert "t0psecret" not in explained([("via", "x t0psecret")], frozenset({"t0psecret"}))


def test_what_a_server_says_cannot_move_the_cursor() -> None:
    assert "\x1b" not in explained([("via", "\x1b[2J")])


def test_only_harmless_request_headers_are_shown() -> None:
    sent = {"Accept": "*/*", "Authorization": "Basic eA==", "X-Api-Key": "k", "Cookie": "a=b"}
    assert shown(sent) == {
        "Accept": "*/*",
        "Authorization": "***",
        "X-Api-Key": "***",
        "Cookie": "***",
    }


def test_every_place_of_a_secret_in_the_configuration_is_known() -> None:
    site = SiteConfig(
        headers={"Authorization": "Bearer token-one"},
        variant=(VariantConfig(name="member", headers={"Cookie": "sessionid=token-two"}),),
        cache=(CacheConfig(url="redis://:token-three@127.0.0.1/1"),),
        crawl=CrawlConfig(
            basic_auth="user:token-four",
            refresh_secret="token-five",
            proxy="http://user:token-six@127.0.0.1:1",
        ),
    )
    tokens = {f"token-{word}" for word in ("one", "two", "three", "four", "five", "six")}
    assert tokens <= secrets_of(site)
    assert "dXNlcjp0b2tlbi1mb3Vy" in secrets_of(site)


TEXT = st.characters(exclude_characters="*\0")


@given(st.text(TEXT, min_size=4), st.text(TEXT), st.text(TEXT))
def test_no_secret_is_left_in_a_scrubbed_document(secret: str, before: str, after: str) -> None:
    text = f"{before}{secret}{after}"
    cleaned = scrubbed({"a": [text, 1, None]}, frozenset({secret}))["a"][0]
    assert secret not in cleaned


def test_the_other_visitors_differ_in_device_and_language_alone() -> None:
    ours = {"User-Agent": "x", "accept-language": "en-US"}
    others = other_visitors(VariantConfig(name="default"), ours)
    assert {name: differing(ours, theirs) for name, theirs in others.items()} == {
        "mobile": ("user-agent",),
        "another language": ("accept-language",),
    }


def test_only_what_the_entry_is_chosen_by_splits_it() -> None:
    assert split_by(("user-agent", "accept-language"), ["accept-language", "cookie"]) == (
        "accept-language",
    )
    assert split_by(("user-agent",), ["*"]) == ("user-agent",)


@pytest.mark.parametrize(
    ("text", "base_url", "url"),
    [
        ("https://WWW.example.com/ü", "", "https://www.example.com/%C3%BC"),
        ("/p/1/?b=1", "https://www.example.com", "https://www.example.com/p/1/?b=1"),
    ],
)
def test_a_url_or_a_path_of_the_site_is_taken(text: str, base_url: str, url: str) -> None:
    assert url_of(text, base_url) == url


@pytest.mark.parametrize(
    "text", ["/p/1/", "ftp://host/", "https://user:pw@host/", "about", "www.example.com/p/1/"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="URL: ") as refused:
        url_of(text, "")
    assert "pw" not in str(refused.value)


def test_of_servers_with_caches_of_their_own_each_has_a_line_for_every_variant() -> None:
    first, second, dead = "10.0.0.5:80", "10.0.0.6:80", "10.0.0.7:80"
    cold = Judgement(Verdict.UNVERIFIED, "no-evidence", "")
    visits = (
        visit([], connect_to=first, is_alone=True),
        visit([], connect_to=first, is_alone=True, variant="mobile"),
        visit([], connect_to=second, is_alone=True),
        visit([], cold, connect_to=second, is_alone=True, variant="mobile"),
    )
    found = document(
        Explanation(
            url=URL,
            connect_to=(first, second, dead),
            visits=visits,
            unreachable=(Unreachable(dead, "connect", "refused"),),
        ),
        frozenset(),
    )
    assert page(found).splitlines()[:7] == [
        f"{URL} is warm at 1 of 3 servers",
        f"  {first}  default: warm, by key, for 9 min 00 s more",
        f"  {first}  mobile: warm, by key, for 9 min 00 s more",
        f"  {second}  default: warm, by key, for 9 min 00 s more",
        f"  {second}  mobile: not warm: unverified, no-evidence",
        f"  {dead} cannot be reached: connect: refused",
        "",
    ]
    assert found["warm"] is False


@pytest.mark.parametrize(("servers", "warm"), [("10.0.0.5:80", True), (("10.0.0.5:80",), False)])
def test_a_dead_server_is_missed_only_where_it_has_a_cache_of_its_own(
    servers: str | tuple[str, ...], *, warm: bool
) -> None:
    seen = Explanation(
        url=URL,
        connect_to=servers,
        visits=(visit([]),),
        unreachable=(Unreachable("10.0.0.6:80", "connect", "refused"),),
    )
    assert document(seen, frozenset())["warm"] is warm
