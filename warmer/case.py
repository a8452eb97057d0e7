"""Everything that is known of one target when it is judged. Pure; judges nothing itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmer.model import KeyState

if TYPE_CHECKING:
    from warmer.model import KeyAnswer, Outcome
    from warmer.timing import Typical


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is known of one target.

    `answers` has one entry for each configured cache, none without; of a target that
    redirects, they are about the page it ends on, as the outcomes are. `own_headers` are
    the request headers, lower-case, that visitors do not send or not with our value.
    `min_ttl_s` is how long the entry must live on; 0 asks for nothing. Where the
    site has a `typical` pair of times, a page's own may decide where nothing else does.
    `elsewhere`: a second fetch goes to another server than the first one did.
    """

    warm: Outcome | None = None
    probe: Outcome | None = None
    answers: tuple[KeyAnswer, ...] = ()
    own_headers: frozenset[str] = frozenset()
    min_ttl_s: float = 0.0
    typical: Typical | None = None
    timing_ratio: float = 3.0
    elsewhere: bool = False

    @property
    def last(self) -> Outcome | None:
        """The latest fetch."""
        return self.probe or self.warm

    @property
    def key(self) -> KeyAnswer | None:
        """The answer that counts: the longest-lived entry, else the one that knows least.

        A page may be in any of the caches, so ABSENT counts only if all of them say so.
        """
        present = [answer for answer in self.answers if answer.state is KeyState.PRESENT]
        if present:
            return max(present, key=_life_s)
        open_ones = (answer for answer in self.answers if answer.state is KeyState.INCONCLUSIVE)
        return next(open_ones, self.answers[0] if self.answers else None)

    @property
    def is_present(self) -> bool:
        """Some cache has the entry."""
        return self.key is not None and self.key.state is KeyState.PRESENT

    @property
    def is_absent(self) -> bool:
        """Every cache was asked, and none has the entry."""
        return self.key is not None and self.key.state is KeyState.ABSENT


def _life_s(answer: KeyAnswer) -> float:
    return math.inf if answer.ttl_s is None else answer.ttl_s
