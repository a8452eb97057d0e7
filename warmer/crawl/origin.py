"""How the site is reached: what libcurl is told for every request of a crawl.

The site's own headers, credentials and connect-to apply to the site's hosts alone;
another host (a sitemap kept elsewhere) gets a plain request.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pycurl

from warmer.crawl.private_address import PublicSockets, names_private

if TYPE_CHECKING:
    from collections.abc import Mapping

HTTP_VERSIONS = {
    "auto": pycurl.CURL_HTTP_VERSION_2TLS,
    "1.1": pycurl.CURL_HTTP_VERSION_1_1,
    "2": pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE,
}


LONGEST_IDLE_S = 1
LONGEST_KEPT_S = 1
"""Connections are used again within so many seconds of their last use, and of their first."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Origin:
    """Where TCP goes, with which credentials, within which limits.

    With `new_connections` no request shares one with another. Without
    `private_addresses` public names must not lead to private ones.

    Scrapy logs its settings, so this shows none of its fields when printed.
    """

    base_url: str
    hosts: frozenset[str]
    headers: Mapping[str, str] = field(default_factory=dict)
    connect_to: str | None = None
    unix_socket: str | None = None
    proxy: str | None = None
    basic_auth: str | None = None
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    http: str = "auto"
    timeout_s: float = 30.0
    connect_timeout_s: float = 10.0
    max_body_bytes: int = 50_000_000
    new_connections: bool = False
    private_addresses: bool = True

    @property
    def authorization(self) -> str | None:
        """What libcurl sends as Authorization to the site's hosts, if anything."""
        if self.basic_auth is None:
            return None
        return f"Basic {b64encode(self.basic_auth.encode()).decode()}"

    def owns(self, host: str) -> bool:
        """Whether a host name (lower case, no port) belongs to the site."""
        return host in self.hosts

    def new_handle(self, *, secure: bool, foreign: bool) -> pycurl.Curl:
        """A libcurl handle for one scheme with everything set but URL and headers."""
        handle = pycurl.Curl()
        options: dict[int, object] = {
            pycurl.NOSIGNAL: 1,
            pycurl.FOLLOWLOCATION: 0,
            pycurl.PATH_AS_IS: 1,
            pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
            pycurl.SSL_VERIFYPEER: 1,
            pycurl.SSL_VERIFYHOST: 2,
            pycurl.HTTP_VERSION: HTTP_VERSIONS[self.http],
            # Wait for a connection to share rather than open another. Where HTTP/1.1 is
            # spoken that is until the first page was answered, and all fail with it if
            # it never is; so only where a person has said that it is HTTP/2.
            pycurl.PIPEWAIT: self.http == "2",
            # To libcurl 0 means no limit.
            pycurl.TIMEOUT_MS: max(1, int(self.timeout_s * 1000)),
            pycurl.CONNECTTIMEOUT_MS: max(1, int(self.connect_timeout_s * 1000)),
            pycurl.MAXFILESIZE_LARGE: self.max_body_bytes,
            pycurl.TCP_NODELAY: 1,
            # A server may close what idles (gunicorn after 2 s) just as it is used again.
            pycurl.MAXAGE_CONN: LONGEST_IDLE_S,
            # A kept connection stays with one worker; two may share one while another idles.
            pycurl.MAXLIFETIME_CONN: LONGEST_KEPT_S,
            pycurl.FRESH_CONNECT: self.new_connections,
            pycurl.FORBID_REUSE: self.new_connections,
            # "" keeps http_proxy and no_proxy of the environment out, and PycURL's name.
            pycurl.PROXY: self.proxy or "",
            pycurl.NOPROXY: "",
            pycurl.USERAGENT: "",
        }
        if self.http == "2" and secure:
            options[pycurl.HTTP_VERSION] = pycurl.CURL_HTTP_VERSION_2TLS
        if self.ca_file:
            options[pycurl.CAINFO] = self.ca_file
        if not foreign:
            options.update(self._site_options())
        for option, value in options.items():
            # pycurl takes a `str` of ASCII only; a path or a password may be more.
            handle.setopt(option, value.encode() if isinstance(value, str) else value)
        return handle

    def guard(self, handle: pycurl.Curl, host: str) -> PublicSockets | None:
        """Before a request to this host: without `private_addresses`, sockets that heed it.

        A proxy or a Unix socket is named by the configuration; what a proxy makes of a name
        is the proxy's affair.
        """
        if self.private_addresses or self.proxy:
            return None
        is_own = self.owns(host)
        if self.connect_to and is_own:
            host = urlsplit(f"//{self.connect_to}").hostname or ""
        if names_private(host) or (self.unix_socket and is_own):
            handle.unsetopt(pycurl.OPENSOCKETFUNCTION)
            return None
        sockets = PublicSockets(host)
        handle.setopt(pycurl.OPENSOCKETFUNCTION, sockets.open)
        return sockets

    def request_target(self, url: str, *, secure: bool) -> str:
        """The request line's middle part for a URL of the site that has a path.

        The whole URL where a proxy has to find the way, else path and query
        (RFC 9112, 3.2). libcurl asks for a tunnel when it must connect elsewhere.
        """
        forwarded = self.proxy is not None and not self.proxy.startswith("socks")
        if forwarded and not secure and not self.connect_to:
            return url
        return "/" + url.split("/", 3)[3]

    def _site_options(self) -> dict[int, object]:
        options: dict[int, object] = {}
        if self.connect_to:
            options[pycurl.CONNECT_TO] = self._connect_to()
        if self.unix_socket:
            options[pycurl.UNIX_SOCKET_PATH] = self.unix_socket
        if self.basic_auth:
            options[pycurl.HTTPAUTH] = pycurl.HTTPAUTH_BASIC
            options[pycurl.USERPWD] = self.basic_auth
        if self.client_cert:
            options[pycurl.SSLCERT] = self.client_cert
        if self.client_key:
            options[pycurl.SSLKEY] = self.client_key
        return options

    def _connect_to(self) -> list[str]:
        """Every port of the site's hosts goes to the new machine, never to the old one."""
        base = urlsplit(self.base_url)
        base_port = base.port or (443 if base.scheme == "https" else 80)
        address, _, port = (self.connect_to or "").rpartition(":")
        rules = []
        for host in sorted(self.hosts):
            name = f"[{host}]" if ":" in host else host
            rules.append(f"{name}:{base_port}:{address}:{port}")
            rules.append(f"{name}::{address}:")
        return rules
