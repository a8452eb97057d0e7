"""Which addresses are private, and which host names say that they are."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.crawl.private_address import is_private, names_private


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",  # where clouds keep a machine's credentials
        "100.64.0.1",
        "0.0.0.0",
        "192.0.2.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fd00::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
    ],
)
def test_an_address_that_not_everybody_reaches_is_private(address: str) -> None:
    assert is_private(address)


@pytest.mark.parametrize(
    "address",
    ["93.184.215.14", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_an_address_of_the_internet_is_not(address: str) -> None:
    assert not is_private(address)


@given(st.ip_addresses(v=4).map(str))
def test_an_address_is_as_private_by_whichever_way_it_is_written(address: str) -> None:
    number = int(ipaddress.IPv4Address(address))
    translated = str(ipaddress.IPv6Address((0x64FF9B << 96) | number))
    assert is_private(f"::ffff:{address}") == is_private(translated) == is_private(address)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "::1",
        "localhost",
        "shop",
        "shop.",
        "shop.localhost",
        "SHOP.Internal",
        "shop.default.svc.cluster.local",
        "nas.home.arpa",
    ],
)
def test_a_name_that_the_internet_does_not_have_names_a_private_place(host: str) -> None:
    assert names_private(host)


@pytest.mark.parametrize(
    "host", ["www.example.com", "example.com.", "internal.example.com", "127.1", "xn--bcher-kva.de"]
)
def test_any_other_name_does_not(host: str) -> None:
    assert not names_private(host)
