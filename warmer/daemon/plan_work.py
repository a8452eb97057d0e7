"""The whole plan of a site under way: gathered beside other runs, run, interrupted, resumed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from warmer.daemon.runner import Ended, How, Runner
from warmer.errors import WarmerError
from warmer.model import Trigger
from warmer.run.execute import Mode

if TYPE_CHECKING:
    from warmer.daemon.debounce import Batch
    from warmer.run.gather import Gathered


class PlanWork:
    """One plan; `run` may be called again until its run is done. Begins to gather at once.

    A schedule alone leaves what is in the cache as it is; whoever names the whole plan
    has all of it fetched.
    """

    def __init__(self, runner: Runner, batch: Batch, *, refresh: bool) -> None:
        self.batch = batch
        self.run_id: str | None = None
        self._runner = runner
        self._refresh = refresh
        is_routine = batch.kinds <= {Trigger.SCHEDULE}
        self._mode = Mode.ONLY_MISSING if is_routine else Mode.CRAWL
        self._gathering: asyncio.Task[Gathered] = asyncio.create_task(runner.gather())

    @property
    def is_gathered(self) -> bool:
        return self._gathering.done()

    def pending(self) -> list[asyncio.Task[Gathered]]:
        """The gathering, while it lasts."""
        return [] if self._gathering.done() else [self._gathering]

    def cancel(self) -> None:
        self._gathering.cancel()

    async def run(self) -> Ended:
        """Run the plan, or go on with its run; once it is gathered."""
        try:
            if self.run_id is not None:
                ended = await self._runner.resume(
                    self.run_id, mode=self._mode, refresh=self._refresh
                )
            else:
                ended = await self._runner.warm_plan(
                    self._gathering.result(),
                    self.batch.trigger,
                    mode=self._mode,
                    refresh=self._refresh,
                )
        except WarmerError as error:
            return Ended(None, How.FAILED, str(error))
        self.run_id = ended.run_id
        return ended
