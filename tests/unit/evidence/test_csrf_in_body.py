from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from warmer.caches.http_obstacles import csrf_in_body

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = b"pB7wGMWb3eEBxTZ8Y0Wn3ZzVxX9y4YJm9c6iQ1UoD5sKkHfLr2aNtEvPgRbCqAhS"
FORM = b'<form><input type="hidden" name="csrfmiddlewaretoken" value="' + TOKEN + b'"></form>'
PAGE = b"<!doctype html><html><body>" + b"<p>a page</p>" * 400 + FORM + b"</body></html>"
HTML = "text/html; charset=utf-8"


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def brotlied(data: bytes) -> bytes:
    packed: bytes = brotli.compress(data)
    return packed


CODINGS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("", bytes),
    ("identity", bytes),
    ("gzip", gzip.compress),
    ("X-GZIP", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", bare_deflate),
    ("br", brotlied),
    ("zstd", zstd),
    ("gzip, br", lambda data: brotlied(gzip.compress(data))),
]


@pytest.mark.parametrize(("coding", "encode"), CODINGS)
def test_a_token_is_found_in_every_content_coding(
    coding: str, encode: Callable[[bytes], bytes]
) -> None:
    assert csrf_in_body(encode(PAGE), HTML, coding)


@pytest.mark.parametrize(("coding", "encode"), CODINGS)
def test_a_page_without_a_form_carries_none(coding: str, encode: Callable[[bytes], bytes]) -> None:
    assert not csrf_in_body(encode(PAGE.replace(FORM, b"")), HTML, coding)


@pytest.mark.parametrize(
    "markup",
    [
        b"<input type=hidden name=csrfmiddlewaretoken value=" + TOKEN + b">",
        b"<INPUT value='" + TOKEN + b"' name='csrfmiddlewaretoken'/>",
        b"<script>f('csrfmiddlewaretoken')</script>" + FORM,
        FORM + b"<!-- cut off here",
    ],
)
def test_minified_and_turned_inputs_count(markup: bytes) -> None:
    assert csrf_in_body(markup, HTML, "")


@pytest.mark.parametrize(
    "markup",
    [
        b"<script>document.querySelector('[name=csrfmiddlewaretoken]').value</script>",
        b'<input type="hidden" name="csrfmiddlewaretoken" value="">',
        b"<p>csrfmiddlewaretoken value=" + TOKEN,
        b"csrfmiddlewaretoken",
    ],
)
def test_a_name_without_a_token_in_an_input_does_not_count(markup: bytes) -> None:
    assert not csrf_in_body(markup, HTML, "")


def test_only_html_is_looked_at_and_an_unnamed_type_may_be_html() -> None:
    assert not csrf_in_body(PAGE, "application/json", "")
    assert csrf_in_body(PAGE, "application/xhtml+xml", "")
    assert csrf_in_body(PAGE, "", "")


def test_a_body_that_was_cut_off_is_read_as_far_as_it_goes() -> None:
    page = FORM + bytes(range(256)) * 40
    assert csrf_in_body(gzip.compress(page)[:-20], HTML, "gzip")


@pytest.mark.parametrize(
    ("coding", "bomb"),
    [
        ("gzip", gzip.compress(bytes(20_000_000) + FORM)),
        ("br", brotlied(bytes(20_000_000) + FORM)),
        ("zstd", zstd(bytes(20_000_000) + FORM)),
    ],
)
def test_a_bomb_is_read_to_the_first_mebibyte_only(coding: str, bomb: bytes) -> None:
    assert not csrf_in_body(bomb, HTML, coding)


@pytest.mark.parametrize("coding", ["compress", "gzip, gzip, gzip, gzip", "gzip;q=1", "\x00"])
def test_an_unknown_coding_carries_nothing(coding: str) -> None:
    assert not csrf_in_body(PAGE, HTML, coding)


@given(st.binary(max_size=200), st.sampled_from(["", "gzip", "deflate", "br", "zstd"]))
def test_no_body_raises(body: bytes, coding: str) -> None:
    assert not csrf_in_body(body, HTML, coding)
