"""Sources into a staging area: streamed, normalised, filtered, counted; no page is fetched.

Sitemaps and discovery are fetched through the crawler, so that connect-to, headers
and login apply to them too.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from warmer.caches.popularity import read_popularity
from warmer.crawl.source_crawl import SourceSpider, crawl_source
from warmer.errors import ConfigError, SourceError, UnreachableError
from warmer.host_name import site_root
from warmer.model import Candidate
from warmer.plan import OTHER_HOST, Filter, Normaliser, Rejection
from warmer.run.reach import reach, source_headers
from warmer.run.recorded import RecordedVariants
from warmer.sources.offline import open_source
from warmer.sources.sitemap import Limits, parse
from warmer.sources.skipped import Skipped
from warmer.staging import Staging

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from warmer.config import SiteConfig, SourceConfig, VariantConfig
    from warmer.sources.offline import NamedStream

RARE_VARIANT = "rare-variant"
"""Why a page of a capture is left out: hardly anybody asked for it with these headers."""


@dataclass(slots=True)
class Gathered:
    """All candidates of a site; `observed` is the share of weight that was seen as traffic.

    `weight` is that of all candidates; `filtered` counts those that include and exclude took out.
    `recorded` are the variants that captures brought along.
    """

    base_url: str
    staging: Staging
    weight: float = 0.0
    observed: float | None = None
    filtered: int = 0
    skipped: Skipped = field(default_factory=Skipped)
    notes: list[str] = field(default_factory=list)
    recorded: tuple[VariantConfig, ...] = ()


@dataclass(slots=True)
class _Open:
    """A source about to be read: candidates now, or a spider that will bring them."""

    number: int
    config: SourceConfig
    observed: bool
    candidates: Iterator[Candidate] | None
    fetched: list[str] = field(default_factory=list)
    """Sitemaps, feeds or pages that the crawler starts from."""
    total: float = 0.0


class Gathering:
    """Reads the sources of one site: first what is at hand, then what must be fetched.

    Opening raises ConfigError or SourceError for what cannot be read. Where the site
    has no `base_url`, scheme and host of the first URL are taken.
    """

    def __init__(self, site: SiteConfig) -> None:
        if not site.source:
            raise ConfigError("no source: expected a list, a log, a sitemap, or discover:/")
        skipped = Skipped()
        self._opened = [_open(number, each, skipped) for number, each in enumerate(site.source)]
        base_url = site_root(site.base_url) if site.base_url else _base_url_of(self._opened)
        self._site = site
        self._gathered = Gathered(base_url, Staging(), skipped=skipped)
        self._normalise = Normaliser(base_url, site.plan)
        self._filter = Filter(site.plan.include, site.plan.exclude)
        self._variants = RecordedVariants(site.variant)

    def read_offline(self) -> None:
        """Files, standard input, popularity sets; blocks, for as long as a log is long."""
        for source in self._opened:
            for candidate in source.candidates or ():
                self._take(source, candidate)

    async def read_online(self) -> Gathered:
        """Sitemaps and discovery; then all there is. SourceError when nothing is left."""
        for source in self._opened:
            if source.fetched:
                await self._read_by_spider(source)
            self._end(source)
        self._choose_variants()
        return self._result()

    def _end(self, source: _Open) -> None:
        share = source.config.weight
        self._gathered.staging.end_source(
            source.number, total=source.total, share=share, observed=source.observed
        )
        if source.total <= 0:
            return
        self._gathered.weight += share
        if source.observed:
            self._gathered.observed = (self._gathered.observed or 0.0) + share

    def _take(self, source: _Open, candidate: Candidate) -> None:
        url = self._normalise(candidate.url)
        if isinstance(url, Rejection):
            self._leave_out(candidate.url, url.reason)
            return
        source.total += candidate.weight
        if not self._filter.accepts(url):
            self._gathered.filtered += 1
            return
        variant: str | None = ""
        if candidate.headers:
            variant = self._variants.name_of(candidate.headers, candidate.weight)
        if variant is None:
            self._gathered.skipped.note(RARE_VARIANT)
        else:
            self._gathered.staging.add(source.number, url, candidate.weight, variant)

    def _choose_variants(self) -> None:
        self._gathered.recorded, rare = self._variants.chosen()
        dropped = self._gathered.staging.drop_variants(rare)
        self._gathered.skipped.note(RARE_VARIANT, dropped)

    def _leave_out(self, url: str, reason: str) -> None:
        skipped = self._gathered.skipped
        is_first_host = reason == OTHER_HOST and not skipped.has_place(OTHER_HOST)
        skipped.note(reason, place=_host_of(url) if is_first_host else "")

    def _result(self) -> Gathered:
        gathered = self._gathered
        if gathered.staging.count() == 0:
            left_out = gathered.skipped.sentence()
            parts = [f"left out: {left_out}"] if left_out else []
            if gathered.filtered:
                parts.append(f"{gathered.filtered} taken out by include and exclude")
            if gathered.skipped.has_place(OTHER_HOST):
                parts.append("if that is a name of this site, add --alias or plan.aliases")
            why = "; ".join(parts) or "the sources are empty"
            raise SourceError(f"no URL of {gathered.base_url} to warm: {why}")
        return gathered

    async def _read_by_spider(self, source: _Open) -> None:
        base_url = self._gathered.base_url
        origin = reach(self._site, base_url).origin
        config = source.config
        arguments: dict[str, object] = {
            "start_urls": [urljoin(base_url + "/", url) for url in source.fetched],
            "sink": partial(self._take, source),
            "skipped": self._gathered.skipped,
            "aliases": sorted(origin.hosts),
        }
        if config.kind == "discover":
            name = "discover"
            arguments |= {"depth": config.depth, "limit": config.limit}
        else:
            name = "sitemap"
            arguments |= {"alternates": config.alternates}
        headers = source_headers(self._site, base_url)
        servers = self._site.servers
        found = await crawl_source(
            name, origin, self._site.crawl, headers, servers=servers, **arguments
        )
        self._take_errors(found, source)

    def _take_errors(self, found: SourceSpider, source: _Open) -> None:
        if found.failure is not None:
            raise found.failure
        if found.unreachable and source.total == 0:
            raise UnreachableError(found.unreachable[0])
        if found.errors and source.total == 0:
            raise SourceError(found.errors[0])
        self._gathered.notes += [*found.errors, *found.notes]


def _open(number: int, source: SourceConfig, skipped: Skipped) -> _Open:
    if source.kind == "popularity":
        found = read_popularity(source.url or "", source.key or "", source.limit)
        return _Open(number, source, observed=True, candidates=found)
    if source.path is None:
        start = source.url or ("/robots.txt" if source.kind == "robots" else "/")
        return _Open(number, source, observed=False, candidates=None, fetched=[start])
    offline = open_source(
        source.path,
        kind=source.kind,
        log_format=source.format,
        vary=source.vary,
        skipped=skipped,
    )
    opened = _Open(number, source, observed=offline.observed, candidates=offline.candidates)
    if offline.kind == "sitemap":
        opened.candidates = _of_sitemaps(offline.streams, opened, skipped)
    return opened


def _of_sitemaps(
    streams: Iterable[NamedStream], source: _Open, skipped: Skipped
) -> Iterator[Candidate]:
    """Candidates of sitemaps on disk; what an index among them names is fetched later."""
    for place, stream in streams:
        for entry in parse(stream, limits=Limits(), skipped=skipped, place=place):
            if entry.nested:
                source.fetched.append(entry.loc)
                continue
            yield Candidate(entry.loc, entry.weight)
            if source.config.alternates:
                yield from (Candidate(url, entry.weight) for url in entry.alternates)


def _base_url_of(opened: list[_Open]) -> str:
    """Scheme and host of the first URL of the first source that has one; it is not lost."""
    for source in opened:
        url = source.fetched[0] if source.fetched else None
        if source.candidates is not None:
            candidate = next(source.candidates, None)
            if candidate is None:
                continue
            source.candidates = itertools.chain([candidate], source.candidates)
            url = candidate.url
        return _root_of(url or "")
    return "http://localhost"  # nothing will be planned; what was skipped says why


def _host_of(url: str) -> str:
    """The host alone of a URL that was taken for one: what else is in it may be secret."""
    return urlsplit(url).hostname or ""


def _root_of(url: str) -> str:
    try:
        return site_root(url)
    except ValueError:
        raise ConfigError(
            f'"{url[:80]}" does not say on which site; expected --base-url https://host'
        ) from None
