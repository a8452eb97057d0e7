"""Header lines of a request that is sent again. Pure.

As they were recorded, where they were; a browser's, where the recording has none (logs,
lists). The site's own headers go over them. What belongs to a connection, and addresses of
the visitors, are not sent; the user agent says that it is us, so that no later log counts it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from warmer.crawl.profiles import USER_AGENT, VERSION, header_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from warmer.sources.capture import Headers

_MAX_KEPT = 10_000
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_NOT_SENT_AGAIN = frozenset(
    {
        *("host", "content-length", "connection", "keep-alive", "transfer-encoding", "te"),
        *("upgrade", "trailer", "expect", "http2-settings", "proxy-connection"),
        *("forwarded", "x-forwarded-for", "x-real-ip", "cf-connecting-ip", "true-client-ip"),
    }
)


class HeaderLines:
    """Lines by recorded headers; what visitors send alike is put together once."""

    def __init__(
        self,
        run_id: str,
        *,
        browser: Mapping[str, str],
        site: Mapping[str, str],
        user_agent: str | None,
    ) -> None:
        """`browser` is sent where nothing was recorded; `user_agent` goes over the recorded."""
        self._run_id = run_id
        self._browser = browser
        self._site = {name.lower(): (name, value) for name, value in site.items()}
        self._user_agent = user_agent
        self._kept: dict[Headers, list[str]] = {}

    def of(self, recorded: Headers) -> list[str]:
        lines = self._kept.get(recorded)
        if lines is None:
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            lines = self._kept[recorded] = self._new(recorded)
        return lines

    def _new(self, recorded: Headers) -> list[str]:
        sent: dict[str, tuple[str, str]] = {}
        for name, value in recorded:
            key = name.lower()
            if key in _NOT_SENT_AGAIN or not _TOKEN.fullmatch(name) or _CONTROL.search(value):
                continue  # a line break in a value would be a header, or a request, of its own
            # Of a header that came twice, one line says the same (RFC 9110, 5.3).
            joined = "; " if key == "cookie" else ", "
            text = _as_sent(value)
            sent[key] = (name, f"{sent[key][1]}{joined}{text}" if key in sent else text)
        _, agent = sent.pop("user-agent", ("", ""))
        if not sent:
            sent = {name.lower(): (name, value) for name, value in self._browser.items()}
        sent |= self._site
        if "user-agent" not in self._site:
            sent["user-agent"] = ("User-Agent", self._user_agent or _ours(agent))
        return header_lines({name: value for name, value in sent.values() if value}, self._run_id)


def _as_sent(value: str) -> str:
    """Text that becomes the recorded octets again when it is encoded, which is as UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _ours(recorded: str) -> str:
    return f"{recorded} (compatible; warmer/{VERSION})" if recorded else USER_AGENT
