"""Whatever the request and settings, derived keys are those that this Django makes."""

from __future__ import annotations

import io
import string
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from warmer.caches.django_keys import (
    HashVariant,
    PublicRequest,
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

if TYPE_CHECKING:
    from django.core.handlers.wsgi import WSGIRequest

# What a request line can hold (RFC 9112): no space, no control characters, ASCII.
PATH = st.text(
    string.ascii_letters + string.digits + "/.;:@&=+$,!~*'()[]{}|^`\\\"<>-_%", max_size=30
)
QUOTED = st.binary(max_size=6).map(lambda raw: "".join(f"%{byte:02x}" for byte in raw))
PATHS = st.lists(st.one_of(PATH, QUOTED, st.sampled_from(["/./", "/../", "%2e%2e/", "//"]))).map(
    lambda pieces: "/" + "".join(pieces)
)
QUERIES = st.lists(
    st.one_of(st.text(string.printable[:94].replace("#", ""), max_size=20), QUOTED)
).map("".join)
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30)
NAMES = ["Accept-Encoding", "Cookie", "User-Agent", "X-A", "Host", "Content-Type"]
HEADERS = st.dictionaries(st.sampled_from([name for name in NAMES if name != "Host"]), VALUES)


@pytest.fixture(scope="module", autouse=True)
def _django() -> None:
    import django
    from django.conf import settings as django_settings

    if not django_settings.configured:
        django_settings.configure(USE_I18N=True)
    django.setup()
    from django.test import override_settings
    from django.utils import translation

    # Binds the real translation functions for good, before USE_I18N is overridden.
    with override_settings(USE_I18N=True), translation.override("en"):
        translation.get_language()


def wsgi_request(sent: PublicRequest, headers: dict[str, str]) -> WSGIRequest:
    """What a WSGI server makes of the request (PEP 3333)."""
    from django.core.handlers.wsgi import WSGIRequest

    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET", "SERVER_NAME": "s", "SERVER_PORT": "1", "HTTP_HOST": sent.host,
        "PATH_INFO": unquote_to_bytes(sent.path).decode("latin-1"), "QUERY_STRING": sent.query,
        "wsgi.url_scheme": sent.scheme, "wsgi.input": io.BytesIO(),
    }  # fmt: skip
    for name, value in headers.items():
        meta_name = name.upper().replace("-", "_")
        if not meta_name.startswith("CONTENT_"):
            meta_name = "HTTP_" + meta_name
        environ[meta_name] = value.encode().strip(b" \t").decode("latin-1")
    return WSGIRequest(environ)


@given(path=PATHS, query=QUERIES, scheme=st.sampled_from(["http", "https"]))
@example(path="//a/../b", query="", scheme="http")
@example(path="/%2f%2e%2e%2fa/../../b/..", query="?", scheme="http")
@example(path="/%ff%fe/%e2%82", query="%", scheme="https")
def test_the_absolute_uri_is_what_django_builds(path: str, query: str, scheme: str) -> None:
    from django.test import override_settings

    sent = PublicRequest(scheme, "www.example.com:81", path, query)
    with override_settings(ALLOWED_HOSTS=["*"]):
        assert absolute_uri(sent) == wsgi_request(sent, {}).build_absolute_uri()


@given(path=PATHS, query=QUERIES)
def test_a_public_url_is_sent_as_it_is_but_for_dot_segments(path: str, query: str) -> None:
    sent = public_request(f"https://Example.com{path}?{query}#x")
    assert (sent.scheme, sent.host, sent.query) == ("https", "example.com", query)
    if "/." not in path.lower().replace("%2e", "."):
        assert sent.path == path


@given(
    headers=HEADERS,
    vary=st.lists(st.sampled_from([*NAMES, "Accept-Language", "x-b"])),
    language=st.sampled_from(["", "en", "pt-br", "zh-hans"]),
    time_zone=st.sampled_from(["", "UTC", "America/Chicago", "Etc/GMT+5", "Asia/Kathmandu"]),
    page_prefix=st.sampled_from(["", "site", "a.b", "x:y"]),
    key_prefix=st.sampled_from(["", "shop", "a:1:"]),
    version=st.integers(1, 99),
)
def test_both_keys_are_what_django_stores_and_finds(
    *,
    headers: dict[str, str],
    vary: list[str],
    language: str,
    time_zone: str,
    page_prefix: str,
    key_prefix: str,
    version: int,
) -> None:
    from django.core.cache.backends.locmem import LocMemCache
    from django.http import HttpResponse
    from django.test import override_settings
    from django.utils import timezone, translation
    from django.utils.cache import get_cache_key, learn_cache_key

    sent = public_request("https://example.com/a?b")
    request = wsgi_request(sent, headers)
    cache = LocMemCache("derivation", {"KEY_PREFIX": key_prefix, "VERSION": version})
    cache.clear()
    response = HttpResponse(headers={"Vary": ", ".join(vary)} if vary else None)
    with (
        override_settings(USE_I18N=bool(language), USE_TZ=bool(time_zone), ALLOWED_HOSTS=["*"]),
        translation.override(language or "en"),
        timezone.override(time_zone or "UTC"),
    ):
        learn_cache_key(request, response, 60, page_prefix, cache)
        (header_key,) = cache._cache
        logical = get_cache_key(request, page_prefix, "GET", cache)
        stored = cache.make_key(logical)

    digest = uri_digest(absolute_uri(sent))
    suffix = key_suffix(language, zone_suffix(time_zone))
    before = f"{key_prefix}:{version}:"
    assert header_key == before + header_list_key(page_prefix, digest, suffix)
    names = cache.get(header_list_key(page_prefix, digest, suffix))
    context = context_digest(names, request_meta(headers, sent.host), HASH)
    assert stored == before + page_key(page_prefix, digest, context, suffix)


def _hash_of_this_django() -> HashVariant:
    """Read off Django's own source: tests must pass with the next patch release too."""
    import inspect

    from django.utils import cache

    source = inspect.getsource(cache._generate_cache_key)
    if 'b"%d:%s,"' in source:
        return HashVariant.NETSTRING_MARKER if 'b"-,"' in source else HashVariant.NETSTRING
    return HashVariant.MARKER if 'b"-,"' in source else HashVariant.LEGACY


HASH = _hash_of_this_django()
