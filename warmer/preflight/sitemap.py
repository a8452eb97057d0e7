"""Whether the URLs that the site itself announces answer: a sample, one after another.

Reads the sitemaps through the crawler; which URLs are asked for is by chance, so that
another day's sample is another one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from warmer.crawl.fetch import FetchError
from warmer.crawl.source_crawl import crawl_source
from warmer.preflight.result import Grade, Result
from warmer.run.reach import source_headers
from warmer.sources.skipped import Skipped

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from random import Random

    from warmer.config import SiteConfig
    from warmer.crawl.origin import Origin
    from warmer.model import Candidate
    from warmer.preflight.answer import Answer

SHOWN = 3
_CURE = "mend these pages, or what the sitemap calls them (SECURE_PROXY_SSL_HEADER for http://)"


@dataclass(slots=True)
class Sample:
    """Each of the URLs so far is in it with the same chance (reservoir sampling)."""

    size: int
    chance: Random
    seen: int = 0
    urls: list[str] = field(default_factory=list)

    def take(self, candidate: Candidate) -> None:
        self.seen += 1
        if len(self.urls) < self.size:
            self.urls.append(candidate.url)
        elif (place := self.chance.randrange(self.seen)) < self.size:
            self.urls[place] = candidate.url


async def check_sitemap(
    site: SiteConfig,
    origin: Origin,
    chance: Random,
    fetch: Callable[[str], Awaitable[Answer]],
) -> Result:
    """Read the sitemaps of the configuration, or else of robots.txt, and ask for a sample."""
    base_url = origin.base_url
    named = [
        source.url or "/robots.txt"
        for source in site.source
        if source.kind in ("sitemap", "robots") or (source.kind is None and source.url)
    ]
    starts = [urljoin(base_url + "/", url) for url in named or ["/robots.txt"]]
    where = ", ".join(starts)
    sample = Sample(site.preflight.sitemap_urls, chance)
    found = await crawl_source(
        "sitemap",
        origin,
        site.crawl,
        source_headers(site, base_url),
        start_urls=starts,
        sink=sample.take,
        skipped=Skipped(),
        aliases=sorted(origin.hosts),
    )
    # A note, where nothing was found, says that /sitemap.xml was a guess.
    if found.errors and (named or sample.seen or not found.notes):
        return Result("sitemap", Grade.FAIL, where, found.errors[0], "mend the sitemap")
    if not sample.seen:
        why = found.errors[0] if found.errors else "it names no URL of this site"
        return Result("sitemap", Grade.SKIPPED, where, f"no sitemap: {why}")
    answers: dict[str, Answer] = {}
    for url in dict.fromkeys(sample.urls):
        if url.startswith("http:") and base_url.startswith("https:"):
            answers[url] = FetchError("plain-http", "named by http, though the site has https")
            continue
        if answers and site.crawl.rate:
            await asyncio.sleep(1 / site.crawl.rate)
        answers[url] = await fetch(url)
    return judge_sample(where, sample.seen, answers)


def judge_sample(where: str, seen: int, answers: Mapping[str, Answer]) -> Result:
    """All of the sample answer 200 at once; a redirect is not what a sitemap should name."""
    bad = [
        f"{url}: {answer.reason if isinstance(answer, FetchError) else answer.status}"
        for url, answer in answers.items()
        if isinstance(answer, FetchError) or answer.status != 200
    ]
    asked = f"{len(answers)} of {seen} URLs asked for"
    if not bad:
        return Result("sitemap", Grade.OK, where, f"{asked}, all answer 200")
    more = f", and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
    reason = f"{asked}, {len(bad)} without 200: {', '.join(bad[:SHOWN])}{more}"
    return Result("sitemap", Grade.FAIL, where, reason, _CURE)
