"""What any server of a site will do for: sources, logins, a look. The first that can be reached.

What was sent once goes to no other server. Whoever could be reached is asked first from then
on, so that what belongs together, a sitemap's parts or a login's pages, comes from one server.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from warmer.crawl.fetch import FetchError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from warmer.crawl.origin import Origin

_log = logging.getLogger(__name__)
T = TypeVar("T")


class FirstReachable:
    """A site's origin, by way of each of its `servers`; as it stands where it names none."""

    def __init__(self, origin: Origin, servers: Sequence[str] = ()) -> None:
        self.origin = origin
        self._ways = [replace(origin, connect_to=each) for each in servers] or [origin]
        self._unreachable: dict[str, FetchError] = {}

    @property
    def server(self) -> str | None:
        """Who is asked first now."""
        return self._ways[0].connect_to

    @property
    def unreachable(self) -> Mapping[str, FetchError]:
        """Servers that nobody could be talked to at when they were last tried, with the reason."""
        return self._unreachable

    async def ask(self, send: Callable[[Origin], Awaitable[T]]) -> T:
        """What `send` yields by way of the first server that can be reached; raises FetchError."""
        *others, last = self._ways
        for way in others:
            try:
                return await self._send(send, way)
            except FetchError as error:
                if error.sent:
                    raise
                _log.info("server %s cannot be reached: %s", way.connect_to, error)
        return await self._send(send, last)

    async def _send(self, send: Callable[[Origin], Awaitable[T]], way: Origin) -> T:
        name = way.connect_to or ""
        try:
            found = await send(way)
        except FetchError as error:
            if error.sent:
                self._reached(way, name)
            else:
                self._unreachable[name] = error
            raise
        self._reached(way, name)
        return found

    def _reached(self, way: Origin, name: str) -> None:
        self._unreachable.pop(name, None)
        at = self._ways.index(way)
        self._ways = [*self._ways[at:], *self._ways[:at]]
