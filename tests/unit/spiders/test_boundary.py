"""Which URLs belong to the site."""

from __future__ import annotations

import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

# Static tools know the module by another name, `spiders.boundary`.
boundary = importlib.import_module("warmer.spiders.boundary")
SITE = boundary.Boundary(
    ["https://www.example.com:8443/sitemap.xml"], ["Shop.example.com", "[::1]:80"]
)


@pytest.mark.parametrize(
    "url",
    [
        "https://www.example.com/", "http://www.example.com/a", "https://WWW.example.com:8443",
        "https://shop.example.com:444/x?y", "http://[::1]/",
    ],
)  # fmt: skip
def test_hosts_of_the_site_are_known_by_name_alone(url: str) -> None:
    assert SITE.holds(url) is True


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/", "https://a.www.example.com/", "https://www.example.com.evil.example/",
        "https://www.example.com@evil.example/", "https://evil.example/https://www.example.com/",
        "ftp://www.example.com/", "//www.example.com/", "/a", "", "https:///a", "http://[www/",
    ],
)  # fmt: skip
def test_nothing_else_belongs_to_the_site(url: str) -> None:
    assert SITE.holds(url) is False


@given(st.text(), st.text())
def test_any_reference_leads_somewhere_sendable_or_is_rejected(base: str, reference: str) -> None:
    url = boundary.resolve("https://www.example.com/a/" + base, reference)
    if isinstance(url, str):
        assert url.isascii()
        assert not set(url) & set(" \t\r\n#")
        SITE.holds(url)
