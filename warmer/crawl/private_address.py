"""Keeps requests off private addresses that nobody has named.

Who may make the daemon fetch a page must not choose the machine that it comes from, nor may
whoever answers for a name. So what is judged is the address that libcurl is about to connect
to: nothing is sent before, and a name that resolves otherwise the next time gains nothing.
Ranges: IANA's special-purpose address registries (RFC 6890), as `ipaddress` has them.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING

import pycurl

from warmer.crawl.fetch import FetchError

if TYPE_CHECKING:
    from typing import Protocol

    class SocketAddress(Protocol):
        """What libcurl is about to connect to, as pycurl tells it."""

        family: int
        socktype: int
        protocol: int
        addr: tuple[str, int] | tuple[str, int, int, int]


_PRIVATE_ZONES = frozenset(
    # RFC 6761, RFC 6762 with its appendix G; ICANN has reserved `internal`.
    {"localhost", "local", "internal", "intranet", "private", "corp", "home", "lan"}
)
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses that a gateway turns into the IPv4 address at their end (RFC 6052)."""


def is_private(address: str) -> bool:
    """Whether an IP address is of no machine that everybody reaches (loopback, RFC 1918, …)."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        found = _inner(found)
    is_odd = found.is_multicast or getattr(found, "is_site_local", False)
    return is_odd or not found.is_global


def names_private(host: str) -> bool:
    """Whether who writes this host name means a machine of their own.

    True for an address, for a name of one label, and for names that no public DNS has.
    """
    if ":" in host or _is_ipv4(host):
        return True
    labels = host.lower().rstrip(".").split(".")
    is_home = labels[-2:] == ["home", "arpa"]  # RFC 8375
    return len(labels) == 1 or labels[-1] in _PRIVATE_ZONES or is_home


class PublicSockets:
    """Opens the sockets of one request, but none to a private address."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._refused = ""

    def open(self, _purpose: int, address: SocketAddress) -> socket.socket | int:
        """For libcurl's CURLOPT_OPENSOCKETFUNCTION, which tries the name's next address then."""
        ip = address.addr[0]
        if is_private(ip):
            self._refused = ip
            return pycurl.SOCKET_BAD
        try:
            return socket.socket(address.family, address.socktype, address.protocol)
        except OSError:  # no descriptor is left; libcurl says that it cannot connect
            return pycurl.SOCKET_BAD

    def check(self) -> None:
        """After a connection that did not come about: raises FetchError if that was why."""
        if self._refused:
            raise FetchError(
                "private-address",
                f"{self._host} is at {self._refused}, a private address that the configuration"
                " does not name",
            )


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that packets to this one end up at, if any."""
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _is_ipv4(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True
