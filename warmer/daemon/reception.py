"""One site's door: what comes in by any intake is kept on disk, counted, and the site woken.

Checks nothing but which part of a request is the site's; runs nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from warmer.plan import Rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from warmer.daemon.queue import TriggerQueue
    from warmer.daemon.requests import Body, WarmRequest
    from warmer.plan import Normaliser


class Site(Protocol):
    """What intakes ask of the service of one site."""

    @property
    def name(self) -> str: ...

    @property
    def normalise(self) -> Normaliser: ...

    @property
    def tags(self) -> Mapping[str, tuple[str, ...]]:
        """The URLs of each tag that the configuration knows."""
        ...

    def wake(self) -> None:
        """Something was accepted."""
        ...

    def status(self) -> Any:  # noqa: ANN401 -- a dataclass, handed through as JSON
        ...

    def is_stuck(self) -> bool:
        """Whether it does not get on, so that only a restart helps."""
        ...

    def on_finished(self, callback: Callable[[Sequence[int]], None]) -> None:
        """Have these numbers told when the run that served them has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """A request as it came; `key` is the same when it comes again.

    `at` is when the sender's page changed, in unix seconds, 0 if it does not say.
    """

    request: WarmRequest
    key: str | None
    at: float = 0.0


class Watch(Protocol):
    """Measures how long it takes from an invalidation until its pages are warm."""

    def accepted(self, site: str, numbers: Sequence[int], since: Sequence[float]) -> None: ...


class Reception:
    """Where intakes hand in what is for one site."""

    def __init__(
        self,
        site: Site,
        queue: TriggerQueue,
        watch: Watch,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.site = site
        self.queue = queue
        self.clock = clock
        self._watch = watch
        self._kept_at = 0.0

    def keep(self, deliveries: Sequence[Delivery]) -> list[int]:
        """All of them are on disk when their numbers are returned; raises StoreError."""
        now = self._kept_at = self.clock()
        numbers = self.queue.accept_all(
            self.site.name, [(each.request, each.key) for each in deliveries], now=now
        )
        # A sender whose clock is ahead of ours has not waited less than nothing.
        since = [min(each.at or now, now) for each in deliveries]
        self._watch.accepted(self.site.name, numbers, since)
        self.site.wake()
        return numbers

    def is_repeated(self, number: int) -> bool:
        """Whether a number that `keep` gave last was given for an earlier delivery before."""
        waiting = self.queue.pending(self.site.name, after=number - 1)
        if not waiting or waiting[0].number != number:
            return True
        return waiting[0].accepted_at != self._kept_at


def part_for(body: Body, normalise: Normaliser, tags: Collection[str]) -> Body:
    """What of a request concerns one site: its URLs and the tags that it knows."""
    return msgspec.structs.replace(
        body,
        urls=[url for url in body.urls if not isinstance(normalise(url), Rejection)],
        prefixes=[url for url in body.prefixes if not isinstance(normalise(url), Rejection)],
        tags=[tag for tag in body.tags if tag in tags],
    )


def names_something(body: Body) -> bool:
    return bool(body.urls or body.prefixes or body.tags or body.all)
