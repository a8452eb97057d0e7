"""Fetches sitemaps, indexes, feeds and robots.txt, and hands every candidate on.

Stays on the site's hosts and within the limits. Fetches no page. Ranks nothing and
removes no duplicates: that is the plan's business.
"""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from protego import Protego
from scrapy import Request, Spider
from scrapy.exceptions import CloseSpider

from warmer.errors import SourceError
from warmer.model import Candidate
from warmer.sources.sitemap import PROTOCOL_ENTRIES, Entry, Limits, parse

from .answers import is_broken, is_unanswered, reason_of, redirect_of
from .boundary import Boundary, resolve, starting_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from scrapy.http import Response
    from twisted.python.failure import Failure

    from warmer.sources.skipped import Skipped

MAX_REDIRECTS = 5
ROBOTS_BYTES = 512_000  # what RFC 9309 asks a parser to read at least is 500 KiB
TURN_ENTRIES = 1_000  # entries between two chances for the rest of the event loop
SETTINGS: dict[str, Any] = {
    # Each body is whole in memory, and a sitemap is often a site's dearest page.
    "CONCURRENT_REQUESTS": 1,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
    "METAREFRESH_ENABLED": False,
    "REDIRECT_ENABLED": False,
    "REFERER_ENABLED": False,
    # An index is read from its top; Scrapy would take the last first.
    "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",
    "URLLENGTH_LIMIT": 0,
}
_CURES = {
    400: ". Does the site know its host name? Check base_url, and ALLOWED_HOSTS of Django",
    401: ". Set crawl.basic_auth, or an Authorization header",
    404: ". Name its own URL, robots:, a list of pages, or discover:/",
}
_BROKEN = ". Look into the site's log"


