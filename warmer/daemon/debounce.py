"""Which pages are warmed now, and for which triggers. Pure: the clock is an argument.

Triggers for the same page become one. A page is due when it has been quiet for as long as
its trigger asks, at the latest `max_wait_s` after the first of them. What was taken and is
named again waits anew: it may have changed after it was fetched. Runs nothing, forgets
nothing: a trigger is finished when all that it named was taken and done.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from warmer.model import Trigger

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


class Scope(StrEnum):
    """How much one item names."""

    URL = "url"
    PREFIX = "prefix"
    EVERYTHING = "everything"


class Item(NamedTuple):
    """What is warmed together: a URL, all planned URLs under a prefix, or the whole plan."""

    scope: Scope
    text: str = ""


EVERYTHING = Item(Scope.EVERYTHING)
_NAMED_BY_A_PERSON = frozenset({Trigger.MANUAL, Trigger.DEPLOY})
_SPEAKS_FOR_A_RUN = (
    Trigger.INVALIDATION, Trigger.DEPLOY, Trigger.MANUAL, Trigger.EXPIRY, Trigger.SCHEDULE,
)  # fmt: skip
"""Of several triggers of one run, the first of these is the one that it is filed under."""


@dataclass(slots=True)
class _Waiting:
    first_at: float
    due_at: float
    kinds: set[Trigger]
    numbers: list[int]


@dataclass(frozen=True, slots=True)
class Batch:
    """Items that one run does; opaque but for `items`, `kinds` and `first_at`.

    `first_at` is when the oldest of their triggers came.
    """

    items: tuple[Item, ...]
    waited: tuple[_Waiting, ...] = field(repr=False)

    @property
    def kinds(self) -> frozenset[Trigger]:
        return frozenset(kind for each in self.waited for kind in each.kinds)

    @property
    def trigger(self) -> Trigger:
        """The one that the run is filed under."""
        return next(kind for kind in _SPEAKS_FOR_A_RUN if kind in self.kinds)

    @property
    def first_at(self) -> float:
        return min(each.first_at for each in self.waited)


class Debounce:
    """The items that wait, by what they name; times in seconds of one monotonic clock."""

    def __init__(self, *, max_wait_s: float) -> None:
        self.max_wait_s = max_wait_s
        self._waiting: dict[Item, _Waiting] = {}
        self._due: list[tuple[float, Item]] = []
        """A heap with one entry a page, which may be too early: then it is put right."""
        self._left: dict[int, int] = {}

    def __len__(self) -> int:
        """How many items wait."""
        return len(self._waiting)

    @property
    def triggers(self) -> int:
        """How many triggers are not finished, what is under way included."""
        return len(self._left)

    def add(
        self, number: int, kind: Trigger, items: Collection[Item], *, now: float, quiet_s: float
    ) -> None:
        """A trigger, which came at `now`; each item is named once and there is one at least."""
        self._left[number] = self._left.get(number, 0) + len(items)
        for item in items:
            self._wait(item, _Waiting(now, now + quiet_s, {kind}, [number]))

    def add_unnumbered(self, kind: Trigger, items: Iterable[Item], *, now: float) -> None:
        """Items that are due at once, and that nobody waits to hear of."""
        for item in items:
            self._wait(item, _Waiting(now, now, {kind}, []))

    def next_due(self) -> float | None:
        """When the next item is due; None if nothing waits."""
        dues = (self.next_page(), self.next_everything())
        return min((due for due in dues if due is not None), default=None)

    def next_everything(self) -> float | None:
        """When the whole plan is due; None if nobody asks for it."""
        waiting = self._waiting.get(EVERYTHING)
        return None if waiting is None else waiting.due_at

    def next_page(self) -> float | None:
        """When the first URL or prefix is due; it stands at the top of the heap then."""
        while self._due:
            at, item = self._due[0]
            waiting = self._waiting.get(item)
            if waiting is not None and waiting.due_at == at:
                return at
            if waiting is None or waiting.due_at < at:
                heapq.heappop(self._due)
            else:
                heapq.heapreplace(self._due, (waiting.due_at, item))
        return None

    def take_pages(self, now: float) -> Batch | None:
        """All URLs and prefixes that are due; None if there is none."""
        taken: list[tuple[Item, _Waiting]] = []
        while (due_at := self.next_page()) is not None and due_at <= now:
            _, item = heapq.heappop(self._due)
            taken.append((item, self._waiting.pop(item)))
        return _batch(taken)

    def take_everything(self, now: float) -> Batch | None:
        """The whole plan if it is due; None if it is not."""
        due_at = self.next_everything()
        if due_at is None or due_at > now:
            return None
        return _batch([(EVERYTHING, self._waiting.pop(EVERYTHING))])

    def put_back(self, batch: Batch) -> None:
        """It was not done: it is due again at once, together with what came meanwhile."""
        for item, waited in zip(batch.items, batch.waited, strict=True):
            self._wait(item, waited)

    def finish(self, batch: Batch) -> list[int]:
        """It was done; returns the numbers of the triggers that are done with it."""
        finished: list[int] = []
        for waited in batch.waited:
            for number in waited.numbers:
                self._left[number] -= 1
                if self._left[number] == 0:
                    del self._left[number]
                    finished.append(number)
        return sorted(finished)

    def _wait(self, item: Item, new: _Waiting) -> None:
        old = self._waiting.get(item)
        waiting = new if old is None else _merged(old, new)
        waiting.due_at = min(waiting.due_at, waiting.first_at + self.max_wait_s)
        self._waiting[item] = waiting
        if item != EVERYTHING and (old is None or waiting.due_at < old.due_at):
            heapq.heappush(self._due, (waiting.due_at, item))


def _merged(old: _Waiting, new: _Waiting) -> _Waiting:
    kinds = old.kinds | new.kinds
    # Whoever asks for a page by name does not wait for quiet.
    asked_for = not kinds.isdisjoint(_NAMED_BY_A_PERSON)
    due_at = min(old.due_at, new.due_at) if asked_for else new.due_at
    old.numbers.extend(new.numbers)
    return _Waiting(min(old.first_at, new.first_at), due_at, kinds, old.numbers)


def _batch(taken: list[tuple[Item, _Waiting]]) -> Batch | None:
    if not taken:
        return None
    return Batch(tuple(item for item, _ in taken), tuple(waited for _, waited in taken))
