"""Passes after the first: over what is not warm and may become so, until that is in vain.

A target keeps its verdict until another fetch of it has come to its end, so that a pass
which is cut short takes nothing back.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmer.report.wording import counted
from warmer.run.repeat import PassEnd, another, may_change

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from warmer.config import CrawlConfig
    from warmer.model import Target
    from warmer.report.snapshot import Progress
    from warmer.run.passes import Passes
    from warmer.store import Store

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Repetition:
    """The repeated passes of one run.

    `settle` gives their verdicts to the targets of a pass that has ended, `stopped` says
    whether the run is to end.
    """

    store: Store
    run_id: str
    config: CrawlConfig
    passes: Passes
    progress: Progress
    settle: Callable[[], Awaitable[None]]
    stopped: Callable[[], bool]
    warnings: list[str]

    async def run(self, first_s: float) -> int:
        """Repeat after a first pass that took so long; returns how many passes there were.

        An origin that fails most of them ends the passes and not the run: what is left has
        failed before, and is no sign that the others did.
        """
        maximum = self.config.passes or (None if self.config.until_stable else 1)
        if maximum == 1:
            return 0
        ended = [PassEnd(self._left(), first_s)]
        while not self.stopped():
            decision = another(ended, passes=maximum, until_stable=self.config.until_stable)
            number = len(ended) + 1
            if not decision.again:
                _log.info("no pass %d: %s", number, decision.why)
                break
            left = counted(ended[-1].left, "target")
            self.progress.note(f"pass {number}: {left} not warm that another fetch may change")
            began = time.monotonic()
            await self.passes.run_again(
                self._targets(), total=ended[-1].left, what=f"pass {number}"
            )
            took_s = time.monotonic() - began
            given_up, self.passes.aborted = self.passes.aborted, None
            await self.settle()
            ended.append(PassEnd(self._left(), took_s))
            if given_up:
                self.warnings.append(f"pass {number} was given up: {given_up}")
                break
        return len(ended) - 1

    def _left(self) -> int:
        return sum(1 for _ in self._targets())

    def _targets(self) -> Iterator[Target]:
        return (
            result.target
            for result in self.store.not_warm(self.run_id)
            if result.judgement is not None and may_change(result.judgement)
        )
