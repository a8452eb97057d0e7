"""Where a Location leads."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.crawl.redirect import onward_url

FROM = "https://www.example.com/a/b?c=d"


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/p", "https://www.example.com/p"),
        ("p", "https://www.example.com/a/p"),
        ("../p", "https://www.example.com/p"),
        ("?page=2", "https://www.example.com/a/b?page=2"),
        ("//other.example.com/p", "https://other.example.com/p"),
        ("http://www.example.com", "http://www.example.com/"),
        ("http://www.example.com?a", "http://www.example.com/?a"),
        ("HTTPS://WWW.EXAMPLE.COM:443/P", "https://www.example.com/P"),
        ("http://www.example.com:443/", "http://www.example.com:443/"),
        ("https://me:word@www.example.com/p", "https://www.example.com/p"),
        ("http://[2001:DB8::1]:8080/", "http://[2001:db8::1]:8080/"),
        ("/p#part", "https://www.example.com/p"),
        (" /p\t", "https://www.example.com/p"),
        ("/a b", "https://www.example.com/a%20b"),
        ("/caf\xc3\xa9", "https://www.example.com/caf%C3%A9"),
        ("/caf\xe9", "https://www.example.com/caf%E9"),
        ("/a%2fb%C3%A9", "https://www.example.com/a%2fb%C3%A9"),
        ("/a\x01b", "https://www.example.com/a%01b"),
        ("/a|b[c]", "https://www.example.com/a|b[c]"),
        ("ftp://www.example.com/p", "ftp://www.example.com/p"),
    ],
)
def test_a_location_is_resolved_as_a_browser_does(location: str, url: str) -> None:
    assert onward_url(FROM, location) == url


@pytest.mark.parametrize(
    "location",
    ["http://[::1", "http://www.example.com:99999/", "http://a:b:c/", "mailto:a@b.c", "data:,x"],
)
def test_what_is_no_url_with_a_host_is_refused(location: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        onward_url(FROM, location)


@given(st.text(st.characters(max_codepoint=255)))
def test_any_location_is_resolved_to_visible_ascii_or_refused(location: str) -> None:
    try:
        url = onward_url(FROM, location)
    except ValueError:
        return
    assert url.isascii()
    assert url.isprintable()
    assert " " not in url
    assert "#" not in url
    assert urlsplit(url).username is None
    assert onward_url(FROM, url) == url
