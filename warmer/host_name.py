"""Host names as they go over the wire: lower case, punycode, no default port. Pure.

Refuses what no browser would send; guesses nothing.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

import idna

DEFAULT_PORTS = {"http": 80, "https": 443}
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


def site_root(url: str) -> str:
    """`scheme://host[:port]` of an http or https URL; ValueError if it has none."""
    parts = urlsplit(url)
    if parts.scheme not in DEFAULT_PORTS:
        msg = f"no http or https URL: {parts.scheme}"
        raise ValueError(msg)
    return f"{parts.scheme}://{authority(parts.scheme, parts.hostname or '', parts.port)}"


def authority(scheme: str, host: str, port: int | None) -> str:
    """Host, and port where it is not the scheme's; ValueError for what is no host name."""
    name = ipv6(host) if ":" in host else domain(host)
    if port == 0:
        raise ValueError("no port 0")
    return name if port in (None, DEFAULT_PORTS.get(scheme)) else f"{name}:{port}"


def ipv6(host: str) -> str:
    """An address in the brackets that URLs have; ValueError for what is none."""
    return f"[{ipaddress.IPv6Address(host).compressed}]"


def domain(host: str) -> str:
    """A name as it is sent; ValueError for what is no host name."""
    try:
        name = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError(str(error)) from None
    name = name.lower()
    labels = name.removesuffix(".").split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        msg = f"no host name: {name!a}"
        raise ValueError(msg)
    return name
