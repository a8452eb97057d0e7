"""How the limit moved over a run, in bounded memory. Pure: no clock, no store.

A run of hours has no more moves than one of minutes: where there are too many, rises go
first, for what lowered the limit is what a person asks about.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from warmer.model import LimitMove

MOST = 1000


class LimitTrace:
    """Takes each move as it comes; `moves` is what is kept of them, in order of time."""

    def __init__(self, most: int = MOST) -> None:
        self.moves: list[LimitMove] = []
        self._most = most

    def add(self, move: LimitMove) -> None:
        """Keep a move, and of the older ones fewer where they are too many."""
        self.moves.append(move)
        if len(self.moves) > self._most:
            self.moves = _thinned(self.moves, self._most)


def _thinned(moves: Sequence[LimitMove], most: int) -> list[LimitMove]:
    """At most three quarters of `most`, among them the first move and the last."""
    kept = [moves[0], *_without_every_second_rise(moves), moves[-1]]
    while len(kept) > most * 3 // 4:
        kept = [kept[0], *kept[1:-1:2], kept[-1]] if len(kept) > 2 else kept[-1:]
    return kept


def _without_every_second_rise(moves: Sequence[LimitMove]) -> Iterator[LimitMove]:
    """Of those between the first and the last."""
    drops = False
    for before, move in itertools.pairwise(moves[:-1]):
        if move.limit > before.limit:
            drops = not drops
            if drops:
                continue
        yield move