class SitemapSource(Spider):
    """Reads `start_urls` (sitemap, index, feed, text, or `/robots.txt`) and what they name.

    `sink` gets every Candidate, as it is found; what it raises ends the crawl and
    is kept in `failure`. Skipped, counted: `other-host`, `too-deep`,
    `too-many-files`, and what `sitemap.parse` counts.

    Afterwards `errors` holds a line for each file that could not be read (`unreachable`
    those of them that nobody answered for), `notes` what is worth knowing. `aliases`
    are hosts of the site besides those of the start URLs.
    """

    name = "sitemap"
    custom_settings = SETTINGS

    def __init__(
        self,
        *,
        start_urls: Sequence[str],
        sink: Callable[[Candidate], None],
        skipped: Skipped,
        limits: Limits | None = None,
        aliases: Sequence[str] = (),
        alternates: bool = True,
    ) -> None:
        super().__init__()
        self.start_urls = starting_at(start_urls)
        self.errors: list[str] = []
        self.unreachable: list[str] = []
        self.notes: list[str] = []
        self.failure: Exception | None = None
        self._sink = sink
        self._skipped = skipped
        self._limits = limits or Limits()
        self._alternates = alternates
        self._boundary = Boundary(self.start_urls, aliases)
        self._asked: set[str] = set()
        self._taken = 0
        self._elsewhere = ""

    async def start(self) -> AsyncIterator[Any]:
        """Ask for the start URLs."""
        for url in self.start_urls:
            is_robots = urlsplit(url).path == "/robots.txt"
            for request in self._ask(url, self._read_robots if is_robots else self._read):
                yield request

    async def _read(
        self, response: Response, depth: int, chain: tuple[str, ...]
    ) -> AsyncIterator[Request]:
        if response.status != 200:
            for request in self._not_ok(response, self._read, depth, chain):
                yield request
            return
        count = 0
        body = BytesIO(response.body)
        entries = parse(body, limits=self._limits, skipped=self._skipped, place=response.url)
        try:
            for count, entry in enumerate(entries, 1):
                if entry.nested:
                    for request in self._nested(entry, response.url, depth):
                        yield request
                else:
                    self._take(entry, response.url)
                if count % TURN_ENTRIES == 0:
                    await asyncio.sleep(0)  # lets timers and other connections have a turn
        except SourceError as error:
            self.errors.append(str(error))
        if count > PROTOCOL_ENTRIES:
            self.notes.append(
                f"{response.url}: has {count:,} entries, all of them read; the sitemap protocol "
                f"allows {PROTOCOL_ENTRIES:,}, and search engines may leave out the rest"
            )

    def _read_robots(
        self, response: Response, depth: int, chain: tuple[str, ...]
    ) -> Iterator[Request]:
        if redirect_of(response) is not None:
            yield from self._not_ok(response, self._read_robots, depth, chain)
            return
        named: list[str] = []
        if response.status == 200:
            text = response.body[:ROBOTS_BYTES].decode("utf-8-sig", "replace")
            urls = [resolve(response.url, url) for url in Protego.parse(text).sitemaps]
            named = [url for url in urls if isinstance(url, str)]
        own = [url for url in named if self._is_own(url, response.url)]
        if not own:
            own = [urljoin(response.url, "/sitemap.xml")]
            self.notes.append(
                f"{response.url}: names no sitemap of this site (status {response.status}); "
                f"read {own[0]} instead"
            )
        for url in own:
            yield from self._ask(url, self._read)

    def _nested(self, entry: Entry, place: str, depth: int) -> Iterator[Request]:
        url = urljoin(place, entry.loc)
        if not self._is_own(url, place):
            return
        if depth >= self._limits.depth:
            self._skipped.note("too-deep", place=place)
        else:
            yield from self._ask(url, self._read, depth=depth + 1)

    def _not_ok(
        self,
        response: Response,
        callback: Callable[..., Any],
        depth: int,
        chain: tuple[str, ...],
    ) -> Iterator[Request]:
        """Follow a redirect within the site; any other answer is an error."""
        target = redirect_of(response)
        if target is None:
            status = response.status
            cure = _CURES.get(status, _BROKEN if status >= 500 else "") if depth == 0 else ""
            self._fail(_way(chain), f"answered {status}; expected a sitemap{cure}")
            if is_broken(status):
                self.unreachable.append(self.errors[-1])
        elif not self._boundary.holds(target):
            self._fail(chain[0], f"redirects to another host, {target}; expected {self._boundary}")
        elif target in chain or len(chain) > MAX_REDIRECTS:
            self._fail(chain[0], f"redirects in a circle, or more than {MAX_REDIRECTS} times")
        else:
            yield from self._ask(target, callback, depth=depth, chain=chain)

    def _ask(
        self,
        url: str,
        callback: Callable[..., Any],
        *,
        depth: int = 0,
        chain: tuple[str, ...] = (),
    ) -> Iterator[Request]:
        """One request, or none for a file that was asked for before or is one too many."""
        if url in self._asked:
            return
        if len(self._asked) >= self._limits.files:
            self._skipped.note("too-many-files", place=url)
            return
        self._asked.add(url)
        yield Request(
            url,
            callback=callback,
            errback=self._unanswered,
            cb_kwargs={"depth": depth, "chain": (*chain, url)},
            dont_filter=True,
            meta={
                # Redirects are followed here, for they must not leave the site.
                "handle_httpstatus_all": True,
                "download_maxsize": self._limits.file_bytes,
                "download_warnsize": 0,
                # A person or robots.txt itself names these files; its rules are for pages.
                "dont_obey_robotstxt": True,
            },
        )

    def _take(self, entry: Entry, place: str) -> None:
        for loc in (entry.loc, *entry.alternates) if self._alternates else (entry.loc,):
            url = urljoin(place, loc) if loc.startswith("/") else loc
            if not self._is_own(url, place):
                continue
            if self._taken == self._limits.urls:
                self.notes.append(f"{place}: stopped at {self._taken:,} URLs, the limit")
                raise CloseSpider("limit")
            self._taken += 1
            try:
                self._sink(Candidate(url, entry.weight))
            except Exception as error:
                self.failure = error  # Scrapy would log it and go on
                raise CloseSpider("sink") from error

    def _is_own(self, url: str, place: str) -> bool:
        if self._boundary.holds(url):
            return True
        self._skipped.note("other-host", place=place)
        self._elsewhere = self._elsewhere or url
        return False

    def _unanswered(self, failure: Failure) -> None:
        request: Request = failure.request  # type: ignore[attr-defined]  # Scrapy adds it
        self._fail(_way(request.cb_kwargs["chain"]), f"cannot be fetched: {reason_of(failure)}")
        if is_unanswered(failure):
            self.unreachable.append(self.errors[-1])

    def _fail(self, url: str, reason: str) -> None:
        self.errors.append(f"{url}: {reason}")

    def closed(self, reason: str) -> None:
        """Say why nothing came of a crawl in which nothing failed."""
        if reason != "finished" or self._taken or self.errors:
            return
        start = ", ".join(self.start_urls)
        if self._elsewhere:
            self._fail(
                start,
                f"names other hosts only, such as {self._elsewhere}; expected {self._boundary}. "
                "Name further hosts of the site with --alias or in plan.aliases",
            )
        else:
            self._fail(start, "has no URL in it; expected at least one")


def _way(chain: Sequence[str]) -> str:
    """The URL that was asked for first, and the one that it led to."""
    return chain[0] if len(chain) == 1 else f"{chain[0]}, which redirects to {chain[-1]}"
