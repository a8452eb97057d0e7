"""Makes the runs of one site, one at a time, and says how each ended.

Keeps what is worth keeping between runs: the store, and how the site's keys are made, so
that a page that was just saved does not wait for that to be learnt again. Decides
neither what is warmed nor when.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from warmer.daemon.expiry import refresh_at
from warmer.daemon.pages import Pages
from warmer.daemon.schedule import until_next_run
from warmer.errors import ExitCode, SourceError, StoreError, WarmerError
from warmer.model import RunStatus
from warmer.run.cache_keys import CacheKeys
from warmer.run.execute import Mode, reopen
from warmer.run.gather import Gathering
from warmer.run.given import gather_given
from warmer.run.logins import Logins
from warmer.run.prepare import Way, execute_run, plan_run
from warmer.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from warmer.config import SiteConfig
    from warmer.daemon.clock import Clock
    from warmer.daemon.pulse import Pulse
    from warmer.model import RunRecord, Trigger
    from warmer.report.summary import Report
    from warmer.run.gather import Gathered
    from warmer.run.request import Resolved

_log = logging.getLogger(__name__)


class How(StrEnum):
    """How a run ended, as far as its triggers are concerned."""

    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


class Ended(NamedTuple):
    """The end of a run; `run_id` is None where there was nothing to warm, or no plan."""

    run_id: str | None
    how: How
    note: str = ""


@dataclass(slots=True)
class Halt:
    """Ends a run early, as a signal does."""

    event: asyncio.Event = field(default_factory=asyncio.Event)
    exit_code: ExitCode | None = None

    def set(self) -> None:
        self.exit_code = ExitCode.TERMINATED
        self.event.set()


class Runner:
    """The runs of one site; two at once are a mistake of the caller's."""

    def __init__(self, resolved: Resolved, name: str, clock: Clock, pulse: Pulse) -> None:
        self.resolved = resolved
        self.name = name
        self.run_id: str | None = None
        self.pages = Pages(resolved.store_path)
        self._store = Store(resolved.store_path)
        self.last: RunRecord | None = self._store.newest_run(name)
        self._clock = clock
        self._pulse = pulse
        self._keys: CacheKeys | None = None
        self._keys_of: SiteConfig | None = None
        self._logins: Logins | None = None
        self._logins_of: SiteConfig | None = None
        self._halt = Halt()

    def close(self) -> None:
        self._drop_keys()
        self.pages.close()
        self._store.close()

    def last_whole_at(self) -> datetime | None:
        """When the last run of the whole plan that came to its end began."""
        last = self._store.newest_whole_run(self.name)
        return None if last is None else last.started_at

    def halt(self) -> None:
        """End the run under way: what is on the wire comes to its end, and is kept."""
        self._halt.set()

    async def gather(self) -> Gathered:
        """The plan of the site's sources; raises WarmerError."""
        gathering = await asyncio.to_thread(Gathering, self.resolved.site)
        await asyncio.to_thread(gathering.read_offline)
        self._pulse.beat()
        return await gathering.read_online()

    async def warm_pages(
        self, pages: Iterator[tuple[str, float]], trigger: Trigger, *, refresh: bool
    ) -> Ended:
        """A run of named pages, each with its weight."""
        first = next(pages, None)
        if first is None:
            return Ended(None, How.DONE, "nothing of the last plan is named so")
        site = self.resolved.site
        gathered = gather_given(site.base_url, itertools.chain([first], pages))
        way = Way(site=site, mode=Mode.CRAWL, refresh=refresh, progress=self._pulse)
        try:
            return await self._run(gathered, way, trigger, whole=False)
        except SourceError as error:
            return Ended(None, How.DONE, str(error))

    async def warm_plan(
        self, gathered: Gathered, trigger: Trigger, *, mode: Mode, refresh: bool
    ) -> Ended:
        """A run of the whole plan; how keys are made is learnt anew."""
        self._drop_keys()
        way = replace(self._whole(mode, refresh=refresh), recorded=gathered.recorded)
        return await self._run(gathered, way, trigger, whole=True)

    async def resume(self, run_id: str, *, mode: Mode, refresh: bool) -> Ended:
        """Go on with a run of the whole plan that was halted."""
        self._halt = Halt()

        def again() -> str:
            self._store.adopt_run(run_id)
            reopen(self._store, run_id)
            return run_id

        return await self._carry_out(again, self._whole(mode, refresh=refresh), whole=True)

    async def _run(self, gathered: Gathered, way: Way, trigger: Trigger, *, whole: bool) -> Ended:
        self._halt = Halt()
        plan = partial(plan_run, self._store, self.resolved, gathered, trigger=trigger, whole=whole)
        return await self._carry_out(plan, way, whole=whole, warnings=gathered.notes)

    async def _carry_out(
        self,
        plan: Callable[[], str],
        way: Way,
        *,
        whole: bool,
        warnings: list[str] | None = None,
    ) -> Ended:
        """Plan and execute; whatever goes wrong after the plan stands in the run's row."""
        keys, logins = self._keys_for(way.site), self._logins_for(way.site)
        since = self._clock.unix()
        run_id = self.run_id = plan()
        try:
            report, code = await execute_run(
                self._store,
                run_id,
                way,
                keys=keys,
                logins=logins,
                stop=self._halt,
                warnings=warnings or (),
            )
        except WarmerError as error:
            self._give_up(run_id, str(error))
            return Ended(run_id, How.FAILED, str(error))
        except Exception as error:  # noqa: BLE001 -- the daemon outlives a mistake in one run
            _log.exception("%s: run %s ended by a mistake of warmer's", self.name, run_id)
            self._give_up(run_id, f"ended by a mistake of warmer's: {error!r}")
            return Ended(run_id, How.FAILED, repr(error))
        finally:
            self.run_id = None
        self.last = report.run
        try:
            await asyncio.to_thread(self._learn, run_id, since, whole=whole)
        except StoreError as error:
            _log.warning("%s: what run %s learnt is not kept: %s", self.name, run_id, error)
        if report.counts.unverified:
            self._drop_keys()  # perhaps they are made otherwise by now
        return Ended(run_id, _how(report, code), _told(report))

    def _whole(self, mode: Mode, *, refresh: bool) -> Way:
        site = until_next_run(self.resolved.site, self._clock.utc())
        return Way(site=site, mode=mode, refresh=refresh, progress=self._pulse)

    def _learn(self, run_id: str, since: float, *, whole: bool) -> None:
        """In a thread, so with connections of its own: a plan may be long."""
        site = self.resolved.site
        in_place = site.crawl.refresh_secret is not None
        when = partial(refresh_at, config=site.expiry, in_place=in_place)
        store, pages = Store(self.resolved.store_path), Pages(self.resolved.store_path)
        try:
            if whole:
                pages.learn_plan(self.name, store.results(run_id))
            pages.learn(self.name, store.results(run_id), when, since=since)
        finally:
            pages.close()
            store.close()

    def _give_up(self, run_id: str, note: str) -> None:
        """Close the run's row, or leave that to a store that is opened anew."""
        try:
            self._store.finish_run(
                run_id, status=RunStatus.ABORTED, duration_s=0.0, note=note, warnings=()
            )
        except (StoreError, KeyError):
            # Closed without having finished, the run counts as killed.
            self._store.close()
            self._store = Store(self.resolved.store_path)

    def _keys_for(self, site: SiteConfig) -> CacheKeys:
        if self._keys is None or self._keys_of is not self.resolved.site:
            self._drop_keys()
            self._keys = CacheKeys(site.cache, site.first_server)
            self._keys_of = self.resolved.site
        self._keys.notes.clear()
        return self._keys

    def _logins_for(self, site: SiteConfig) -> Logins:
        """Sessions are kept as long as the configuration is."""
        if self._logins is None or self._logins_of is not self.resolved.site:
            self._logins = Logins.of(site, site.base_url, os.environ)
            self._logins_of = self.resolved.site
        return self._logins

    def _drop_keys(self) -> None:
        if self._keys is not None:
            self._keys.close()
            self._keys = None


def _how(report: Report, code: ExitCode) -> How:
    # Not by what was asked for: a run may come to its end before it hears that it is to stop.
    if report.run.status is RunStatus.INTERRUPTED:
        return How.STOPPED
    return How.FAILED if code is ExitCode.UNREACHABLE else How.DONE


def _told(report: Report) -> str:
    counts = report.counts
    took = "" if report.run.duration_s is None else f" in {report.run.duration_s:.1f} s"
    why = f": {report.run.note}" if report.run.note else ""
    return f"{counts.warm} of {counts.planned} targets warm{took}{why}"
