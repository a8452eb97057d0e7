"""What is sent after a change, and how the changes of one transaction become one. Pure."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

URLS_AT_ONCE = 500
"""A message stays far below what a webhook's receiver takes as a body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Pages that a change made stale.

    urls: absolute, or paths. gone: those of them that show nothing any more, as after a
    delete. tags: labels of the changed models. at: unix seconds of the change.
    """

    urls: tuple[str, ...]
    gone: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    why: str
    at: float


@dataclass(frozen=True, slots=True)
class Message:
    """One trigger on the wire; the same `id` is sent again after a failure."""

    id: uuid.UUID
    trigger: Trigger


def merged(triggers: Iterable[Trigger]) -> Trigger:
    """One trigger of at least one: each URL once, the earliest `at`, `why` of the first.

    A URL that a later trigger names as alive is not gone.
    """
    found = list(triggers)
    gone: dict[str, None] = {}
    for trigger in found:
        for url in trigger.urls:
            gone.pop(url, None)
        gone.update(dict.fromkeys(trigger.gone))
    return replace(
        found[0],
        urls=tuple(dict.fromkeys(url for each in found for url in each.urls)),
        gone=tuple(gone),
        tags=tuple(dict.fromkeys(name for each in found for name in each.tags)),
        at=min(each.at for each in found),
    )


def messages(batch: uuid.UUID, trigger: Trigger) -> Iterator[Message]:
    """The trigger in messages of at most URLS_AT_ONCE URLs, with ids that follow from `batch`."""
    for n, start in enumerate(range(0, max(len(trigger.urls), 1), URLS_AT_ONCE)):
        part = replace(trigger, urls=trigger.urls[start : start + URLS_AT_ONCE])
        yield Message(batch if n == 0 else uuid.uuid5(batch, str(n)), part)
