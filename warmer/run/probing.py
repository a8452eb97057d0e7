"""Which targets are fetched a second time, and in what order of caution. Pure.

A probe of a page that is not stored renders it again, so each has to be worth it.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from warmer.model import CacheState, Judgement, Verdict
from warmer.verify import needs_probe

if TYPE_CHECKING:
    from warmer.case import Case
    from warmer.config import VerifyConfig

BLIND_SAMPLE = 50
"""Where no cache has said anything, so many probes show whether more of them would tell."""

WAITING = Judgement(
    Verdict.UNVERIFIED,
    "no-evidence",
    "no response tells of a cache, and second fetches of other pages did not either:"
    " name the cache server with --cache",
)
"""The verdict of targets that wait for the blind sample, and keep it if that shows nothing."""


class Choice(Enum):
    """What becomes of a target after its first fetch."""

    SETTLE = auto()
    PROBE = auto()
    WAIT = auto()


class ProbeChoice:
    """Chooses target by target, the most popular first."""

    def __init__(self, config: VerifyConfig, *, blind: int) -> None:
        self._always = config.probe == "always"
        self._never = config.probe == "never"
        self._sample = config.probe_sample
        self._blind = blind
        self.probes = 0
        self.blind_ranks: list[int] = []

    def choose(self, case: Case, found: Judgement) -> Choice:
        """PROBE what only a second fetch settles, and a sample of what the keys call warm.

        The sample measures the hot latency, and is another witness.
        """
        if self._never or case.probe is not None or case.warm is None:
            return Choice.SETTLE
        if needs_probe(case):
            if case.warm.state is CacheState.UNKNOWN and not self._always:
                return self._choose_blind(case.warm.rank)
            return self._probe()
        if found.verdict is Verdict.WARM and (self._always or self._sample > 0):
            self._sample -= 1
            return self._probe()
        return Choice.SETTLE

    def _choose_blind(self, rank: int) -> Choice:
        if len(self.blind_ranks) >= self._blind:
            return Choice.WAIT
        self.blind_ranks.append(rank)
        return self._probe()

    def _probe(self) -> Choice:
        self.probes += 1
        return Choice.PROBE
