"""The probe pass of a run: second fetches, a few first where no cache has said a word.

What deserves one is chosen by `probing`; what it showed is judged by `verification`.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmer.model import Pass
from warmer.run.probing import BLIND_SAMPLE, ProbeChoice

if TYPE_CHECKING:
    from collections.abc import Callable

    from warmer.config import VerifyConfig
    from warmer.run.passes import Passes
    from warmer.run.verification import Verification
    from warmer.store import Store

_log = logging.getLogger(__name__)
_TELL = {True: "show one: the rest is asked for, too", False: "show none: no more of them"}


@dataclass(slots=True, kw_only=True)
class ProbePass:
    """Gives each fetched target of a run its verdict; `stopped` says whether it is to end."""

    store: Store
    run_id: str
    config: VerifyConfig
    passes: Passes
    verification: Verification
    stopped: Callable[[], bool]

    async def run(self) -> None:
        """Fetch again what only a second fetch settles; where nothing speaks, a few first.

        Of a run that is to end, nothing is fetched, and what is known has to do.
        """
        if self.stopped():
            await self.verification.conclude()
            return
        choice = ProbeChoice(self.config, blind=BLIND_SAMPLE)
        await self._fetch_chosen(choice)
        tells = self.verification.any_warm(choice.blind_ranks)
        if choice.blind_ranks:
            _log.info("where no cache said a word, second fetches %s", _TELL[tells])
        if tells and not self.stopped():
            self.verification.reopen_waiting()
            await self._fetch_chosen(ProbeChoice(self.config, blind=sys.maxsize))

    async def _fetch_chosen(self, choice: ProbeChoice) -> None:
        await self.verification.settle(choice)
        if choice.probes:
            blind = len(choice.blind_ranks)
            _log.info("%d second fetches, %d where no cache said a word", choice.probes, blind)
            targets = self.store.unfetched(self.run_id, Pass.PROBE)
            await self.passes.run(Pass.PROBE, targets, total=choice.probes, what="probe")
            await self.verification.conclude()
