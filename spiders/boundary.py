"""Which URLs belong to the site: the rule of the spiders that follow what its files say. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from warmer.errors import SourceError
from warmer.sources.urls import Rejection, check

if TYPE_CHECKING:
    from collections.abc import Iterable

_REMEMBERED = 10_000


class Boundary:
    """The host names of the site, compared without scheme and port."""

    def __init__(self, urls: Iterable[str], aliases: Iterable[str]) -> None:
        """`urls` are the start URLs, `aliases` further host names, with or without a port."""
        authorities = [url.partition("://")[2].partition("/")[0] for url in urls]
        self._hosts = {host for name in (*authorities, *aliases) if (host := _host(name))}
        self._answers: dict[str, bool] = {}

    def holds(self, url: str) -> bool:
        """True for an absolute http(s) URL on one of the hosts."""
        scheme, _, rest = url.partition("://")
        authority = rest.partition("/")[0]
        answer = self._answers.get(authority)
        if answer is None:
            answer = _host(authority) in self._hosts
            if len(self._answers) < _REMEMBERED:
                self._answers[authority] = answer
        return answer and scheme in {"http", "https"}

    def __str__(self) -> str:
        return ", ".join(sorted(self._hosts))


def starting_at(urls: Iterable[str]) -> list[str]:
    """Return the start URLs ready to be sent, each once; SourceError for one that is no URL."""
    ready: dict[str, None] = {}
    for url in urls:
        checked = check(url.encode("utf-8", "replace"))
        if not isinstance(checked, str) or not checked.startswith("http"):
            raise SourceError(f"{url!r}: cannot be fetched; expected an absolute http(s) URL")
        ready[checked] = None
    return list(ready)


def resolve(base: str, reference: str) -> str | Rejection:
    """Return the absolute URL, ready to be sent, without fragment; or why there is none."""
    try:
        joined = urljoin(base, reference.strip())
    except ValueError:  # a host in brackets that is no IPv6 address
        return Rejection.NOT_A_URL
    return check(joined.encode("utf-8", "replace"))


def _host(authority: str) -> str:
    """Host name in lower case; "" if there is none."""
    try:
        return urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""
