"""Who sends a request: a jar of cookies for each visitor of the recording, or for N of them.

Holds no more visitors than memory should; of those who come back after very many others,
the cookies are forgotten.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from warmer.crawl.cookies import CookieJar

if TYPE_CHECKING:
    from warmer.sources.capture import CapturedRequest

MAX_VISITORS = 100_000


class Visitors:
    """Jars by visitor: as recorded, or in turn where their number is chosen."""

    def __init__(self, number: int | None = None) -> None:
        self._in_turn = None if number is None else [CookieJar() for _ in range(number)]
        self._jars: OrderedDict[str | None, CookieJar] = OrderedDict()
        self._count = 0

    def jar(self, request: CapturedRequest) -> CookieJar:
        """The jar of whoever sends the next request."""
        if self._in_turn is not None:
            self._count += 1
            return self._in_turn[(self._count - 1) % len(self._in_turn)]
        jar = self._jars.pop(request.user, None)
        if jar is None:
            jar = CookieJar()
            if len(self._jars) >= MAX_VISITORS:
                self._jars.popitem(last=False)
        self._jars[request.user] = jar
        return jar
