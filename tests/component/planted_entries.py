"""Entries in a real Redis, put where a Django with given settings would put them."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

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
from warmer.caches.key_scheme import KeyScheme
from warmer.model import KeyQuestion

if TYPE_CHECKING:
    from collections.abc import Sequence

    import redis

URL = "https://www.example.com/a/"
HEADERS = {"Cookie": "a=b", "User-Agent": "T"}
QUESTION = KeyQuestion(URL, HEADERS)
LEGACY = KeyScheme(hashes=(HashVariant.LEGACY,))
VARIED = ("HTTP_COOKIE", "HTTP_X_ABSENT")


class Entries:
    """Entries of a Django with these settings: of the default ones, where none are named."""

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
