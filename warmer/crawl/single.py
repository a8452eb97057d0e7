"""One request after another to one site, outside of a crawl: for checks, not for warming.

Headers, credentials, authorities and connect-to are the crawl's; of several servers the first
that can be reached is asked. Follows no redirect, retries nothing, and goes to the site's own
hosts alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pycurl

from warmer.crawl.fetch import Fetch, FetchError, parse_headers, reason_of
from warmer.crawl.redirect import onward_url
from warmer.crawl.transfers import TransferError, Transfers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from warmer.crawl.first_reachable import FirstReachable
    from warmer.crawl.origin import Origin

KEPT_BYTES = 1_000_000
TLS_VERSIONS = {
    "1.0": pycurl.SSLVERSION_TLSv1_0 | pycurl.SSLVERSION_MAX_TLSv1_0,
    "1.1": pycurl.SSLVERSION_TLSv1_1 | pycurl.SSLVERSION_MAX_TLSv1_1,
    "1.2": pycurl.SSLVERSION_TLSv1_2 | pycurl.SSLVERSION_MAX_TLSv1_2,
    "1.3": pycurl.SSLVERSION_TLSv1_3 | pycurl.SSLVERSION_MAX_TLSv1_3,
}
_GO_ON: int = pycurl.PREREQFUNC_OK
_VISIBLE = "".join(map(chr, range(0x21, 0x7F)))
# What OpenSSL says when it is our own side that lacks a version.
_OURS = ("no protocols available", "no ciphers available", "unsupported protocol version")
_DATES = ("%b %d %H:%M:%S %Y GMT", "%Y-%m-%d %H:%M:%S GMT")


@dataclass(frozen=True, slots=True)
class Exchange:
    """A response, and when the first certificate of the chain that came with it expires.

    `expires_at` is aware UTC; None without TLS, or on a connection that was used before.
    """

    fetch: Fetch
    expires_at: datetime | None


class Single:
    """Requests to one site, with the connections kept between them; needs a running loop."""

    def __init__(self, site: FirstReachable) -> None:
        self._site = site
        self._transfers = Transfers(max_connections=2)

    async def fetch_one(
        self, url: str, header_lines: Sequence[str], *, host: str | None = None
    ) -> Exchange:
        """GET one URL; raises FetchError. `host` is sent as Host instead of the URL's.

        TCP, SNI and the certificate stay those of the URL's host.
        """
        lines = [*header_lines, *([f"Host: {host}"] if host else [])]
        return await self._exchange(url, lines, {})

    async def post_form(self, url: str, header_lines: Sequence[str], body: bytes) -> Exchange:
        """POST what a form sends, once; raises FetchError.

        Over a new connection, for one that was kept may end under the request, and nobody
        knows then whether it was taken.
        """
        lines = [*header_lines, "Content-Type: application/x-www-form-urlencoded", "Expect:"]
        options = {pycurl.POSTFIELDS: body, pycurl.FRESH_CONNECT: 1}
        return await self._exchange(url, lines, options)

    async def _exchange(
        self, url: str, lines: Sequence[str], options: Mapping[int, object]
    ) -> Exchange:
        url = _askable(url)
        return await self._site.ask(lambda origin: self._exchange_at(origin, url, lines, options))

    async def _exchange_at(
        self, origin: Origin, url: str, lines: Sequence[str], options: Mapping[int, object]
    ) -> Exchange:
        handle, secure = _handle(origin, url)
        head: list[bytes] = []
        body = bytearray()
        received = 0

        def write(chunk: bytes) -> None:
            nonlocal received
            received += len(chunk)
            body.extend(chunk[: max(0, KEPT_BYTES - len(body))])

        try:
            target = origin.request_target(url, secure=secure)
            handle.setopt(pycurl.REQUEST_TARGET, target)
            handle.setopt(pycurl.HTTPHEADER, [line.encode() for line in lines])
            handle.setopt(pycurl.OPT_CERTINFO, 1)
            handle.setopt(pycurl.HEADERFUNCTION, head.append)
            handle.setopt(pycurl.WRITEFUNCTION, write)
            for option, value in options.items():
                handle.setopt(option, value)
            await self._perform(origin, handle, url)
            fetch = Fetch(
                status=handle.getinfo(pycurl.RESPONSE_CODE),
                headers=parse_headers(head),
                body=bytes(body),
                body_bytes=received,
                total_ms=handle.getinfo(pycurl.TOTAL_TIME) * 1000,
                first_byte_ms=handle.getinfo(pycurl.STARTTRANSFER_TIME) * 1000,
            )
            chain = handle.getinfo(pycurl.INFO_CERTINFO) if secure else ()
            return Exchange(fetch, _first_to_expire(chain))
        finally:
            handle.close()

    async def connect(self, url: str) -> None:
        """See that somebody can be talked to, by TLS where the URL says so; raises FetchError.

        No request is sent.
        """
        await self._site.ask(lambda origin: self._connect(origin, url, {}))

    async def accepts_tls(self, url: str, version: str) -> bool | None:
        """Whether the server agrees to one version of TLS; no request is sent.

        None where our own OpenSSL lacks it. Raises FetchError when nobody answers. The
        certificate is not looked at, for nothing is entrusted to the connection.
        """
        return await self._site.ask(lambda origin: self._accepts_tls(origin, url, version))

    async def _accepts_tls(self, origin: Origin, url: str, version: str) -> bool | None:
        options = {
            pycurl.SSL_VERIFYPEER: 0,
            pycurl.SSL_VERIFYHOST: 0,
            pycurl.SSLVERSION: TLS_VERSIONS[version],
            # Ciphers of the old versions are below OpenSSL's own level.
            pycurl.SSL_CIPHER_LIST: "DEFAULT:@SECLEVEL=0",
        }
        try:
            await self._connect(origin, url, options)
        except FetchError as error:
            if any(words in str(error) for words in _OURS):
                return None
            # Many servers refuse a version by closing the connection.
            if error.reason in ("tls", "closed-early"):
                return False
            raise
        return True

    async def _connect(self, origin: Origin, url: str, options: Mapping[int, object]) -> None:
        handle, _ = _handle(origin, url)
        try:
            handle.setopt(pycurl.CONNECT_ONLY, 1)
            handle.setopt(pycurl.FRESH_CONNECT, 1)
            for option, value in options.items():
                handle.setopt(option, value)
            await self._perform(origin, handle, url)
        finally:
            handle.close()

    def close(self) -> None:
        """Drop the connections."""
        self._transfers.close()

    async def _perform(self, origin: Origin, handle: pycurl.Curl, url: str) -> None:
        sockets = origin.guard(handle, urlsplit(url).hostname or "")
        sent = False

        def note_sending(*_: object) -> int:
            nonlocal sent
            sent = True
            return _GO_ON

        handle.setopt(pycurl.PREREQFUNCTION, note_sending)
        try:
            await self._transfers.perform(handle)
        except TransferError as error:
            if sockets is not None:
                sockets.check()
            reason = reason_of(error.code, str(error))
            raise FetchError(reason, str(error), sent=sent) from None


def _handle(origin: Origin, url: str) -> tuple[pycurl.Curl, bool]:
    place = urlsplit(url)
    if not origin.owns(place.hostname or ""):
        raise FetchError("redirect-offsite", "not a page of the site")
    secure = place.scheme == "https"
    handle = origin.new_handle(secure=secure, foreign=False)
    handle.setopt(pycurl.URL, url)
    return handle, secure


def _askable(url: str) -> str:
    """As a browser asks for it: escaped, with a path, without a fragment; raises FetchError."""
    try:
        return onward_url(url, quote(url, safe=_VISIBLE))
    except ValueError as error:
        raise FetchError("protocol", f"no URL: {error}") from None


def _first_to_expire(chain: Iterable[Iterable[Any]]) -> datetime | None:
    """The earliest `Expire date` in libcurl's description of a chain."""
    fields = (field for certificate in chain for field in certificate)
    dates = [_date(value) for name, value in fields if name == "Expire date"]
    return min((date for date in dates if date), default=None)


def _date(text: str) -> datetime | None:
    """A date as OpenSSL prints it, or as libcurl does with other libraries."""
    for form in _DATES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
