"""Keys derived from outside equal those that real Djangos of every hash variant made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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
from warmer.caches.key_scheme import zone_suffix

# Written by tests/component/record_key_vectors.py with the Django in the name.
RECORDED = {
    "django-4.2.30.json": HashVariant.LEGACY,
    "django-5.2.19.json": HashVariant.MARKER,
    "django-6.1.2.json": HashVariant.NETSTRING,
    "django-6.1.3.json": HashVariant.NETSTRING_MARKER,
}


def recorded(file: str) -> list[dict[str, Any]]:
    text = (Path(__file__).parent / "vectors" / file).read_text(encoding="ascii")
    vectors: list[dict[str, Any]] = json.loads(text)["vectors"]
    return vectors


def keys(vector: dict[str, Any], variant: HashVariant) -> tuple[str, str, str]:
    request = public_request(vector["url"])
    uri = absolute_uri(request)
    suffix = key_suffix(vector["language"], zone_suffix(vector["time_zone"]))
    meta = request_meta(vector["headers"], request.host)
    context = context_digest(vector["header_list"], meta, variant)
    before = f"{vector['prefix']}:{vector['version']}:"
    digest = uri_digest(uri)
    return (
        uri,
        before + header_list_key(vector["page_prefix"], digest, suffix),
        before + page_key(vector["page_prefix"], digest, context, suffix),
    )


@pytest.mark.parametrize(("file", "variant"), RECORDED.items())
def test_uri_and_both_keys_are_those_of_django(file: str, variant: HashVariant) -> None:
    for vector in recorded(file):
        expected = (vector["uri"], vector["header_key"], vector["page_key"])
        assert keys(vector, variant) == expected, vector["url"]


@pytest.mark.parametrize("variant", HashVariant)
def test_each_variant_has_a_recording_that_no_other_variant_explains(variant: HashVariant) -> None:
    (file,) = [name for name, recorded_with in RECORDED.items() if recorded_with == variant]
    for other in set(HashVariant) - {variant}:
        assert any(keys(each, other)[2] != each["page_key"] for each in recorded(file))


@pytest.mark.parametrize(
    "url",
    ["/path", "example.com/", "ftp://example.com/", "https:///path", "https://h:port/",
     "https://h:70000000000000000000x/", "http://[::1/", "http://\ud800.example/"],
)  # fmt: skip
def test_a_url_that_no_client_can_send_is_a_value_error(url: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        public_request(url)


@pytest.mark.parametrize(
    ("url", "uri"),
    [
        ("https://user:secret@Example.com/", "https://example.com/"),
        ("https://example.com:0443/", "https://example.com/"),
        ("https://example.com:/", "https://example.com/"),
        ("https://[2001:DB8::1]:443/", "https://[2001:db8::1]/"),
        ("https://[2001:DB8::1]", "https://[2001:db8::1]/"),
        ("https://example.com./", "https://example.com./"),
        ("https://例え.テスト/", "https://xn--r8jz45g.xn--zckzah/"),
        ("https://BÜCHER。example/", "https://xn--bcher-kva.example/"),
        ("https://example.com/a/b/..", "https://example.com/a/"),
        ("https://example.com/a/%2e%2E/b", "https://example.com/b"),
        ("https://example.com/../../a/.", "https://example.com/a/"),
        ("https://example.com/a//../b", "https://example.com/a/b"),
        ("https://example.com/.well-known/..x/", "https://example.com/.well-known/..x/"),
        ("https://example.com?a=1", "https://example.com/?a=1"),
    ],
)
def test_a_url_becomes_what_a_browser_sends(url: str, uri: str) -> None:
    assert absolute_uri(public_request(url)) == uri


def test_a_repeated_header_is_joined_and_an_underscore_is_dropped() -> None:
    headers = {"Accept": "a", "ACCEPT": "b ", "X_Forged": "1", "Content-Type": "text/html"}
    assert request_meta(headers, "h") == {"HTTP_ACCEPT": b"a,b", "HTTP_HOST": b"h"}


def test_an_empty_header_list_hashes_alike_under_every_variant() -> None:
    assert {context_digest([], {}, variant) for variant in HashVariant} == {
        "d41d8cd98f00b204e9800998ecf8427e"
    }


def test_a_head_key_differs_from_a_get_key_in_its_method_only() -> None:
    key = page_key("p", "u", "c", ".en.UTC", method="HEAD")
    assert key == "views.decorators.cache.cache_page.p.HEAD.u.c.en.UTC"
