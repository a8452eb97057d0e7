"""From a stream's entry to what it asks for; what is malformed is refused, and never an error."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.daemon.requests import RequestError
from warmer.daemon.stream_entry import body_of

NAMES = st.sampled_from([b"v", b"urls", b"prefixes", b"tags", b"all", b"why", b"at", b"other"])


def test_an_entry_of_the_django_app_is_understood() -> None:
    body = body_of(
        {
            b"v": b"1",
            b"urls": b'["https://www.example.com/p/7/", "/list/"]',
            b"tags": b'["shop.product"]',
            b"why": b"save",
            b"at": b"1700000000.25",
        }
    )
    assert body.urls == ["https://www.example.com/p/7/", "/list/"]
    assert body.tags == ["shop.product"]
    assert (body.why, body.at, body.all) == ("save", 1700000000.25, False)


def test_the_whole_plan_may_be_asked_for() -> None:
    assert body_of({b"v": b"1", b"all": b"1"}).all


@given(st.lists(st.text(max_size=50), max_size=20), st.lists(st.text(max_size=50), max_size=20))
def test_what_is_written_as_json_comes_back(urls: list[str], tags: list[str]) -> None:
    fields = {b"v": b"1", b"urls": json.dumps(urls).encode(), b"tags": json.dumps(tags).encode()}
    body = body_of(fields)
    assert (body.urls, body.tags) == (urls, tags)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({b"urls": b"[]"}, "v: missing; expected 1"),
        ({b"v": b"2"}, "v: '2'; expected 1"),
        ({b"v": b"1", b"all": b"yes"}, "all: 'yes'; expected 0 or 1"),
        ({b"v": b"1", b"at": b"nan"}, "at: 'nan'; expected unix seconds"),
        ({b"v": b"1", b"at": b"today"}, "at: 'today'; expected unix seconds"),
    ],
)
def test_a_malformed_entry_is_refused_with_its_field(
    fields: dict[bytes, bytes], reason: str
) -> None:
    with pytest.raises(RequestError) as refused:
        body_of(fields)
    assert str(refused.value) == reason


@pytest.mark.parametrize("urls", [b"", b"/p/7", b'"/p/7"', b"[7]", b"[null]", b'{"a":1}', b"\xff"])
def test_urls_that_are_no_list_of_text_are_refused(urls: bytes) -> None:
    with pytest.raises(RequestError, match=r"^urls: .*; expected a JSON array of text$"):
        body_of({b"v": b"1", b"urls": urls})


def test_more_than_ten_thousand_urls_are_refused() -> None:
    urls = json.dumps(["/p"] * 10_001).encode()
    with pytest.raises(RequestError, match="expected a JSON array of text"):
        body_of({b"v": b"1", b"urls": urls})


def test_an_entry_beyond_a_megabyte_is_refused() -> None:
    with pytest.raises(RequestError, match="1000002 bytes; expected 1000000 at most"):
        body_of({b"v": b"1", b"why": b"x" * 1_000_001})


@given(st.dictionaries(NAMES, st.binary(max_size=60) | st.sampled_from([b"1", b"[]", b'["/"]'])))
def test_whatever_the_fields_are_it_is_a_request_or_refused(fields: dict[bytes, bytes]) -> None:
    try:
        body = body_of(fields)
    except RequestError as refused:
        assert "\n" not in str(refused)  # noqa: PT017 -- either is right
    else:
        assert fields[b"v"] == b"1"
        assert all(isinstance(url, str) for url in body.urls)
