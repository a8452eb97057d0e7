"""Runs crawls of plans as a run does, and notes what the observer is told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from warmer.config import CrawlConfig, VariantConfig
from warmer.crawl.crawl import crawl
from warmer.crawl.job import Live
from warmer.crawl.origin import Origin
from warmer.crawl.plan_job import PlanJob
from warmer.crawl.profiles import header_lines, visitor_headers
from warmer.crawl.token_bucket import TokenBucket
from warmer.model import Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from warmer.crawl.fetch import Fetch

HOST = "www.example.com"
BASE_URL = f"http://{HOST}"
DEFAULT = VariantConfig(name="default")
QUICK: dict[str, Any] = {"backoff_s": 0.01, "timeout_s": 5.0}


@dataclass(frozen=True, slots=True)
class Seen:
    """One call of the observer; `reason` is None when a whole response came."""

    rank: int
    path: str
    status: int | None
    reason: str | None
    detail: str
    attempts: int
    final_url: str
    fetch: Fetch | None = None
    failed_after_ms: float | None = None


class Landing(Live):
    """The numbers of a crawl; `landed` is set when the last request in flight has ended."""

    def __init__(self) -> None:
        self.landed = asyncio.Event()
        super().__init__()
        self.landed.clear()

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "in_flight" and value == 0:
            self.landed.set()


@dataclass(slots=True)
class Notebook:
    """An observer that writes down every call."""

    calls: list[Seen] = field(default_factory=list)

    def fetched(self, target: Target, fetch: Fetch, *, attempts: int, final_url: str) -> None:
        path = target.url.split("/", 3)[3]
        seen = Seen(target.rank, f"/{path}", fetch.status, None, "", attempts, final_url, fetch)
        self.calls.append(seen)

    def failed(
        self,
        target: Target,
        reason: str,
        detail: str,
        *,
        attempts: int,
        final_url: str,
        total_ms: float | None,
    ) -> None:
        path = target.url.split("/", 3)[3]
        seen = Seen(
            target.rank, f"/{path}", None, reason, detail, attempts, final_url, None, total_ms
        )
        self.calls.append(seen)

    def only(self) -> Seen:
        (seen,) = self.calls
        return seen

    def results(self) -> dict[str, int | str | None]:
        """Path to status or reason; each path must have been told of once."""
        assert len({seen.path for seen in self.calls}) == len(self.calls)
        return {seen.path: seen.reason or seen.status for seen in self.calls}


def targets(paths: Iterable[str], base_url: str = BASE_URL) -> Iterator[Target]:
    for rank, path in enumerate(paths, start=1):
        yield Target(rank, base_url + path, "default")


def new_job(
    paths: Iterable[str],
    *,
    connect_to: str | None = None,
    base_url: str = BASE_URL,
    observer: Any = None,
    origin: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    variant: VariantConfig = DEFAULT,
    **crawl_options: Any,
) -> PlanJob:
    """A job over these paths of www.example.com, by way of `connect_to`."""
    config = CrawlConfig(**(QUICK | {"concurrency": 4} | crawl_options))
    scheme = base_url.partition(":")[0]
    sent = visitor_headers(variant, scheme=scheme, site=headers or {}, user_agent=None)
    limits = {
        "timeout_s": config.timeout_s,
        "max_body_bytes": config.max_body_bytes,
        "http": config.http,
    }
    return PlanJob(
        targets=targets(paths, base_url),
        headers={"default": header_lines(sent, "run-1")},
        origin=Origin(
            **{
                "base_url": base_url,
                "hosts": frozenset({HOST}),
                "headers": headers or {},
                "connect_to": connect_to,
                **limits,
                **(origin or {}),
            }
        ),
        config=config,
        observer=Notebook() if observer is None else observer,
        keep_bytes=1000,
        bucket=TokenBucket(config.rate, config.burst) if config.rate else None,
    )


async def warm(paths: Iterable[str], **options: Any) -> Notebook:
    """Crawl to the end; what the observer was told."""
    notebook = Notebook()
    await crawl(new_job(paths, observer=notebook, **options))
    return notebook
