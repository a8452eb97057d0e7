"""Notices that a server's counters were reset between two looks; pure, keeps the last look.

A counter that starts again from 0 may have overtaken its old value by the next look,
so many counters are watched: one that fell is enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping


class CounterWatch:
    """Counts the resets of one server, look by look."""

    def __init__(self) -> None:
        self.resets = 0
        self._identity: str | None = None
        self._mark: Hashable = None
        self._counters: Mapping[str, int] = {}

    def look(self, identity: str, counters: Mapping[str, int], mark: Hashable = None) -> int:
        """Resets seen until now, 0 at the first look.

        `counters` only ever grow unless they are reset; `mark` changes with a reset
        and with nothing else. A new `identity` is a restart, which is not a reset.
        """
        if identity == self._identity and (
            mark != self._mark
            or any(counters.get(name, was) < was for name, was in self._counters.items())
        ):
            self.resets += 1
        self._identity, self._mark, self._counters = identity, mark, counters
        return self.resets

    def lose_count(self) -> None:
        """A look-up of ours broke off: how far it moved the counters is not known."""
        self.resets += 1
