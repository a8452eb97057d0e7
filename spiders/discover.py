"""Finds the pages of a site that has no list of them, by following its links.

Breadth first, level by level, so that what is found does not depend on which answer
comes first. Sends GET alone, stays on the site's hosts, and keeps away from links that
`caution` or the link's own `rel="nofollow"` warn of. A nofollow in a page's `<meta>` is
not heeded: sites before their launch carry it on every page, against search engines.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any, NamedTuple

from scrapy import Request, Spider
from scrapy.http import HtmlResponse
from scrapy.utils.response import get_base_url

from warmer.model import Candidate
from warmer.sources.urls import Rejection

from .answers import is_broken, is_unanswered, reason_of, redirect_of
from .boundary import Boundary, resolve, starting_at
from .caution import reason_to_leave

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from scrapy.http import Response
    from twisted.python.failure import Failure

    from warmer.sources.skipped import Skipped

QUERIES_PER_PATH = 20
MAX_REDIRECTS = 5
WINDOW = 64  # requests handed to Scrapy at a time; the others wait as plain strings
SETTINGS: dict[str, Any] = {
    # Requests leave when there is room, not from the page that linked to them.
    "DEPTH_LIMIT": 0,
    "METAREFRESH_ENABLED": False,
    "REDIRECT_ENABLED": False,
    "REFERER_ENABLED": False,
    "URLLENGTH_LIMIT": 0,
}


class DiscoverSpider(Spider):
    """Follows `<a href>` from `start_urls` to `depth` clicks, at most `limit` URLs.

    When the crawl closes, `sink` gets every page that answered 200, once, its weight
    the number of pages that link to it, 1 at least. Links to a redirect count for
    where it leads; a page whose canonical URL differs in the query alone counts for
    that one. What `sink` raises is kept in `failure`.

    Skipped, counted by link: `other-host`, `action`, `static-file`, `nofollow`,
    `query-variants` (over 20 queries a path), `over-limit`, the reasons of
    `urls.check`; counted by page: `status-404` and so on, `not-fetched`.
    Afterwards `errors` has a line for each start URL that failed (`unreachable`: those
    that nobody answered for). `aliases` are hosts of the site besides theirs.
    """

    name = "discover"
    custom_settings = SETTINGS

    def __init__(
        self,
        *,
        start_urls: Sequence[str],
        sink: Callable[[Candidate], None],
        skipped: Skipped,
        depth: int = 2,
        limit: int = 50_000,
        aliases: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.start_urls = starting_at(start_urls)
        self.errors: list[str] = []
        self.unreachable: list[str] = []
        self.notes: list[str] = []
        self.failure: Exception | None = None
        self._sink = sink
        self._skipped = skipped
        self._last_depth = depth
        self._limit = limit
        self._boundary = Boundary(self.start_urls, aliases)
        self._links: dict[str, int] = {}  # every known URL: how many pages link to it
        self._pages: dict[str, None] = {}  # those that answered 200, in order
        self._leads_to: dict[str, str] = {}  # redirects and canonical URLs
        self._hops: dict[str, int] = {}
        self._queries: Counter[str] = Counter()
        self._depth = 0
        self._level: deque[str] = deque()
        self._next_level: deque[str] = deque()
        self._in_flight = 0

    async def start(self) -> AsyncIterator[Any]:
        """Ask for the start URLs; everything else follows from the answers."""
        for url in self.start_urls:
            self._links[url] = 0
            self._level.append(url)
        for request in self._pull():
            yield request

    def parse(self, response: Response, url: str) -> Iterator[Request]:
        """Look at one answer, then fetch what is next."""
        self._in_flight -= 1
        target = redirect_of(response)
        if target is not None:
            self._redirect(url, target)
        elif response.status == 200:
            self._pages[url] = None
            if isinstance(response, HtmlResponse) and response.body:
                self._read_links(response, url)
        else:
            self._skipped.note(f"status-{response.status}", place=url)
            if url in self.start_urls:
                self.errors.append(f"{url}: answered {response.status}; expected a page")
                if is_broken(response.status):
                    self.unreachable.append(self.errors[-1])
        yield from self._pull()

    def fail(self, failure: Failure) -> Iterator[Request]:
        """Count a page that did not come, then fetch what is next."""
        self._in_flight -= 1
        url: str = failure.request.cb_kwargs["url"]  # type: ignore[attr-defined]  # Scrapy adds it
        self._skipped.note("not-fetched", place=url)
        if url in self.start_urls:
            self.errors.append(f"{url}: cannot be fetched: {reason_of(failure)}")
            if is_unanswered(failure):
                self.unreachable.append(self.errors[-1])
        yield from self._pull()

    def closed(self, _reason: str) -> None:
        """Hand on what was found."""
        links = {url: self._links[url] for url in self._pages}
        for url, target in ((url, self._final(url)) for url in self._leads_to):
            if target != url and target in self._pages:
                links[target] += self._links[url]
                links.pop(url, None)
        try:
            for url, count in links.items():
                self._sink(Candidate(url, float(max(1, count))))
        except Exception as error:  # noqa: BLE001 -- Scrapy would log it and go on; the caller asks
            self.failure = error

    def _pull(self) -> Iterator[Request]:
        """Requests for which there is room; a level starts when the one before has ended."""
        if not self._level and not self._in_flight:
            self._level, self._next_level = self._next_level, self._level
            self._depth += 1
        while self._level and self._in_flight < WINDOW:
            url = self._level.popleft()
            self._in_flight += 1
            yield Request(
                url,
                callback=self.parse,
                errback=self.fail,
                cb_kwargs={"url": url},
                dont_filter=True,
                # Redirects are followed here, for they must not leave the site.
                meta={"handle_httpstatus_all": True},
            )

    def _read_links(self, response: HtmlResponse, url: str) -> None:
        base = get_base_url(response)
        references = _references(response)
        self._skipped.note("nofollow", references.nofollow)
        if references.canonical is not None:
            self._canonical(url, resolve(base, references.canonical))
        may_add = self._depth < self._last_depth
        for link in dict.fromkeys(resolve(base, href) for href in references.hrefs):
            if not isinstance(link, str):
                if link is not Rejection.SCHEME:  # mailto:, tel:, javascript:
                    self._skipped.note(link.value)
            elif link != url and self._knows(link, self._next_level, may_add=may_add):
                self._links[link] += 1

    def _redirect(self, url: str, target: str) -> None:
        """Go on, at the same depth, to where a URL leads."""
        hops = self._hops.get(url, 0) + 1
        if hops <= MAX_REDIRECTS and self._knows(target, self._level, may_add=True):
            self._hops.setdefault(target, hops)
            self._leads_to[url] = target
        elif url in self.start_urls:
            self.errors.append(f"{url}: redirects to {target}; expected a page of {self._boundary}")

    def _canonical(self, url: str, target: str | Rejection) -> None:
        """Visit the canonical URL too; it stands for this one if only the query differs.

        Otherwise this page stays: wrong canonical URLs, all of them the home page, are common.
        """
        if not isinstance(target, str) or target == url:
            return
        if not self._knows(target, self._level, may_add=True):
            return
        if target.partition("?")[0] == url.partition("?")[0]:
            self._leads_to[url] = target

    def _final(self, url: str) -> str:
        """Where a URL leads in the end; itself if it leads nowhere, or in a circle."""
        seen = {url}
        end = url
        while (onward := self._leads_to.get(end)) is not None:
            if onward in seen:
                return url
            seen.add(onward)
            end = onward
        return end

    def _knows(self, url: str, level: deque[str], *, may_add: bool) -> bool:
        """Whether a URL is among the known ones, where it is added if it may."""
        if url in self._links:
            return True
        if not may_add:
            return False
        path, _, query = url.partition("?")
        if not self._boundary.holds(url):
            reason = "other-host"
        elif (warning := reason_to_leave(url)) is not None:
            reason = warning
        elif query and self._queries[path] >= QUERIES_PER_PATH:
            reason = "query-variants"
        elif len(self._links) >= self._limit:
            reason = "over-limit"
            if not self.notes:
                self.notes.append(
                    f"discovery knows {self._limit:,} URLs, its limit, and took no more"
                )
        else:
            if query:
                self._queries[path] += 1
            self._links[url] = 0
            level.append(url)
            return True
        self._skipped.note(reason, place=url)
        return False


class _References(NamedTuple):
    """What one page refers to, as written."""

    canonical: str | None
    hrefs: list[str]
    nofollow: int


def _references(response: HtmlResponse) -> _References:
    canonical = None
    hrefs: dict[str, None] = {}
    nofollow = 0
    for element in response.selector.root.iter("a", "area", "link"):
        href = element.get("href", "").strip()
        relation = element.get("rel", "").lower().split()
        if not href or href.startswith("#"):
            continue
        if element.tag == "link":
            if canonical is None and "canonical" in relation:
                canonical = href
        elif "nofollow" in relation:
            nofollow += 1
        else:
            hrefs[href] = None
    return _References(canonical, list(hrefs), nofollow)
